/** Times in whole milliseconds, counted; one bucket a millisecond, the last for all that is longer. */
export class Histogram {
  readonly #counts = new Uint32Array(60_001);
  #total = 0;

  add(ms: number): void {
    const bucket = Math.min(this.#counts.length - 1, Math.max(0, Math.round(ms)));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#total += 1;
  }

  /** The time that `percent` of all stay at or below; NaN without any. */
  percentile(percent: number): number {
    let left = (this.#total * percent) / 100;
    for (const [ms, count] of this.#counts.entries()) {
      left -= count;
      if (count > 0 && left <= 0) return ms;
    }
    return Number.NaN;
  }
}
