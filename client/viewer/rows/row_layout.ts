/** One row of the view. */
export type ViewRow =
  /** What the page no longer keeps. */
  | { readonly kind: "dropped" }
  /** Heads the lines of a stage, which begin with `row`. */
  | { readonly kind: "stage"; readonly row: number; readonly stage: number }
  /** `afterStage`: the first row without a stage after rows of one. */
  | { readonly kind: "row"; readonly row: number; readonly afterStage?: true };

/** Which rows a view shows, in order. */
export interface RowLayout {
  readonly count: number;
  /** Null past the end. */
  at(index: number): ViewRow | null;
  /** The index of a view row, or, where it is not shown, of the nearest one that stands for it. */
  indexOf(row: ViewRow): number;
}

/** The last index whose value is at most `value`, in ascending values; -1 when all are greater. */
export function lastAtMost(values: ArrayLike<number>, value: number, length: number = values.length): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
