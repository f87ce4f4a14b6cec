import { plainText } from "../ansi/line.ts";
import type { LineStore } from "../models/line_store.ts";
import { lastAtMost, type RowLayout, type ViewRow } from "./row_layout.ts";

/** Finds a keyword as it is written, whatever its case; null for an empty one. */
export function keywordPattern(keyword: string): RegExp | null {
  const text = keyword.trim();
  if (text === "") return null;
  return new RegExp(text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu");
}

/** What reading a row with escapes costs, measured in plain ones. */
const escapedRowCost = 5;

/**
 * The rows that hold a keyword in what is shown of them, found step by step so that a page stays quick. Gaps
 * stay in view: what is missing might have matched.
 */
export class Matches implements RowLayout {
  readonly #store: LineStore;
  readonly #pattern: RegExp;
  #rows: number[] = [];
  #lines = 0;
  #next: number;

  constructor(store: LineStore, pattern: RegExp) {
    this.#store = store;
    this.#pattern = new RegExp(pattern.source, "iu");
    this.#next = store.base;
  }

  /** Rows that match, gaps left out. */
  get matched(): number {
    return this.#lines;
  }

  /**
   * Looks at more rows, as many as `effort` allows: a plain one costs 1. Answers whether all have been looked at.
   */
  step(effort: number): boolean {
    this.#next = Math.max(this.#next, this.#store.base);
    for (let left = effort; left > 0 && this.#next < this.#store.end; this.#next++) {
      left -= this.#look(this.#next);
    }
    return this.#next >= this.#store.end;
  }

  /** Looks at a row; answers what that cost. */
  #look(row: number): number {
    const text = this.#store.text(row);
    const shown = plainText(text);
    if (this.#store.kind(row) === "gap") {
      this.#rows.push(row);
    } else if (this.#pattern.test(shown)) {
      this.#rows.push(row);
      this.#lines += 1;
    }
    return shown === text ? 1 : escapedRowCost;
  }

  /** Forgets the rows that the store has dropped; `isGap` is known only of those it keeps. */
  trim(): void {
    const gone = lastAtMost(this.#rows, this.#store.base - 1) + 1;
    if (gone === 0) return;
    this.#rows = this.#rows.slice(gone);
    this.#lines = this.#rows.reduce((sum, row) => sum + (this.#store.kind(row) === "gap" ? 0 : 1), 0);
  }

  get count(): number {
    return this.#dropped() + this.#rows.length;
  }

  at(index: number): ViewRow | null {
    if (index === 0 && this.#dropped() === 1) return { kind: "dropped" };
    const row = this.#rows[index - this.#dropped()];
    return row === undefined ? null : { kind: "row", row };
  }

  indexOf(view: ViewRow): number {
    if (view.kind === "dropped") return 0;
    return this.#dropped() + Math.max(0, lastAtMost(this.#rows, view.row));
  }

  #dropped(): number {
    return this.#store.base > 0 ? 1 : 0;
  }
}
