import { limits, splitAtCodePoints, utf8Bytes } from "../../protocol/mod.ts";
import type { NewEntry } from "./api_types.ts";

/** An entry as a producer gives it, `ts` filled in by the producer. */
export type ProducerEntry = NewEntry;

/** Longest piece of a line put in one entry, in UTF-16 units: the gateway splits finer, a batch must hold it. */
const defaultPieceChars = 256 * 1024;

/** What one request carries. */
export interface Batch {
  readonly ndjson: string;
  /** Of UTF-8. */
  readonly bytes: number;
  /** Entries of the caller's in it; not the lines that tell what was left out. */
  readonly entries: number;
}

interface Queued {
  readonly text: string;
  readonly bytes: number;
  /** 1 for an entry of the caller's (of a long line's pieces the last), else 0. */
  readonly counts: number;
}

/**
 * Lines that wait to be sent, bounded in bytes. When it is full new ones are left out and counted until a quarter
 * is free again, so that what is missing is one stretch and not every other line; a line then says how many.
 */
export class ProducerQueue {
  readonly #maxBytes: number;
  readonly #onLeftOut: (count: number) => NewEntry;
  readonly #pieceChars: number;
  #items: Queued[] = [];
  #head = 0;
  #bytes = 0;
  #entries = 0;
  #leftOut = 0;

  /** `onLeftOut` is told how many were left out and gives the entry that says so in the channel. */
  constructor(maxBytes: number, onLeftOut: (count: number) => NewEntry, pieceChars = defaultPieceChars) {
    this.#pieceChars = pieceChars;
    this.#maxBytes = maxBytes;
    this.#onLeftOut = onLeftOut;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Entries that wait. */
  get length(): number {
    return this.#entries;
  }

  get isEmpty(): boolean {
    return this.#peek() === undefined && this.#leftOut === 0;
  }

  push(entry: NewEntry): void {
    const pieces = piecesOf(entry, this.#pieceChars).map((piece) => queuedOf(piece, isWhole(piece) ? 1 : 0));
    const bytes = pieces.reduce((sum, piece) => sum + piece.bytes, 0);
    if (!this.#hasRoom(bytes)) {
      this.#leftOut += 1;
      return;
    }
    this.tellLeftOut();
    for (const piece of pieces) this.#add(piece);
  }

  /** Puts in the line that says how much was left out, if anything was. */
  tellLeftOut(): void {
    if (this.#leftOut === 0) return;
    const count = this.#leftOut;
    this.#leftOut = 0;
    this.#add(queuedOf(this.#onLeftOut(count), 0));
  }

  /** Counts entries that will never arrive, to be told with the next line. */
  leaveOut(count: number): void {
    this.#leftOut += count;
  }

  /** Takes out the next batch: as much as fits, at least one entry; null when nothing waits. */
  take(maxEntries: number, maxBytes: number): Batch | null {
    if (this.#peek() === undefined) this.tellLeftOut();
    const parts: string[] = [];
    let bytes = 0;
    let entries = 0;
    for (let item = this.#peek(); item !== undefined; item = this.#peek()) {
      if (parts.length > 0 && (parts.length >= maxEntries || bytes + item.bytes > maxBytes)) break;
      parts.push(item.text);
      bytes += item.bytes;
      entries += item.counts;
      this.#head += 1;
    }
    this.#bytes -= bytes;
    this.#entries -= entries;
    this.#compact();
    return parts.length === 0 ? null : { ndjson: parts.join(""), bytes, entries };
  }

  /** Forgets everything; answers how many entries that were. */
  clear(): number {
    const count = this.#entries + this.#leftOut;
    this.#items = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#entries = 0;
    this.#leftOut = 0;
    return count;
  }

  #hasRoom(bytes: number): boolean {
    const bound = this.#leftOut > 0 ? this.#maxBytes * 0.75 : this.#maxBytes;
    return this.#bytes === 0 || this.#bytes + bytes <= bound;
  }

  #peek(): Queued | undefined {
    return this.#items[this.#head];
  }

  #add(item: Queued): void {
    this.#items.push(item);
    this.#bytes += item.bytes;
    this.#entries += item.counts;
  }

  #compact(): void {
    if (this.#head < 1024 && this.#head < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}

function queuedOf(entry: NewEntry, counts: number): Queued {
  const text = `${JSON.stringify(entry).toWellFormed()}\n`;
  return { text, bytes: utf8Bytes(text), counts };
}

/** False for a piece whose line goes on in the next one. */
function isWhole(entry: NewEntry): boolean {
  return !("more" in entry && entry.more === true);
}

/** A line too long for a batch in several entries, of which all but the last say that it goes on. */
function piecesOf(entry: NewEntry, pieceChars: number): readonly NewEntry[] {
  if (!("line" in entry) || entry.line.length <= pieceChars) return [entry];
  const lines = splitAtCodePoints(entry.line, pieceChars, (point) => (point > 0xffff ? 2 : 1));
  const last = lines.length - 1;
  return lines.map((line, index) => ({ ...entry, line, ...(index < last && { more: true as const }) }));
}

/** Entries a request carries at most: the gateway's own bound leaves room for lines that it splits. */
export const defaultBatchEntries = Math.floor(limits.batchEntries / 2);
/** Bytes a request carries at most, unless one entry alone is larger. */
export const defaultBatchBytes = Math.floor(limits.batchBytes / 4);
