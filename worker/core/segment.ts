import { type JournalRow, rowChunkFields } from "./journal.ts";

/** A piece of the wire: an `entries` frame with its place in the journal. */
export interface Frame {
  readonly first: number;
  readonly last: number;
  /** Bytes of all chunks before it in the journal, and of its own. */
  readonly offset: number;
  readonly bytes: number;
  readonly text: string;
}

/** A chunk's border: the cursor of its last entry, and the bytes of all chunks up to it. */
export interface Border {
  readonly cursor: number;
  readonly offset: number;
}

interface Chunk {
  readonly first: number;
  readonly last: number;
  readonly offset: number;
  readonly bytes: number;
  /** Where its text begins and ends in the segment's, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

/** A run of rows in memory, from which frames are cut at chunk borders without parsing. */
export class Segment {
  readonly first: number;
  readonly last: number;
  /** What it holds in memory, about, in bytes. */
  readonly bytes: number;
  readonly #channel: string;
  readonly #text: string;
  readonly #chunks: Chunk[] = [];
  /** Its frames, cut for the size that was asked for last. */
  #cut: { readonly maxBytes: number; readonly frames: readonly Frame[] } | null = null;

  constructor(channel: string, rows: readonly [JournalRow, ...JournalRow[]]) {
    this.#channel = channel;
    this.#text = rows.length === 1 ? rows[0].text : rows.map((row) => row.text).join(",");
    let start = 0;
    for (const row of rows) start = this.#index(row, start);
    this.first = rows[0].first;
    this.last = rows[rows.length - 1]?.last ?? rows[0].last;
    this.bytes = this.#chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
  }

  holds(cursor: number): boolean {
    return cursor >= this.first && cursor <= this.last;
  }

  /** All frames of at most `maxBytes`, or of one chunk that is larger; the same objects for every caller. */
  frames(maxBytes: number): readonly Frame[] {
    if (this.#cut?.maxBytes !== maxBytes) this.#cut = { maxBytes, frames: this.#cutAll(maxBytes) };
    return this.#cut.frames;
  }

  /**
   * The frame that begins with the chunk holding `cursor`. It ends where the shared frames end, so that whoever
   * began in the middle of one gets the shared ones from there on.
   */
  frameFrom(cursor: number, maxBytes: number): Frame | null {
    const from = this.#chunkOf(cursor);
    const chunk = this.#chunks[from];
    if (chunk === undefined) return null;
    const shared = this.frames(maxBytes).find((frame) => cursor >= frame.first && cursor <= frame.last);
    if (shared === undefined || shared.first === chunk.first) return shared ?? null;
    return this.#frame(from, this.#chunkOf(shared.last));
  }

  /** Frames cut for one subscriber's own size, from the chunk holding `cursor`; not kept. */
  ownFrameFrom(cursor: number, maxBytes: number): Frame | null {
    const from = this.#chunkOf(cursor);
    return this.#chunks[from] === undefined ? null : this.#frame(from, this.#lastFitting(from, maxBytes));
  }

  /** Where the chunk that holds `cursor` begins, as the border before it. */
  borderBefore(cursor: number): Border | null {
    const chunk = this.#chunks[this.#chunkOf(cursor)];
    return chunk === undefined ? null : { cursor: chunk.first - 1, offset: chunk.offset };
  }

  /** Where the chunk that holds `cursor` ends. */
  borderAfter(cursor: number): Border | null {
    const chunk = this.#chunks[this.#chunkOf(cursor)];
    return chunk === undefined ? null : { cursor: chunk.last, offset: chunk.offset + chunk.bytes };
  }

  /** The text of whole chunks from the one that holds `cursor`, at most `maxBytes` or one chunk. */
  textFrom(cursor: number, maxBytes: number): { first: number; last: number; text: string } | null {
    const from = this.#chunkOf(cursor);
    return this.#textOf(from, this.#lastFitting(from, maxBytes));
  }

  /** The text of whole chunks up to the one that holds `cursor`, at most `maxBytes` or one chunk. */
  textUpTo(cursor: number, maxBytes: number): { first: number; last: number; text: string } | null {
    const to = this.#chunkOf(cursor);
    let from = to;
    let bytes = this.#chunks[to]?.bytes ?? 0;
    while (from > 0 && bytes + (this.#chunks[from - 1]?.bytes ?? 0) <= maxBytes) {
      from -= 1;
      bytes += this.#chunks[from]?.bytes ?? 0;
    }
    return this.#textOf(from, to);
  }

  #index(row: JournalRow, startOfRow: number): number {
    let start = startOfRow;
    let first = row.first;
    let offset = row.offset;
    for (let i = 0; i < row.chunks.length; i += rowChunkFields) {
      const [entries = 0, bytes = 0, units = 0] = row.chunks.slice(i, i + rowChunkFields);
      this.#chunks.push({ first, last: first + entries - 1, offset, bytes, start, end: start + units });
      first += entries;
      offset += bytes;
      start += units + 1;
    }
    return start;
  }

  #chunkOf(cursor: number): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#chunks[middle]?.last ?? 0) < cursor) low = middle + 1;
      else high = middle;
    }
    const found = this.#chunks[low];
    return found !== undefined && cursor >= found.first && cursor <= found.last ? low : -1;
  }

  #lastFitting(from: number, maxBytes: number): number {
    let to = from;
    let bytes = this.#chunks[from]?.bytes ?? 0;
    for (;;) {
      const next = this.#chunks[to + 1];
      if (next === undefined || bytes + next.bytes > maxBytes) return to;
      bytes += next.bytes;
      to += 1;
    }
  }

  #cutAll(maxBytes: number): Frame[] {
    const frames: Frame[] = [];
    for (let from = 0; from < this.#chunks.length; ) {
      const to = this.#lastFitting(from, maxBytes);
      const frame = this.#frame(from, to);
      if (frame !== null) frames.push(frame);
      from = to + 1;
    }
    return frames;
  }

  #frame(from: number, to: number): Frame | null {
    const part = this.#textOf(from, to);
    const begin = this.#chunks[from];
    const end = this.#chunks[to];
    if (part === null || begin === undefined || end === undefined) return null;
    const head = `{"type":"entries","channel":"${this.#channel}","first":${part.first},"entries":[`;
    return {
      first: part.first,
      last: part.last,
      offset: begin.offset,
      bytes: end.offset + end.bytes - begin.offset,
      text: `${head}${part.text}]}`,
    };
  }

  #textOf(from: number, to: number): { first: number; last: number; text: string } | null {
    const begin = this.#chunks[from];
    const end = this.#chunks[to];
    if (begin === undefined || end === undefined) return null;
    return { first: begin.first, last: end.last, text: this.#text.slice(begin.start, end.end) };
  }
}
