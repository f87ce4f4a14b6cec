import type { Journal, JournalRow, RowHead, Snapshot } from "./journal.ts";

/** A journal in memory: the contract at its plainest, for tests and models. */
export class MemoryJournal implements Journal {
  #rows: JournalRow[] = [];
  #snapshot: Snapshot | null = null;

  wake(): { snapshot: Snapshot; rows: readonly RowHead[] } | null {
    const snapshot = this.#snapshot;
    return snapshot && { snapshot, rows: this.#rows.filter((row) => row.last > snapshot.cursor) };
  }

  commit(rows: readonly JournalRow[], snapshot: Snapshot | null): void {
    this.#rows.push(...rows);
    if (snapshot !== null) this.#snapshot = snapshot;
  }

  readFrom(cursor: number, maxBytes: number): JournalRow[] {
    return takeBytes(
      this.#rows.values().filter((row) => row.last >= cursor),
      maxBytes,
    );
  }

  readBackFrom(cursor: number, maxBytes: number): JournalRow[] {
    return takeBytes(
      this.#rows
        .toReversed()
        .values()
        .filter((row) => row.first <= cursor),
      maxBytes,
    ).reverse();
  }

  oldest(maxRows: number): RowHead[] {
    return this.#rows.slice(0, maxRows);
  }

  trim(cursor: number, snapshot: Snapshot): void {
    this.#rows = this.#rows.filter((row) => row.last > cursor);
    this.#snapshot = snapshot;
  }

  clear(snapshot: Snapshot): void {
    this.#rows = [];
    this.#snapshot = snapshot;
  }

  erase(): void {
    this.#rows = [];
    this.#snapshot = null;
  }
}

/** The first rows that together have at most `maxBytes`; at least one. Reads no further than it must. */
export function takeBytes(rows: Iterable<JournalRow>, maxBytes: number): JournalRow[] {
  const taken: JournalRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (taken.length > 0 && bytes + row.bytes > maxBytes) break;
    taken.push(row);
    bytes += row.bytes;
  }
  return taken;
}
