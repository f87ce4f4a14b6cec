import type { Entry } from "../../protocol/mod.ts";

/** An entry with its cursor. */
export interface PlacedEntry {
  readonly cursor: number;
  readonly entry: Entry;
}

/**
 * The newest entries of a channel, at most so many: a ring that grows to its bound and then drops the oldest.
 * Reading by index is constant time. Entries may have holes between them (gaps, filters).
 */
export class EntryBuffer {
  readonly maxEntries: number;
  readonly #slots: PlacedEntry[] = [];
  #start = 0;
  #dropped = 0;

  /** @throws RangeError when `maxEntries` is not a positive integer. */
  constructor(maxEntries: number) {
    if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) {
      throw new RangeError(`maxEntries is ${maxEntries}. Allowed: an integer from 1.`);
    }
    this.maxEntries = maxEntries;
  }

  /** How many entries are held. */
  get length(): number {
    return this.#slots.length;
  }

  /** How many were dropped since the beginning or the last `clear`. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The cursor of the oldest held entry, or null. */
  get firstCursor(): number | null {
    return this.at(0)?.cursor ?? null;
  }

  /** The cursor of the newest held entry, or null. */
  get lastCursor(): number | null {
    return this.at(this.length - 1)?.cursor ?? null;
  }

  /** Adds entries whose first has the cursor `first`; answers how many old ones had to go. */
  push(first: number, entries: readonly Entry[]): number {
    const before = this.#dropped;
    let cursor = first;
    for (const entry of entries) this.#add({ cursor: cursor++, entry });
    return this.#dropped - before;
  }

  /** The entry at an index from 0, the oldest, or undefined. */
  at(index: number): PlacedEntry | undefined {
    if (index < 0 || index >= this.#slots.length) return undefined;
    return this.#slots[(this.#start + index) % this.#slots.length];
  }

  /** Replaces the entry with this cursor (after a redaction); false when it is not held. */
  replace(cursor: number, entry: Entry): boolean {
    const index = this.indexOf(cursor);
    if (index < 0) return false;
    this.#slots[(this.#start + index) % this.#slots.length] = { cursor, entry };
    return true;
  }

  /** The index of the entry with this cursor, or -1. Logarithmic. */
  indexOf(cursor: number): number {
    const index = this.indexFrom(cursor);
    return this.at(index)?.cursor === cursor ? index : -1;
  }

  /** The index of the first entry at or after this cursor; `length` when there is none. Logarithmic. */
  indexFrom(cursor: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.at(middle)?.cursor ?? 0) < cursor) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** From the oldest to the newest. */
  *[Symbol.iterator](): IterableIterator<PlacedEntry> {
    for (let index = 0; index < this.length; index++) {
      const placed = this.at(index);
      if (placed !== undefined) yield placed;
    }
  }

  clear(): void {
    this.#slots.length = 0;
    this.#start = 0;
    this.#dropped = 0;
  }

  #add(placed: PlacedEntry): void {
    if (this.#slots.length < this.maxEntries) {
      this.#slots.push(placed);
      return;
    }
    this.#slots[this.#start] = placed;
    this.#start = (this.#start + 1) % this.maxEntries;
    this.#dropped += 1;
  }
}
