/** What a client that acknowledges nothing gets at once, and at which rate it gets the rest (design 2). */
const firstBytes = 1024 * 1024;
const bytesPerSecond = 256 * 1024;

/**
 * Paces a client that cannot acknowledge: a bucket that is full at first and fills up at a steady rate. Reading
 * from the journal waits for it, so that nothing queues up here and nothing is lost.
 */
export class Pace {
  #level = firstBytes;
  #at: number;

  constructor(now: number) {
    this.#at = now;
  }

  /** Takes out what was sent; answers how long to wait before reading on, in milliseconds. */
  take(bytes: number, now: number): number {
    const filled = this.#level + (Math.max(0, now - this.#at) * bytesPerSecond) / 1000;
    this.#level = Math.min(firstBytes, filled) - bytes;
    this.#at = now;
    return this.#level >= 0 ? 0 : Math.ceil((-this.#level * 1000) / bytesPerSecond);
  }
}
