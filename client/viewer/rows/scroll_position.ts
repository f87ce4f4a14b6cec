import type { RowLayout, ViewRow } from "./row_layout.ts";
import {
  type DrawnRange,
  drawnRange,
  lastTop,
  rowHeight,
  type Scale,
  scaleOf,
  scrollTopOf,
  topOf,
} from "./scale.ts";

/** This close to the end counts as at the end: trackpads and zoom stop a pixel or two short. */
const endTolerance = 2 * rowHeight;

/** The first row in sight when the reader last moved, and how many of its pixels were hidden. */
interface Anchor {
  readonly row: ViewRow;
  readonly hidden: number;
}

/**
 * Where the reader is. The place within the rows is the truth and the scroll bar follows it, so that rows
 * that come, go or fold elsewhere do not move what is being read. The anchor outlives a filter: who takes it
 * off again is where it was put on.
 *
 *   following ──the reader scrolls up──► reading ──the reader scrolls to the end, or asks──► following
 *
 * Browsers animate scrolls. One that glides to the end does not mean the end any more once the reader has turned
 * up: then only a turn down, or asking, leads back to following.
 */
export class ScrollPosition {
  #layout: RowLayout;
  #viewport = 0;
  #top = 0;
  #count = 0;
  #anchor: Anchor | null = null;
  #following = true;
  /** The reader turned up last: what still glides down does not lead to following. */
  #isTurnedUp = false;
  /** Where the scroll bar is, as far as it is known here. */
  #barAt = 0;

  constructor(layout: RowLayout) {
    this.#layout = layout;
  }

  get following(): boolean {
    return this.#following;
  }

  /** Pixels from the first row's top to the view's. */
  get top(): number {
    return this.#top;
  }

  get scale(): Scale {
    return scaleOf(this.#count, this.#viewport);
  }

  /** Where the scroll bar belongs. */
  get scrollTop(): number {
    return scrollTopOf(this.scale, this.#top);
  }

  /**
   * Where the scroll bar must be set to, once; null where it was not moved from here. A scroll that the browser
   * still animates is further than it has told, and to set the bar would end it.
   */
  takeMove(): number | null {
    const belongs = this.scrollTop;
    if (Math.abs(belongs - this.#barAt) < 1) return null;
    this.#barAt = belongs;
    return belongs;
  }

  get range(): DrawnRange {
    return drawnRange(this.#count, this.#top, this.#viewport);
  }

  resize(viewport: number): void {
    this.#viewport = viewport;
    this.#settle();
  }

  /** Makes a change to the layout, or takes another one, with the row that is being read staying in place. */
  change(makeChange: () => RowLayout): void {
    this.#layout = makeChange();
    this.#count = this.#layout.count;
    if (this.#anchor !== null && !this.#following) {
      this.#top = this.#layout.indexOf(this.#anchor.row) * rowHeight + this.#anchor.hidden;
    }
    this.#settle();
  }

  /** The scroll bar has moved. Answers whether the reader did that. */
  scrolled(scrollTop: number): boolean {
    this.#barAt = scrollTop;
    // What was set comes back rounded to the device's pixels: it is no movement.
    if (Math.abs(scrollTop - this.scrollTop) < 1) return false;
    const top = topOf(this.scale, scrollTop);
    const isUp = top < this.#top;
    const isAtEnd = lastTop(this.scale) - top <= endTolerance;
    this.#top = top;
    if (isUp && !isAtEnd) this.#following = false;
    if (!isUp && isAtEnd && !this.#isTurnedUp) this.#following = true;
    this.#hold();
    return true;
  }

  /** The reader turns the wheel up, drags down or presses a key that goes up. */
  turnedUp(): void {
    if (lastTop(this.scale) === 0) return;
    this.#isTurnedUp = true;
    this.#following = false;
    this.#hold();
  }

  /** The reader turns the wheel down, drags up, presses a key that goes down, or takes the scroll bar. */
  turnedDown(): void {
    this.#isTurnedUp = false;
  }

  follow(): void {
    this.#isTurnedUp = false;
    this.#following = true;
    this.#settle();
  }

  /** Stops following, wherever the reader is. */
  stay(): void {
    this.#following = false;
    this.#hold();
  }

  /** Brings a row to a third of the view's height, unless it is in sight. */
  goTo(index: number): void {
    this.#following = false;
    const top = index * rowHeight;
    const isInSight = top >= this.#top && top + rowHeight <= this.#top + this.#viewport;
    if (!isInSight) this.#top = top - Math.floor(this.#viewport / 3 / rowHeight) * rowHeight;
    this.#settle();
    this.#hold();
  }

  /** Brings a row to the top. */
  goToTop(index: number): void {
    this.#following = false;
    this.#top = index * rowHeight;
    this.#settle();
    this.#hold();
  }

  #settle(): void {
    const last = lastTop(this.scale);
    this.#top = this.#following ? last : Math.min(Math.max(this.#top, 0), last);
  }

  #hold(): void {
    const index = Math.floor(this.#top / rowHeight);
    const row = this.#layout.at(index);
    this.#anchor = row === null ? null : { row, hidden: this.#top - index * rowHeight };
  }
}
