import { type DownFrame, type GapFrame, limits } from "../../protocol/mod.ts";
import type { TestChannel, TestPeer } from "./channel_harness.ts";

/** What a consumer knows of the channel beside what it is sent: the text at each cursor, and what is gone. */
export interface Truth {
  readonly texts: readonly string[];
  /** The newest cursor of the last deleted journal; 0 without one. */
  readonly deletedTail: number;
  readonly oldest: number;
}

/**
 * A subscriber of the model: reads frames at its own speed, acknowledges as a client must and otherwise as it
 * likes, comes back after its last cursor, and keeps account of every cursor.
 */
export class ModelConsumer {
  /** For each cursor after the one it began at: it was delivered, or announced as missing. */
  readonly covered = new Map<number, "entry" | "gap">();
  readonly faults: string[] = [];
  hasEnd = false;
  began: number | null = null;
  peer: TestPeer;
  readonly #it: TestChannel;
  readonly #askedWindowBytes: number | undefined;
  #frames: DownFrame[] = [];
  #position = 0;
  #epoch: string | null = null;
  #windowBytes = 0;
  #unackedBytes = 0;
  /** Where it was before the `subscribed` that it has just read. */
  #before: { readonly position: number; readonly epoch: string | null } | null = null;
  /** A journal was deleted from here on, to where the next one begins. */
  #lostFrom: number | null = null;

  constructor(it: TestChannel, plan: { cursor?: number; last?: number; maxWindowBytes?: number }) {
    this.#it = it;
    this.#askedWindowBytes = plan.maxWindowBytes;
    this.peer = it.subscribe(plan);
  }

  get position(): number {
    return this.#position;
  }

  get unread(): number {
    this.#frames.push(...this.peer.take());
    return this.#frames.length;
  }

  /** Reads the next frames, and acknowledges when half the window is unacknowledged. */
  read(frames: number, truth: Truth): void {
    const count = Math.min(frames, this.unread);
    for (const frame of this.#frames.splice(0, count)) this.#take(frame, truth);
  }

  ack(): void {
    this.#unackedBytes = 0;
    if (this.peer.closed === null) this.#it.ack(this.peer, this.#position);
  }

  /**
   * Comes back: what its old socket still held is lost. Who was told of another journal, and not yet of the gap
   * that follows, asks again from where it was.
   */
  reconnect(): void {
    if (this.#before !== null) ({ position: this.#position, epoch: this.#epoch } = this.#before);
    this.#before = null;
    this.#frames = [];
    this.#lostFrom = null;
    this.#unackedBytes = 0;
    this.hasEnd = false;
    this.peer = this.#it.subscribe({
      ...(this.began !== null && { cursor: this.#position }),
      ...(this.#epoch !== null && { epoch: this.#epoch }),
      ...(this.#askedWindowBytes !== undefined && { maxWindowBytes: this.#askedWindowBytes }),
    });
  }

  #take(frame: DownFrame, truth: Truth): void {
    if (frame.type !== "gap") this.#before = null;
    switch (frame.type) {
      case "subscribed":
        this.#windowBytes = frame.windowBytes;
        if (frame.epoch !== this.#epoch || this.began === null) {
          if (this.began !== null) this.#before = { position: this.#position, epoch: this.#epoch };
          // Who has nothing yet misses nothing.
          if (this.#position === 0) this.began = frame.cursor;
          this.#position = frame.cursor;
        }
        this.#epoch = frame.epoch;
        this.hasEnd = false;
        if (this.#lostFrom !== null) {
          this.#before = null;
          this.#coverLost(this.#lostFrom, truth);
          this.#lostFrom = null;
        }
        return;
      case "window":
        this.#windowBytes = frame.windowBytes;
        if (this.#unackedBytes > 0) this.ack();
        return;
      case "entries":
        this.#deliver(frame.first, frame.entries.map(textOf), JSON.stringify(frame).length, truth);
        return;
      case "gap":
        this.#miss(frame, truth);
        return;
      case "end":
        this.hasEnd = true;
        if (frame.cursor !== this.#position)
          this.faults.push(`the end at ${frame.cursor} came at ${this.#position}`);
        return;
      case "summary":
        return;
      default:
        this.faults.push(`got ${JSON.stringify(frame)}`);
    }
  }

  #deliver(first: number, texts: readonly string[], bytes: number, truth: Truth): void {
    const expected = this.#position + 1;
    if (first > expected) this.faults.push(`entries from ${first} came where ${expected} was due`);
    for (const [i, text] of texts.entries()) {
      const cursor = first + i;
      if (cursor < expected) continue;
      if (text !== truth.texts[cursor]) this.faults.push(`at ${cursor} came ${text.slice(0, 40)}`);
      this.#cover(cursor, "entry");
    }
    this.#position = Math.max(this.#position, first + texts.length - 1);
    this.#unackedBytes += bytes;
    if (this.#unackedBytes * 2 >= this.#windowBytes) this.ack();
  }

  #miss({ from, to, count, reason }: GapFrame, truth: Truth): void {
    const expected = [this.#position + 1, ...(this.#before === null ? [] : [this.#before.position + 1])];
    if (!expected.includes(from)) this.faults.push(`a gap from ${from} came where ${expected} was due`);
    if (to === null) {
      if (reason !== "epoch") this.faults.push(`a gap without end for ${reason}`);
      // On a live socket the frame after it says where the next journal begins; who resumes knows already.
      if (this.#before === null) this.#lostFrom = from;
      else this.#coverLost(from, truth);
      this.#before = null;
      return;
    }
    if (reason !== "retention" || to >= truth.oldest || count !== to - from + 1)
      this.faults.push(`a gap from ${from} to ${to} of ${count} for ${reason}, oldest ${truth.oldest}`);
    for (let cursor = from; cursor <= to; cursor++) this.#cover(cursor, "gap");
    this.#position = to;
    this.#before = null;
  }

  #coverLost(from: number, truth: Truth): void {
    // What the next journal has trimmed is told by the same gap, which has no end.
    if (this.#position > Math.max(truth.deletedTail, truth.oldest - 1))
      this.faults.push(
        `the journal up to ${this.#position} was called deleted, and that up to ${truth.deletedTail} was`,
      );
    for (let cursor = from; cursor <= this.#position; cursor++) this.#cover(cursor, "gap");
  }

  #cover(cursor: number, how: "entry" | "gap"): void {
    if (this.covered.has(cursor)) this.faults.push(`${cursor} came twice, at last as ${how}`);
    this.covered.set(cursor, how);
  }
}

function textOf(entry: { kind: string; line?: string; event?: string }): string {
  return entry.line ?? entry.event ?? "";
}

/** Windows that consumers ask for: none, the smallest, and something between. */
export const askedWindows = [undefined, undefined, limits.windowMinBytes, 40_000] as const;
