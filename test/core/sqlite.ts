import type { DatabaseSync } from "node:sqlite";
import type { Sql } from "../../worker/core/sqlite_journal.ts";

/** A database of Node as the stores take one. */
export function sqlOf(database: DatabaseSync): Sql {
  return {
    exec: (query, ...bindings) => database.prepare(query).all(...bindings) as Record<string, unknown>[],
    erase: () => {
      const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
      for (const { name } of tables) database.exec(`DROP TABLE ${String(name)}`);
    },
    transaction: (run) => {
      database.exec("BEGIN");
      try {
        run();
        database.exec("COMMIT");
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
  };
}
