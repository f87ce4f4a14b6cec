/** Remembered at most; whoever was told longest ago is forgotten first, which costs a question and no more. */
const maxWaiting = 1_000;

/** Who was told to wait, and until when (epoch milliseconds): they need not be asked about before. */
export class WaitList {
  readonly #until = new Map<string, number>();

  get size(): number {
    return this.#until.size;
  }

  /** Milliseconds that `key` has to wait still; 0 when it has not. */
  waitMs(key: string, now: number): number {
    const left = (this.#until.get(key) ?? now) - now;
    if (left > 0) return left;
    this.#until.delete(key);
    return 0;
  }

  put(key: string, waitMs: number, now: number): void {
    this.#until.delete(key);
    this.#until.set(key, now + waitMs);
    if (this.#until.size <= maxWaiting) return;
    for (const oldest of this.#until.keys()) {
      this.#until.delete(oldest);
      return;
    }
  }
}
