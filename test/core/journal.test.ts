import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { MemoryJournal } from "../../worker/core/memory_journal.ts";
import { SqliteJournal } from "../../worker/core/sqlite_journal.ts";
import { journalSuite, rowAfter, snapshotAt } from "./journal_suite.ts";
import { sqlOf } from "./sqlite.ts";

journalSuite("memory", () => {
  const journal = new MemoryJournal();
  return { journal, reopen: () => journal };
});

journalSuite("SQLite", () => {
  const sql = sqlOf(new DatabaseSync(":memory:"));
  return { journal: new SqliteJournal(sql), reopen: () => new SqliteJournal(sql) };
});

describe("journal: SQLite alone", () => {
  it("[JRN7] a read makes no tables", () => {
    const database = new DatabaseSync(":memory:");
    const journal = new SqliteJournal(sqlOf(database));
    journal.wake();
    journal.readFrom(1, 1);
    expect(database.prepare("SELECT count(*) AS n FROM sqlite_master").get()).toEqual({ n: 0 });
  });

  it("[JRN8] a commit that fails leaves nothing behind, and the next one works", () => {
    const database = new DatabaseSync(":memory:");
    const journal = new SqliteJournal(sqlOf(database));
    journal.commit([rowAfter(0, 1)], snapshotAt(0));
    expect(() => journal.commit([rowAfter(1, 1), rowAfter(0, 1)], null)).toThrow();
    expect(journal.readFrom(1, 1_000)).toEqual([rowAfter(0, 1)]);
    journal.commit([rowAfter(1, 1)], null);
    expect(journal.readFrom(2, 1_000)).toEqual([rowAfter(1, 1)]);
  });

  it("[JRN13] refuses a journal of another stored version by name, and changes nothing in it", () => {
    const database = new DatabaseSync(":memory:");
    new SqliteJournal(sqlOf(database)).commit([rowAfter(0, 1)], snapshotAt(0));
    database.exec("UPDATE snapshot SET body = json_set(body, '$.version', 2)");
    expect(() => new SqliteJournal(sqlOf(database)).wake()).toThrow(/version 2.*reads version 1/);
    expect(database.prepare("SELECT count(*) AS n FROM journal").get()).toEqual({ n: 1 });
  });
});
