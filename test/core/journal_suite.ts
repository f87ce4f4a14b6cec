import { describe, expect, it } from "vitest";
import { emptySummary } from "../../protocol/mod.ts";
import type { Journal, JournalRow, Snapshot } from "../../worker/core/journal.ts";

/** A row of `entries` entries after `before`, in one chunk. */
export function rowAfter(before: number, entries: number, offset = 0): JournalRow {
  const text = Array.from({ length: entries }, (_, i) => `{"n":${before + i + 1}}`).join(",");
  const sum = { lines: entries, bytes: entries, crc: before };
  return {
    first: before + 1,
    last: before + entries,
    offset,
    bytes: text.length,
    text,
    chunks: [entries, text.length, text.length],
    meta: { at: 1, sum, total: sum, flush: { before, delta: emptySummary(), producers: {} } },
  };
}

export function snapshotAt(cursor: number, epoch: string | null = "e"): Snapshot {
  return {
    tenant: "t",
    channel: "build/1",
    epoch,
    first: 1,
    cursor,
    offset: 0,
    total: { lines: 0, bytes: 0, crc: 0 },
    trimmed: { cursor: 0, offset: 0, total: { lines: 0, bytes: 0, crc: 0 } },
    startedAt: 1,
    updatedAt: 1,
    summary: emptySummary(),
    producers: {},
  };
}

const firsts = (rows: readonly { readonly first: number }[]) => rows.map(({ first }) => first);

/** The contract of a journal: every implementation passes it. `reopen` wakes another one on the same store. */
export function journalSuite(name: string, make: () => { journal: Journal; reopen: () => Journal }): void {
  describe(`journal: ${name}`, () => {
    it("[JRN1] knows nothing before the first commit", () => {
      const { journal } = make();
      expect(journal.wake()).toBeNull();
      expect(journal.oldest(9)).toEqual([]);
      expect(journal.readFrom(1, 100)).toEqual([]);
      expect(journal.readBackFrom(1, 100)).toEqual([]);
    });

    it("[JRN2] gives back rows exactly as they were committed, after a reopen too", () => {
      const { journal, reopen } = make();
      const rows = [rowAfter(0, 3), rowAfter(3, 2, 21)];
      journal.commit(rows, snapshotAt(0));
      expect(journal.readFrom(1, 1_000)).toEqual(rows);
      expect(reopen().readFrom(1, 1_000)).toEqual(rows);
      expect(firsts(reopen().oldest(9))).toEqual([1, 4]);
    });

    it("[JRN3] wakes with the snapshot and the heads of the rows after it", () => {
      const { journal, reopen } = make();
      journal.commit([rowAfter(0, 3)], snapshotAt(0));
      journal.commit([rowAfter(3, 2)], snapshotAt(3));
      journal.commit([rowAfter(5, 1)], null);
      const woken = reopen().wake();
      expect(woken?.snapshot).toEqual(snapshotAt(3));
      expect(woken?.rows.map((row) => [row.first, row.last])).toEqual([
        [4, 5],
        [6, 6],
      ]);
    });

    it("[JRN4] reads forwards from the row that holds a cursor, bounded by bytes, at least one row", () => {
      const { journal } = make();
      journal.commit([rowAfter(0, 3), rowAfter(3, 3), rowAfter(6, 3)], snapshotAt(0));
      expect(journal.readFrom(5, 1).map((row) => row.first)).toEqual([4]);
      expect(journal.readFrom(3, 1_000).map((row) => row.first)).toEqual([1, 4, 7]);
      expect(journal.readFrom(4, 2 * rowAfter(0, 3).bytes).map((row) => row.first)).toEqual([4, 7]);
      expect(journal.readFrom(10, 1_000)).toEqual([]);
    });

    it("[JRN5] reads backwards up to the row that holds a cursor, in cursor order", () => {
      const { journal } = make();
      journal.commit([rowAfter(0, 3), rowAfter(3, 3), rowAfter(6, 3)], snapshotAt(0));
      expect(journal.readBackFrom(5, 1).map((row) => row.first)).toEqual([4]);
      expect(journal.readBackFrom(5, 1_000).map((row) => row.first)).toEqual([1, 4]);
      expect(journal.readBackFrom(99, 2 * rowAfter(0, 3).bytes).map((row) => row.first)).toEqual([4, 7]);
    });

    it("[JRN6] clears all rows and keeps the snapshot alone", () => {
      const { journal, reopen } = make();
      journal.commit([rowAfter(0, 3)], snapshotAt(0));
      journal.clear(snapshotAt(3, null));
      expect(journal.readFrom(1, 1_000)).toEqual([]);
      expect(reopen().wake()).toEqual({ snapshot: snapshotAt(3, null), rows: [] });
      journal.commit([rowAfter(3, 1)], null);
      expect(firsts(reopen().oldest(9))).toEqual([4]);
    });

    it("[JRN10] gives the heads of the oldest rows, at most so many", () => {
      const { journal } = make();
      journal.commit([rowAfter(0, 3), rowAfter(3, 2), rowAfter(5, 1)], snapshotAt(0));
      const { text: _, chunks: __, ...head } = rowAfter(0, 3);
      expect(journal.oldest(2)[0]).toMatchObject(head);
      expect(firsts(journal.oldest(2))).toEqual([1, 4]);
    });

    it("[JRN11] trims whole rows up to a cursor, and wakes with the snapshot that came with it", () => {
      const { journal, reopen } = make();
      journal.commit([rowAfter(0, 3), rowAfter(3, 2), rowAfter(5, 1)], snapshotAt(0));
      journal.trim(5, snapshotAt(6));
      expect(firsts(journal.readFrom(1, 1_000))).toEqual([6]);
      expect(firsts(reopen().oldest(9))).toEqual([6]);
      expect(reopen().wake()).toEqual({ snapshot: snapshotAt(6), rows: [] });
      journal.commit([rowAfter(6, 1)], null);
      journal.trim(7, snapshotAt(7));
      expect(reopen().oldest(9)).toEqual([]);
      expect(reopen().wake()).toEqual({ snapshot: snapshotAt(7), rows: [] });
    });

    it("[JRN12] erased, it knows nothing, and begins anew", () => {
      const { journal, reopen } = make();
      journal.commit([rowAfter(0, 3)], snapshotAt(0));
      journal.erase();
      expect(journal.wake()).toBeNull();
      expect(reopen().wake()).toBeNull();
      journal.commit([rowAfter(0, 1)], snapshotAt(0, "f"));
      expect(firsts(reopen().oldest(9))).toEqual([1]);
      expect(reopen().wake()?.snapshot.epoch).toBe("f");
    });
  });
}
