import { type DownFrame, type Entry, type Filter, type GapFrame, limits } from "../../protocol/mod.ts";
import type { TestChannel, TestPeer } from "./channel_harness.ts";
import { DirectSocket, FilteredSocket, isWanted, type ModelSocket } from "./model_socket.ts";

/** What a consumer knows of the channel beside what it is sent: the entry at each cursor, and what is gone. */
export interface Truth {
  /** Nothing is at cursor 0. */
  readonly entries: readonly (Entry | null)[];
  /** The newest cursor of the last deleted journal; 0 without one. */
  readonly deletedTail: number;
  readonly oldest: number;
}

/** How a consumer subscribes. With a filter it does so on `/ws`. */
export interface ConsumerPlan {
  readonly cursor?: number;
  readonly last?: number;
  readonly maxWindowBytes?: number;
  readonly filter?: Filter;
}

/**
 * A subscriber of the model: reads frames at its own speed, acknowledges as a client must and otherwise as it
 * likes, comes back after its last cursor, and keeps account of every cursor.
 */
export class ModelConsumer {
  /** For each cursor after the one it began at: it was delivered, hidden by the filter, or announced as missing. */
  readonly covered = new Map<number, "entry" | "hidden" | "gap">();
  readonly faults: string[] = [];
  hasEnd = false;
  began: number | null = null;
  readonly #it: TestChannel;
  readonly #filter: Filter | undefined;
  readonly #askedWindowBytes: number | undefined;
  #socket: ModelSocket;
  #frames: DownFrame[] = [];
  #position = 0;
  #epoch: string | null = null;
  #windowBytes = 0;
  #unackedBytes = 0;
  /** Where it was before the `subscribed` that it has just read. */
  #before: { readonly position: number; readonly epoch: string | null } | null = null;
  /** A journal was deleted from here on, to where the next one begins. */
  #lostFrom: number | null = null;

  constructor(it: TestChannel, { filter, ...plan }: ConsumerPlan) {
    this.#it = it;
    this.#filter = filter;
    this.#askedWindowBytes = plan.maxWindowBytes;
    this.#socket = this.#subscribe(plan);
  }

  /** The object's end of its socket. */
  get peer(): TestPeer {
    return this.#socket.peer;
  }

  get position(): number {
    return this.#position;
  }

  /** Frames that have come and are not read; all that the channel has sent comes through. */
  get unread(): number {
    this.relay(Number.POSITIVE_INFINITY);
    return this.#frames.length;
  }

  /** Lets so many more frames come through to it, and reads none. */
  relay(frames: number): void {
    this.#socket.relay(frames);
    this.#frames.push(...this.#socket.take());
  }

  /** Reads the next frames, and acknowledges when half the window is unacknowledged. */
  read(frames: number, truth: Truth): void {
    const count = Math.min(frames, this.unread);
    for (const frame of this.#frames.splice(0, count)) this.#take(frame, truth);
  }

  ack(): void {
    this.#unackedBytes = 0;
    this.#socket.ack(this.#position);
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
    this.#socket = this.#subscribe({
      ...(this.began !== null && { cursor: this.#position }),
      ...(this.#epoch !== null && { epoch: this.#epoch }),
      ...(this.#askedWindowBytes !== undefined && { maxWindowBytes: this.#askedWindowBytes }),
    });
  }

  #subscribe(plan: Omit<ConsumerPlan, "filter">): ModelSocket {
    return this.#filter === undefined
      ? new DirectSocket(this.#it, plan)
      : new FilteredSocket(this.#it, plan, this.#filter, this.faults);
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
        this.#deliver(frame.first, frame.entries, JSON.stringify(frame).length, truth);
        return;
      case "skipped":
        if (frame.to <= this.#position)
          this.faults.push(`what was hidden up to ${frame.to} was told at ${this.#position}`);
        this.#hide(frame.to, truth);
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

  #deliver(first: number, entries: readonly Entry[], bytes: number, truth: Truth): void {
    this.#hide(first - 1, truth);
    const expected = this.#position + 1;
    for (const [i, entry] of entries.entries()) {
      const cursor = first + i;
      if (cursor < expected) continue;
      const due = truth.entries[cursor];
      if (textOf(entry) !== textOf(due)) this.faults.push(`at ${cursor} came ${textOf(entry).slice(0, 40)}`);
      if (this.#hides(entry)) this.faults.push(`${cursor} came, and the filter hides it`);
      this.#cover(cursor, "entry");
    }
    this.#position = Math.max(this.#position, first + entries.length - 1);
    this.#unackedBytes += bytes;
    if (this.#unackedBytes * 2 >= this.#windowBytes) this.ack();
  }

  /** What lies between here and that cursor was not sent: only a filter may do that, and to what it hides. */
  #hide(to: number, truth: Truth): void {
    for (let cursor = this.#position + 1; cursor <= to; cursor++) {
      const entry = truth.entries[cursor];
      if (!entry || !this.#hides(entry)) this.faults.push(`${cursor} was left out, and no filter hides it`);
      this.#cover(cursor, "hidden");
    }
    this.#position = Math.max(this.#position, to);
  }

  #hides(entry: Entry): boolean {
    return this.#filter !== undefined && !isWanted(this.#filter, entry);
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

  #cover(cursor: number, how: "entry" | "hidden" | "gap"): void {
    if (this.covered.has(cursor)) this.faults.push(`${cursor} came twice, at last as ${how}`);
    this.covered.set(cursor, how);
  }
}

function textOf(entry: Entry | null | undefined): string {
  if (!entry) return "nothing";
  return entry.kind === "log" ? entry.line : String(entry.data);
}

/** Windows that consumers ask for: none, the smallest, and something between. */
export const askedWindows = [undefined, undefined, limits.windowMinBytes, 40_000] as const;
