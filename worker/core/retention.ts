import { isDue } from "./due.ts";
import type { RowHead } from "./journal.ts";
import type { Border } from "./segment.ts";

/** How long and how much a channel retains. */
export interface Retention {
  /** A row older than this goes, in milliseconds since its flush. */
  readonly ageMs: number;
  /** What the rows may hold together, in bytes of entries' JSON. */
  readonly bytes: number;
  /** The newest so many entries are kept, in whole rows; 0: no limit. */
  readonly entries: number;
}

/** What decides whether a row goes. */
export interface RowAge {
  readonly last: number;
  /** The bytes before it. */
  readonly offset: number;
  /** When it was flushed, in epoch milliseconds. */
  readonly at: number;
}

/** Rows that one step trims at most: a turn stays a few milliseconds. */
export const maxTrimmedRows = 100;

/** A deleted channel's last cursor is kept so long, in milliseconds: what resumes later begins anew. */
export const lastCursorKeptMs = 30 * 24 * 60 * 60 * 1000;

export function ageOf({ last, offset, meta }: RowHead): RowAge {
  return { last, offset, at: meta.at };
}

/** The oldest rows that are not retained any more, of those given in cursor order. */
export function goneRows(
  rows: readonly RowHead[],
  tail: Border,
  retention: Retention,
  now: number,
): readonly RowHead[] {
  const kept = rows.findIndex((row) => {
    const age = ageOf(row);
    return !isBeyond(age, tail, retention) && !isDue(age.at + retention.ageMs, now);
  });
  return kept < 0 ? rows : rows.slice(0, kept);
}

/** What retention knows of a channel. */
export interface Retained {
  readonly tail: Border;
  /** Its oldest row; null when none is stored. */
  readonly oldestRow: RowAge | null;
  /** Epoch milliseconds; null while it is open. */
  readonly endedAt: number | null;
  /** When it was deleted, in epoch milliseconds; null unless it was, and nothing was appended since. */
  readonly deletedAt: number | null;
}

/** What becomes of a channel next: rows are trimmed, an ended one is removed, a removed one's row is erased. */
export type RetentionStep = "trim" | "remove" | "erase";

/** The next step and when it is due, in epoch milliseconds; null: none. */
export function nextStep(
  { tail, oldestRow, endedAt, deletedAt }: Retained,
  retention: Retention,
  now: number,
): { readonly step: RetentionStep; readonly due: number } | null {
  if (deletedAt !== null) return { step: "erase", due: deletedAt + lastCursorKeptMs };
  if (oldestRow !== null) {
    return { step: "trim", due: isBeyond(oldestRow, tail, retention) ? now : oldestRow.at + retention.ageMs };
  }
  return endedAt === null ? null : { step: "remove", due: endedAt + retention.ageMs };
}

function isBeyond({ last, offset }: RowAge, tail: Border, { bytes, entries }: Retention): boolean {
  return tail.offset - offset > bytes || (entries > 0 && tail.cursor - last >= entries);
}
