/** How often the operator is told that lines were dropped, in milliseconds. */
const tellMs = 60_000;

/** Counts dropped lines, and says when the operator is to be told: at the first, then at most once a minute. */
export class DropReport {
  #total = 0;
  #toldTotal = 0;
  #toldAt: number | null = null;

  /** Lines dropped so far. */
  get total(): number {
    return this.#total;
  }

  /** Counts one; answers how many to tell of now, or null where it is too early. */
  add(now: number): number | null {
    this.#total += 1;
    if (this.#toldAt !== null && now - this.#toldAt < tellMs) return null;
    const untold = this.#total - this.#toldTotal;
    this.#toldAt = now;
    this.#toldTotal = this.#total;
    return untold;
  }
}
