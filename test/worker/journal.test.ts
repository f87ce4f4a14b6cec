import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { SqliteJournal } from "../../worker/core/sqlite_journal.ts";
import type { ChannelObject } from "../../worker/objects/channel.ts";
import { rowAfter, snapshotAt } from "../core/journal_suite.ts";
import { stubOf } from "./channel_client.ts";

describe("the journal in an object's storage", () => {
  it("[JRN9] holds rows of two-byte and astral text exactly, and reads them back by page", async () => {
    await runInDurableObject(stubOf("build/journal"), (_: ChannelObject, { storage }) => {
      const sql = {
        exec: (query: string, ...bindings: (string | number)[]) => storage.sql.exec(query, ...bindings),
        transaction: (run: () => void) => storage.transactionSync(run),
        erase: () => undefined,
      };
      const text = '{"line":"日本語 🚀 \\u0000 \\ud83d"}';
      const row = { ...rowAfter(0, 1), text, chunks: [1, 50, text.length] };
      const journal = new SqliteJournal(sql);
      journal.commit([row, rowAfter(1, 3)], snapshotAt(0));
      expect(new SqliteJournal(sql).readFrom(1, 1e6)).toEqual([row, rowAfter(1, 3)]);
      expect(() => journal.commit([rowAfter(4, 1), rowAfter(1, 3)], null)).toThrow();
      expect(journal.readBackFrom(9, 1e6)).toEqual([row, rowAfter(1, 3)]);
    });
  });
});
