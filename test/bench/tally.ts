import { Histogram } from "./histogram.ts";

/** How long the last lines may take to arrive after the producer has stopped, in milliseconds. */
const drainMs = 60_000;

/** A stretch of lines that a reader got. */
export interface Seen {
  readonly first: number;
  readonly last: number;
  /** The timestamp of the first one, in epoch milliseconds. */
  readonly ts: number;
}

/** What many readers of one channel got: each line once and in order, and when. */
export class Tally {
  latency = new Histogram();
  delivered = 0;
  readonly #last: number[];
  #disorder = 0;
  #moved: () => void = () => undefined;

  constructor(readers: number) {
    this.#last = Array.from({ length: readers }, () => 0);
  }

  see(index: number, { first, last, ts }: Seen): void {
    const before = this.#last[index] ?? 0;
    if (first !== before + 1) this.#disorder += 1;
    this.delivered += last - before;
    this.#last[index] = last;
    this.latency.add(Date.now() - ts);
    this.#moved();
  }

  /** Times are counted from here on. */
  forgetTimes(): void {
    this.latency = new Histogram();
  }

  /** Lines that some reader did not get, or got twice or out of order. */
  missing(lines: number): number {
    return this.#disorder + this.#last.reduce((sum, last) => sum + lines - last, 0);
  }

  /** Resolves when every reader has all lines, or none has moved for {@link drainMs}. */
  async untilAllHave(lines: number): Promise<void> {
    while (this.#last.some((last) => last < lines)) {
      const hasMoved = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), drainMs);
        this.#moved = () => {
          clearTimeout(timer);
          resolve(true);
        };
      });
      if (!hasMoved) return;
      // Many frames arrive in one turn: look at all readers once for all of them.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
