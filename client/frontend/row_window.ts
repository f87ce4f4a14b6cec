/** What waits to be drawn, and how many rows may stand: a bound on what a page holds of a log of any length. */
export class RowWindow<Row> {
  readonly #maxRows: number;
  #waiting: Row[] = [];
  #standing = 0;
  /** Rows that were left out or taken off again, since the beginning. */
  #gone = 0;

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  get gone(): number {
    return this.#gone;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(row: Row): void {
    this.#waiting.push(row);
    // Twice, so that letting go is paid for by as many additions: a page in the background draws nothing.
    if (this.#waiting.length >= 2 * this.#maxRows) this.#trim();
  }

  /** The rows to draw now, and how many of those that stand go first. */
  take(): { readonly rows: readonly Row[]; readonly remove: number } {
    this.#trim();
    const rows = this.#waiting;
    this.#waiting = [];
    const remove = Math.max(0, this.#standing + rows.length - this.#maxRows);
    this.#standing += rows.length - remove;
    this.#gone += remove;
    return { rows, remove };
  }

  #trim(): void {
    const extra = this.#waiting.length - this.#maxRows;
    if (extra <= 0) return;
    this.#waiting.splice(0, extra);
    this.#gone += extra;
  }
}
