import { chunkRows, LineChunk, type LogRow, type RowKind } from "./line_chunk.ts";

/** Rows a page keeps: at a hundred bytes each about 130 MB, which a phone's browser still gives a page. */
export const maxRows = 1_000_000;

/**
 * The rows of a log, numbered from 0 for as long as the page lives. Past the limit the oldest go, a chunk at
 * a time; the numbers of the others stay.
 */
export class LineStore {
  readonly #maxChunks: number;
  readonly #chunks: LineChunk[] = [];
  #base = 0;
  #end = 0;
  #lines = 0;

  constructor(limit: number = maxRows) {
    this.#maxChunks = Math.max(2, Math.ceil(limit / chunkRows));
  }

  /** The oldest row that is kept. */
  get base(): number {
    return this.#base;
  }

  /** One past the newest row. */
  get end(): number {
    return this.#end;
  }

  /** Whole lines among the rows that are kept. */
  get lines(): number {
    return this.#lines;
  }

  append(row: LogRow): void {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.length === chunkRows) {
      if (this.#chunks.length === this.#maxChunks) this.#dropOldest();
      chunk = new LineChunk();
      this.#chunks.push(chunk);
    }
    chunk.add(row);
    this.#end += 1;
    if (row.kind === "line" && !row.more) this.#lines += 1;
  }

  read(row: number): LogRow | null {
    return this.#chunkOf(row)?.read((row - this.#base) % chunkRows) ?? null;
  }

  text(row: number): string {
    return this.#chunkOf(row)?.text((row - this.#base) % chunkRows) ?? "";
  }

  kind(row: number): RowKind | null {
    return this.#chunkOf(row)?.kind((row - this.#base) % chunkRows) ?? null;
  }

  isWholeLine(row: number): boolean {
    return this.#chunkOf(row)?.isWholeLine((row - this.#base) % chunkRows) ?? false;
  }

  /** The first row at or after a cursor; `end` when there is none. */
  rowOfCursor(cursor: number): number {
    let low = this.#base;
    let high = this.#end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#cursor(middle) < cursor) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Takes the text of these cursors away. */
  redact(from: number, to: number): void {
    for (let row = this.rowOfCursor(from); row < this.#end && this.#cursor(row) <= to; row++) {
      const kind = this.kind(row);
      if (kind === "line" || kind === "event") {
        if (this.isWholeLine(row)) this.#lines -= 1;
        this.#chunkOf(row)?.redact((row - this.#base) % chunkRows);
      }
    }
  }

  #cursor(row: number): number {
    return this.#chunkOf(row)?.cursor((row - this.#base) % chunkRows) ?? 0;
  }

  #chunkOf(row: number): LineChunk | null {
    if (row < this.#base || row >= this.#end) return null;
    return this.#chunks[Math.floor((row - this.#base) / chunkRows)] ?? null;
  }

  #dropOldest(): void {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return;
    this.#base += chunk.length;
    for (let at = 0; at < chunk.length; at++) if (chunk.isWholeLine(at)) this.#lines -= 1;
  }
}
