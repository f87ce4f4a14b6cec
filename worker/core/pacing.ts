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

/** A line for a reader: whoever gave it is told by `sent` that it is out, if that matters. */
export interface Line<Reader> {
  readonly kind: "line";
  readonly reader: Reader;
  readonly cursor: number;
  readonly text: string;
  readonly bytes: number;
  /** Its reader was level: it may be dropped, and is announced then. */
  readonly isLive: boolean;
  readonly sent?: () => void;
}

/** Lines of a reader that were dropped, first and last cursor. */
export interface Dropped<Reader> {
  readonly kind: "gap";
  readonly reader: Reader;
  readonly from: number;
  readonly to: number;
}

/** Anything else, in its place among the lines. */
export interface Other<Reader> {
  readonly kind: "other";
  readonly reader: Reader;
  readonly text: string;
  readonly bytes: number;
}

export type Paced<Reader> = Line<Reader> | Dropped<Reader> | Other<Reader>;

type Queued<Reader> =
  | Line<Reader>
  | Other<Reader>
  | { -readonly [K in keyof Dropped<Reader>]: Dropped<Reader>[K] };

/** A gap's frame counts as so many bytes. */
const gapBytes = 128;

/**
 * One connection's queue: everything waits its turn at the connection's rate, whichever reader it is for. A live
 * line that finds the queue full is dropped, and so are those after it until half of it is free, so that what is
 * missing is a few long stretches. Each stretch is a gap in the queue, in its lines' place, that grows until it is
 * sent: what a reader gets and what is announced to it are together exactly what was given for it, in order.
 *
 * Lines that are not live never fall to this; whoever gives them holds back by {@link Line.sent}.
 */
export class Pacing<Reader> {
  readonly #bytesRule: BucketRule;
  readonly #messagesRule: BucketRule;
  readonly #queueBytes: number;
  #bytes: Bucket;
  #messages: Bucket;
  #queue: Queued<Reader>[] = [];
  #head = 0;
  #liveBytes = 0;
  #isDropping = false;
  /** The gap at the end of a reader's part of the queue: the next dropped line makes it longer. */
  readonly #growing = new Map<Reader, { to: number }>();

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
  add(item: Line<Reader> | Other<Reader>): boolean {
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

  /** Takes out what may be sent now, in order. */
  take(now: number): Paced<Reader>[] {
    const taken: Paced<Reader>[] = [];
    for (let next = this.#queue[this.#head]; next !== undefined; next = this.#queue[this.#head]) {
      if (this.waitMs(now) !== 0) break;
      this.#head += 1;
      this.#bytes = spend(this.#bytes, next.kind === "gap" ? gapBytes : next.bytes);
      this.#messages = spend(this.#messages, 1);
      if (next.kind === "line" && next.isLive) this.#liveBytes -= next.bytes;
      if (this.#growing.get(next.reader) === next) this.#growing.delete(next.reader);
      taken.push(next);
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

  /** One line has room in an empty queue, however long it is. */
  #hasRoom(bytes: number): boolean {
    if (this.#isDropping && this.#liveBytes > this.#queueBytes / 2) return false;
    this.#isDropping = this.#liveBytes > 0 && this.#liveBytes + bytes > this.#queueBytes;
    return !this.#isDropping;
  }

  #drop({ reader, cursor }: Line<Reader>): void {
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
