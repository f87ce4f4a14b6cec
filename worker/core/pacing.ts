import { limits } from "../../protocol/mod.ts";
import { type Bucket, type BucketRule, fullBucket, refill, spend, waitMs } from "./bucket.ts";

/** How fast a client is sent to that cannot acknowledge (design 2): settings, in bytes and messages. */
export interface PaceRules {
  readonly bytesPerSecond: number;
  /** What comes at once; messages have as many seconds' worth. */
  readonly firstBytes: number;
  readonly messagesPerSecond: number;
  /** Live lines beyond so many waiting bytes are dropped. */
  readonly queueBytes: number;
}

/** A line for a reader. */
export interface Line<Reader, Part> {
  readonly kind: "line";
  readonly reader: Reader;
  readonly cursor: number;
  readonly part: Part;
  readonly bytes: number;
  /** Neighbours of one run leave together, as one message; null: it leaves alone. */
  readonly run: string | null;
  /** Its reader was level: it may be dropped, and is announced then. */
  readonly isLive: boolean;
}

/** Lines of a reader that were dropped, first and last cursor. */
export interface Dropped<Reader> {
  readonly kind: "gap";
  readonly reader: Reader;
  readonly from: number;
  readonly to: number;
}

/** Anything else, in its place among the lines; no message, where it has no bytes. */
export interface Other<Reader, Note> {
  readonly kind: "other";
  readonly reader: Reader;
  readonly note: Note;
  readonly bytes: number;
}

/** Lines that leave together: at least one. */
export interface Run<Reader, Part> {
  readonly kind: "run";
  readonly reader: Reader;
  readonly lines: readonly Line<Reader, Part>[];
}

/** What may be sent now. */
export type Paced<Reader, Part, Note> = Run<Reader, Part> | Dropped<Reader> | Other<Reader, Note>;

type Growing<Reader> = { -readonly [K in keyof Dropped<Reader>]: Dropped<Reader>[K] };

type Queued<Reader, Part, Note> = Line<Reader, Part> | Other<Reader, Note> | Growing<Reader>;

/** A gap's frame counts as so many bytes. */
const gapBytes = 128;

/**
 * One connection's queue: everything waits its turn at the connection's rate, whichever reader it is for. A live
 * line that finds the queue full is dropped, and so are those after it until half of it is free, so that what is
 * missing is a few long stretches. Each stretch is a gap in the queue, in its lines' place, that grows until it is
 * sent: what a reader gets and what is announced to it are together exactly what was given for it, in order.
 *
 * Lines that are not live never fall to this; whoever gives them holds back until an {@link Other}
 * behind them has come out.
 */
export class Pacing<Reader, Part, Note> {
  readonly #bytesRule: BucketRule;
  readonly #messagesRule: BucketRule;
  readonly #queueBytes: number;
  #bytes: Bucket;
  #messages: Bucket;
  #queue: Queued<Reader, Part, Note>[] = [];
  #head = 0;
  #liveBytes = 0;
  #isDropping = false;
  /** The gap at the end of a reader's part of the queue: the next dropped line makes it longer. */
  readonly #growing = new Map<Reader, Growing<Reader>>();

  constructor(rules: PaceRules, now: number) {
    const { bytesPerSecond, firstBytes, messagesPerSecond, queueBytes } = rules;
    const firstMessages = Math.max(1, Math.floor((messagesPerSecond * firstBytes) / bytesPerSecond));
    this.#bytesRule = { perSecond: bytesPerSecond, burst: firstBytes };
    this.#messagesRule = { perSecond: messagesPerSecond, burst: firstMessages };
    this.#queueBytes = queueBytes;
    this.#bytes = fullBucket(this.#bytesRule, now);
    this.#messages = fullBucket(this.#messagesRule, now);
  }

  /** Bytes of live lines that wait: at most the queue's, or one larger line's. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** Puts a line into the queue; false where it was dropped and will be announced. */
  add(item: Line<Reader, Part> | Other<Reader, Note>): boolean {
    if (item.kind === "line" && item.isLive) {
      if (!this.#hasRoom(item.bytes)) {
        this.#drop(item);
        return false;
      }
      this.#liveBytes += item.bytes;
    }
    this.#growing.delete(item.reader);
    this.#queue.push(item);
    return true;
  }

  /** A reader does not want this one: where it lies behind dropped ones, these are announced with it. */
  hide(reader: Reader, cursor: number): void {
    const growing = this.#growing.get(reader);
    if (growing !== undefined && growing.to === cursor - 1) growing.to = cursor;
  }

  /** Takes out what may be sent now, in order. */
  take(now: number): Paced<Reader, Part, Note>[] {
    const taken: Paced<Reader, Part, Note>[] = [];
    for (let next = this.#queue[this.#head]; next !== undefined; next = this.#queue[this.#head]) {
      if (this.waitMs(now) !== 0) break;
      if (next.kind === "gap" || next.bytes > 0) this.#messages = spend(this.#messages, 1);
      this.#takeOut(next);
      taken.push(next.kind === "line" ? this.#runFrom(next) : next);
    }
    this.#compact();
    return taken;
  }

  /** Milliseconds until something may be sent, 0 when it may now; null when nothing waits. */
  waitMs(now: number): number | null {
    if (this.#head === this.#queue.length) return null;
    this.#bytes = refill(this.#bytes, this.#bytesRule, now);
    this.#messages = refill(this.#messages, this.#messagesRule, now);
    return Math.max(waitMs(this.#bytes, this.#bytesRule, 1), waitMs(this.#messages, this.#messagesRule, 1));
  }

  /** Readers are gone: nothing more is sent for them. */
  forget(isGone: (reader: Reader) => boolean): void {
    this.#queue = this.#queue.slice(this.#head).filter(({ reader }) => !isGone(reader));
    this.#head = 0;
    for (const reader of [...this.#growing.keys()]) if (isGone(reader)) this.#growing.delete(reader);
    this.#liveBytes = this.#queue.reduce(
      (sum, item) => sum + (item.kind === "line" && item.isLive ? item.bytes : 0),
      0,
    );
  }

  /** The lines that leave with this one: its neighbours of the same run, while a message and the rate have room. */
  #runFrom(first: Line<Reader, Part>): Run<Reader, Part> {
    const { reader, run } = first;
    const lines = [first];
    let { bytes } = first;
    for (let next = this.#queue[this.#head]; next?.kind === "line"; next = this.#queue[this.#head]) {
      bytes += next.bytes;
      const isOfRun = run !== null && next.run === run && next.reader === reader;
      if (!isOfRun || bytes > limits.frameBytes || waitMs(this.#bytes, this.#bytesRule, 1) > 0) break;
      this.#takeOut(next);
      lines.push(next);
    }
    return { kind: "run", reader, lines };
  }

  #takeOut(item: Queued<Reader, Part, Note>): void {
    this.#head += 1;
    this.#bytes = spend(this.#bytes, item.kind === "gap" ? gapBytes : item.bytes);
    if (item.kind === "line" && item.isLive) this.#liveBytes -= item.bytes;
    if (this.#growing.get(item.reader) === item) this.#growing.delete(item.reader);
  }

  /** One line has room in an empty queue, however long it is. */
  #hasRoom(bytes: number): boolean {
    if (this.#isDropping && this.#liveBytes > this.#queueBytes / 2) return false;
    this.#isDropping = this.#liveBytes > 0 && this.#liveBytes + bytes > this.#queueBytes;
    return !this.#isDropping;
  }

  #drop({ reader, cursor }: Line<Reader, Part>): void {
    const growing = this.#growing.get(reader);
    if (growing !== undefined && growing.to === cursor - 1) {
      growing.to = cursor;
      return;
    }
    const gap = { kind: "gap" as const, reader, from: cursor, to: cursor };
    this.#growing.set(reader, gap);
    this.#queue.push(gap);
  }

  #compact(): void {
    if (this.#head < 1024 && this.#head < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }
}
