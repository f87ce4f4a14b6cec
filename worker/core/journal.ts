import type { Summary, SummaryDelta, TextSum } from "../../protocol/mod.ts";
import type { EndReceipt } from "./contract.ts";

/** The newest batch of a producer: what recognises a repeat and a hole. */
export interface ProducerState {
  readonly epoch: number;
  readonly seq: number;
  readonly first: number;
  readonly last: number;
  /** When it appended, in epoch milliseconds. */
  readonly at: number;
}

/** Numbers a chunk has in {@link JournalRow.chunks}: its entries, bytes and UTF-16 units. */
export const rowChunkFields = 3;

/** One row: whole chunks of one flush, and all that must survive a wake. */
export interface JournalRow {
  readonly first: number;
  readonly last: number;
  /** Bytes of the chunks in all rows before this one, trimmed ones included. */
  readonly offset: number;
  /** Bytes of its own chunks, without the commas between them. */
  readonly bytes: number;
  /** Its chunks, joined by commas. */
  readonly text: string;
  /** {@link rowChunkFields} numbers a chunk, flat. */
  readonly chunks: readonly number[];
  readonly meta: RowMeta;
}

export interface RowMeta {
  /** When it was flushed, in epoch milliseconds. */
  readonly at: number;
  /** The sum of its own text, and of all text so far. */
  readonly sum: TextSum;
  readonly total: TextSum;
  /** On the last row of a flush: its summary and producers, both bounded, for a row may hold 2 MB. */
  readonly flush?: {
    /** The cursor before its first entry. */
    readonly before: number;
    readonly delta: SummaryDelta;
    readonly producers: Readonly<Record<string, ProducerState>>;
  };
}

/** What a wake reads of a row. */
export type RowHead = Omit<JournalRow, "text" | "chunks">;

/** Where a journal stands: its last cursor, the bytes of all chunks up to it, and the sum of all text. */
export interface JournalPlace {
  readonly cursor: number;
  readonly offset: number;
  readonly total: TextSum;
}

/** Everything a channel knows, up to a cursor. The rows after it say the rest. */
export interface Snapshot extends JournalPlace {
  readonly tenant: string;
  readonly channel: string;
  readonly project?: string;
  /** The last command's cursor when the channel was last deleted: commands count on from it. */
  readonly lastCommand?: number;
  /** Null before the first append and after a delete. */
  readonly epoch: string | null;
  readonly first: number;
  /** Where the last trimmed row ended; where the epoch began, as long as none was. */
  readonly trimmed: JournalPlace;
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly summary: Summary;
  readonly producers: Readonly<Record<string, ProducerState>>;
  readonly end?: EndReceipt;
}

/**
 * The append-only store of a channel. All calls are synchronous; each writing one is one transaction, and
 * throws with nothing changed when the store refuses it. Contract: `test/core/journal_suite.ts`.
 */
export interface Journal {
  /** What a wake needs; null where nothing was ever stored. Writes nothing. */
  wake(): { readonly snapshot: Snapshot; readonly rows: readonly RowHead[] } | null;
  /** Stores the rows of a flush, and the snapshot if there is one. */
  commit(rows: readonly JournalRow[], snapshot: Snapshot | null): void;
  /** Rows from the one that holds `cursor` on: at least one if there is any, else at most `maxBytes`. */
  readFrom(cursor: number, maxBytes: number): JournalRow[];
  /** Rows up to the one that holds `cursor`, in cursor order: at least one if any, else at most `maxBytes`. */
  readBackFrom(cursor: number, maxBytes: number): JournalRow[];
  /** The oldest rows, in cursor order. */
  oldest(maxRows: number): RowHead[];
  /** Deletes the rows that end at or before `cursor`, and stores what is known without them. */
  trim(cursor: number, snapshot: Snapshot): void;
  /** Deletes all rows and keeps the snapshot alone. */
  clear(snapshot: Snapshot): void;
  /** Empties the store, as if nothing had ever been stored. */
  erase(): void;
}
