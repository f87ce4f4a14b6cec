import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { MemoryCommandStore } from "../../worker/core/commands/memory_command_store.ts";
import { SqliteCommandStore } from "../../worker/core/commands/sqlite_command_store.ts";
import { commandRow, commandStoreSuite, fill } from "./command_store_suite.ts";
import { sqlOf } from "./sqlite.ts";

commandStoreSuite("memory", () => {
  const store = new MemoryCommandStore();
  return { store, reopen: () => store };
});

commandStoreSuite("SQLite", () => {
  const sql = sqlOf(new DatabaseSync(":memory:"));
  return { store: new SqliteCommandStore(sql), reopen: () => new SqliteCommandStore(sql) };
});

describe("command store: SQLite alone", () => {
  it("[CST10] a read makes no tables, and neither does clearing nothing", () => {
    const database = new DatabaseSync(":memory:");
    const store = new SqliteCommandStore(sqlOf(database));
    store.wake();
    store.find("a", "b");
    store.remove([]);
    store.clear();
    expect(database.prepare("SELECT count(*) AS n FROM sqlite_master").get()).toEqual({ n: 0 });
  });

  it("[CST11] a database that was emptied under it begins anew", () => {
    const sql = sqlOf(new DatabaseSync(":memory:"));
    const store = new SqliteCommandStore(sql);
    fill(store, [commandRow(1)]);
    sql.erase();
    store.erased();
    expect(store.wake()).toBeNull();
    fill(store, [commandRow(1)]);
    expect(store.wake()).toMatchObject({ rows: 1 });
  });

  it("[CST12] refuses commands of another stored version by name", () => {
    const database = new DatabaseSync(":memory:");
    const store = new SqliteCommandStore(sqlOf(database));
    fill(store, [commandRow(1)]);
    database.exec("UPDATE command_place SET body = json_set(body, '$.version', 2)");
    expect(() => store.wake()).toThrow(/version 2.*reads version 1/);
  });
});
