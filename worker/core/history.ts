import { type Entry, limits, ok, type Result, refuse } from "../../protocol/mod.ts";
import type { ChannelHead, Page, PageRequest } from "./contract.ts";
import type { EntryTest } from "./entry_test.ts";

/** An entry as history answers it. */
export type NumberedEntry = { readonly cursor: number } & Entry;

/** The entries of a page, in cursor order. */
export function entriesOfPage(page: Page): Entry[] {
  return JSON.parse(`[${page.text}]`) as Entry[];
}

export interface HistoryRequest {
  /** Read on after this cursor. */
  readonly after?: number | undefined;
  /** Or back from before this one. */
  readonly before?: number | undefined;
  readonly limit: number;
  /** Only count what passes. */
  readonly countsOnly: boolean;
}

export interface HistoryPage {
  /** In cursor order, whichever way was read. */
  readonly entries: readonly NumberedEntry[];
  /** How many passed; with `countsOnly` the entries are empty. */
  readonly count: number;
  /** The `after` (or `before`) of the next page; null when the journal's end (or beginning) was reached. */
  readonly next: number | null;
}

/**
 * Refuses to read on from a cursor whose following entries are gone: nothing is left out silently. `key` is what
 * the asker calls it.
 */
export function checkRetained(head: ChannelHead, after: number, key = "after"): Result<true> {
  const isFromStart = after === 0 && head.oldest === head.first;
  if (after >= head.oldest - 1 || isFromStart) return ok(true);
  return refuse(
    "cursor_trimmed",
    `Entries after ${after} are asked for and the oldest retained is ${head.oldest}. Read on with ${key}=${head.oldest - 1}.`,
    { oldest: head.oldest, received: after },
  );
}

/**
 * Collects one page of history from pages of the journal, which the shell reads as {@link nextRead} says. It
 * ends: each page moves on, and it stops at the limit, at the journal's end or after a number of bytes.
 */
export class HistoryScan {
  readonly #request: HistoryRequest;
  readonly #matches: EntryTest;
  readonly #found: NumberedEntry[] = [];
  #count = 0;
  /** The place reached: everything up to (or, backwards, from) here has been looked at. */
  #at: number;
  #scannedBytes = 0;
  #isDone = false;
  #isComplete = false;

  constructor(request: HistoryRequest, head: ChannelHead, matches: EntryTest) {
    this.#request = request;
    this.#matches = matches;
    this.#at = request.before ?? Math.max(request.after ?? 0, head.oldest - 1);
  }

  /** What to read next; null when the page is complete. */
  get nextRead(): PageRequest | null {
    if (this.#isDone) return null;
    const maxBytes = Math.min(limits.rowBytes, limits.historyScanBytes - this.#scannedBytes);
    return this.#isBackwards ? { before: this.#at, maxBytes } : { after: this.#at, maxBytes };
  }

  take({ head, page }: { readonly head: ChannelHead; readonly page: Page | null }): void {
    if (!this.#isBackwards && head.oldest > this.#at + 1) {
      // Trimmed since the last page was read: the next request is refused, and so told of it.
      this.#isDone = true;
      return;
    }
    if (page === null) {
      this.#isDone = true;
      this.#isComplete = true;
      return;
    }
    const before = this.#at;
    this.#scannedBytes += page.text.length;
    if (this.#isBackwards) this.#takeBackwards(page);
    else this.#takeForwards(page);
    this.#isComplete = this.#isBackwards ? this.#at <= head.oldest : this.#at >= head.tail;
    // A page that brings nothing new would be read for ever.
    const isStuck = this.#at === before;
    this.#isDone =
      this.#isComplete || isStuck || this.#isFull || this.#scannedBytes >= limits.historyScanBytes;
  }

  get result(): HistoryPage {
    const entries = this.#isBackwards ? this.#found.toReversed() : this.#found;
    return { entries, count: this.#count, next: this.#isComplete ? null : this.#at };
  }

  get #isBackwards(): boolean {
    return this.#request.before !== undefined;
  }

  get #isFull(): boolean {
    return !this.#request.countsOnly && this.#count >= this.#request.limit;
  }

  #takeForwards(page: Page): void {
    const entries = entriesOfPage(page);
    for (let i = Math.max(0, this.#at + 1 - page.first); i < entries.length && !this.#isFull; i++) {
      this.#look(entries[i] as Entry, page.first + i);
    }
    if (!this.#isFull) this.#at = Math.max(this.#at, page.last);
  }

  #takeBackwards(page: Page): void {
    const entries = entriesOfPage(page);
    for (let i = Math.min(entries.length, this.#at - page.first) - 1; i >= 0 && !this.#isFull; i--) {
      this.#look(entries[i] as Entry, page.first + i);
    }
    if (!this.#isFull) this.#at = Math.min(this.#at, page.first);
  }

  #look(entry: Entry, cursor: number): void {
    this.#at = cursor;
    if (!this.#matches(entry)) return;
    this.#count += 1;
    if (!this.#request.countsOnly) this.#found.push({ cursor, ...entry });
  }
}
