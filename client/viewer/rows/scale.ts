/**
 * How a long log fits in a page: browsers bound an element's height (Chromium at 33.5 million pixels, Firefox
 * at 17.9), so past a limit the scroll bar's way is shorter than the log, and its place is read as a share.
 */

/** Pixels of a row; `--row` in the style sheet is the same. */
export const rowHeight = 20;

/** Below the lowest bound of the browsers. */
export const maxScrollHeight = 16_000_000;

/** Rows drawn above and below the ones in sight. */
export const overscan = 20;

/** Rows drawn at the most, whatever the window's height. */
export const maxDrawnRows = 200;

export interface Scale {
  /** Height of all rows. */
  readonly height: number;
  /** Height of what scrolls. */
  readonly scrollHeight: number;
  readonly viewport: number;
}

export function scaleOf(rows: number, viewport: number, limit: number = maxScrollHeight): Scale {
  const height = rows * rowHeight;
  return { height, scrollHeight: Math.min(height, limit), viewport };
}

/** The largest place of the view within the rows. */
export function lastTop(scale: Scale): number {
  return Math.max(0, scale.height - scale.viewport);
}

function lastScrollTop(scale: Scale): number {
  return Math.max(0, scale.scrollHeight - scale.viewport);
}

/** The view's place within the rows, from the scroll bar's. */
export function topOf(scale: Scale, scrollTop: number): number {
  const last = lastScrollTop(scale);
  if (last === 0) return 0;
  const within = Math.min(Math.max(scrollTop, 0), last);
  return last === lastTop(scale) ? within : (within / last) * lastTop(scale);
}

/** The scroll bar's place for a place of the view. */
export function scrollTopOf(scale: Scale, top: number): number {
  const last = lastTop(scale);
  if (last === 0) return 0;
  const within = Math.min(Math.max(top, 0), last);
  return lastScrollTop(scale) === last ? within : (within / last) * lastScrollTop(scale);
}

/** The rows to draw: `first` up to, not including, `end`. */
export interface DrawnRange {
  readonly first: number;
  readonly end: number;
}

export function drawnRange(rows: number, top: number, viewport: number): DrawnRange {
  const inSight = Math.ceil(viewport / rowHeight) + 1;
  const around = Math.max(0, Math.min(overscan, Math.floor((maxDrawnRows - inSight) / 2)));
  const firstInSight = Math.floor(top / rowHeight);
  const first = Math.max(0, Math.min(firstInSight - around, rows - 1));
  const end = Math.min(rows, first + maxDrawnRows, firstInSight + inSight + around);
  return { first, end: Math.max(first, end) };
}
