import { limits } from "../../protocol/mod.ts";
import type { Journal, JournalRow } from "./journal.ts";
import { type Border, type Frame, Segment } from "./segment.ts";

/** Text held in memory for those who read behind the tail, in bytes; frames cut from it come on top. */
const maxCachedBytes = 4 * 1024 * 1024;

/** Segments held at most: looking one up walks them, the newest first. */
const maxCachedSegments = 64;

/**
 * The journal as frames: what was flushed or read lately is kept as segments, so that many readers of the same
 * lines share one read and one cut.
 */
export class Segments {
  readonly #channel: string;
  readonly #journal: Journal;
  /** The longest held first. */
  #cached: Segment[] = [];

  constructor(channel: string, journal: Journal) {
    this.#channel = channel;
    this.#journal = journal;
  }

  /** Takes in the rows of a flush. */
  add(rows: readonly JournalRow[]): readonly Segment[] {
    const added = rows.map((row) => new Segment(this.#channel, [row]));
    for (const segment of added) this.#keep(segment);
    return added;
  }

  /** The frame after `cursor`, shared by all who read with this frame size; null at the tail. */
  frameAfter(cursor: number, maxBytes: number): Frame | null {
    return this.#holding(cursor + 1)?.frameFrom(cursor + 1, maxBytes) ?? null;
  }

  /** The same, cut for one reader with a smaller size of its own. */
  ownFrameAfter(cursor: number, maxBytes: number): Frame | null {
    return this.#holding(cursor + 1)?.ownFrameFrom(cursor + 1, maxBytes) ?? null;
  }

  /** The chunk border at or before `cursor`: where a reader of what follows begins. */
  borderUpTo(cursor: number): Border | null {
    return this.#holding(cursor + 1)?.borderBefore(cursor + 1) ?? null;
  }

  /** The chunk border at or after `cursor`: what an acknowledgement of it counts to. */
  borderFrom(cursor: number): Border | null {
    return this.#holding(cursor)?.borderAfter(cursor) ?? null;
  }

  /** Forgets everything, as after a delete. */
  clear(): void {
    this.#cached = [];
  }

  #holding(cursor: number): Segment | null {
    for (let i = this.#cached.length - 1; i >= 0; i--) {
      const segment = this.#cached[i];
      if (segment?.holds(cursor)) return segment;
    }
    const [row, ...rest] = this.#journal.readFrom(cursor, limits.rowBytes);
    if (row === undefined || row.first > cursor) return null;
    const segment = new Segment(this.#channel, [row, ...rest]);
    this.#keep(segment);
    return segment;
  }

  #keep(segment: Segment): void {
    this.#cached.push(segment);
    let bytes = this.#cached.reduce((sum, each) => sum + each.bytes, 0);
    let drop = 0;
    while (
      drop < this.#cached.length - 1 &&
      (bytes > maxCachedBytes || this.#cached.length - drop > maxCachedSegments)
    ) {
      bytes -= this.#cached[drop]?.bytes ?? 0;
      drop += 1;
    }
    if (drop > 0) this.#cached.splice(0, drop);
  }
}
