import type { Journal, JournalRow, RowHead, RowMeta, Snapshot } from "./journal.ts";
import { takeBytes } from "./memory_journal.ts";

/** What the journal needs of a database: an object's own, or any other SQLite with synchronous calls. */
export interface Sql {
  exec(query: string, ...bindings: (string | number)[]): Iterable<Readonly<Record<string, unknown>>>;
  /** Runs it as one transaction: all or nothing. */
  transaction(run: () => void): void;
  /** Deletes everything, tables too. */
  erase(): void;
}

const TABLES = "SELECT count(*) AS tables FROM sqlite_master WHERE name = 'snapshot'";
// The key is the row's last cursor: one row is written a flush, for no other index is needed.
const CREATE_JOURNAL = `CREATE TABLE IF NOT EXISTS journal (
  last INTEGER PRIMARY KEY, first INTEGER NOT NULL, "offset" INTEGER NOT NULL, bytes INTEGER NOT NULL,
  chunks TEXT NOT NULL, meta TEXT NOT NULL, text TEXT NOT NULL)`;
const CREATE_SNAPSHOT = "CREATE TABLE IF NOT EXISTS snapshot (id INTEGER PRIMARY KEY, body TEXT NOT NULL)";
const INSERT_ROW = `INSERT INTO journal (last, first, "offset", bytes, chunks, meta, text)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;
const PUT_SNAPSHOT =
  "INSERT INTO snapshot (id, body) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body";
const GET_SNAPSHOT = "SELECT body FROM snapshot WHERE id = 1";
const HEADS_AFTER = `SELECT first, last, "offset", bytes, meta FROM journal WHERE last > ? ORDER BY last`;
const ROWS_FROM = `SELECT first, last, "offset", bytes, chunks, meta, text FROM journal WHERE last >= ? ORDER BY last`;
// A row that holds the cursor, or the last one before it, is the first of those that end at or after it.
const ROWS_BACK = `SELECT first, last, "offset", bytes, chunks, meta, text FROM journal
  WHERE last <= coalesce((SELECT min(last) FROM journal WHERE last >= ?), ?) AND first <= ?
  ORDER BY last DESC`;
const OLDEST_HEADS = `SELECT first, last, "offset", bytes, meta FROM journal ORDER BY last LIMIT ?`;
const TRIM_ROWS = "DELETE FROM journal WHERE last <= ?";
const DELETE_ROWS = "DELETE FROM journal";

/** A journal in SQLite. Its tables are made by the first commit: reading what never began stores nothing. */
export class SqliteJournal implements Journal {
  readonly #sql: Sql;
  #hasTables: boolean;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#hasTables = [...sql.exec(TABLES)][0]?.["tables"] === 1;
  }

  wake(): { snapshot: Snapshot; rows: readonly RowHead[] } | null {
    if (!this.#hasTables) return null;
    const stored = [...this.#sql.exec(GET_SNAPSHOT)][0];
    if (stored === undefined) return null;
    const snapshot = readSnapshot(String(stored["body"]));
    return { snapshot, rows: [...this.#sql.exec(HEADS_AFTER, snapshot.cursor)].map(readHead) };
  }

  commit(rows: readonly JournalRow[], snapshot: Snapshot | null): void {
    this.#sql.transaction(() => {
      if (!this.#hasTables) this.#createTables();
      for (const row of rows) {
        const chunks = JSON.stringify(row.chunks);
        this.#run(
          INSERT_ROW,
          row.last,
          row.first,
          row.offset,
          row.bytes,
          chunks,
          JSON.stringify(row.meta),
          row.text,
        );
      }
      if (snapshot !== null) this.#run(PUT_SNAPSHOT, writeSnapshot(snapshot));
    });
    this.#hasTables = true;
  }

  readFrom(cursor: number, maxBytes: number): JournalRow[] {
    return this.#hasTables ? takeBytes(this.#rows(ROWS_FROM, cursor), maxBytes) : [];
  }

  readBackFrom(cursor: number, maxBytes: number): JournalRow[] {
    if (!this.#hasTables) return [];
    return takeBytes(this.#rows(ROWS_BACK, cursor, cursor, cursor), maxBytes).reverse();
  }

  oldest(maxRows: number): RowHead[] {
    return this.#hasTables ? [...this.#sql.exec(OLDEST_HEADS, maxRows)].map(readHead) : [];
  }

  trim(cursor: number, snapshot: Snapshot): void {
    this.#sql.transaction(() => {
      this.#run(TRIM_ROWS, cursor);
      this.#run(PUT_SNAPSHOT, writeSnapshot(snapshot));
    });
  }

  clear(snapshot: Snapshot): void {
    this.#sql.transaction(() => {
      if (!this.#hasTables) this.#createTables();
      this.#run(DELETE_ROWS);
      this.#run(PUT_SNAPSHOT, writeSnapshot(snapshot));
    });
    this.#hasTables = true;
  }

  erase(): void {
    this.#sql.erase();
    this.#hasTables = false;
  }

  #createTables(): void {
    this.#run(CREATE_JOURNAL);
    this.#run(CREATE_SNAPSHOT);
  }

  *#rows(query: string, ...bindings: number[]): Iterable<JournalRow> {
    for (const row of this.#sql.exec(query, ...bindings)) {
      yield {
        ...readHead(row),
        text: String(row["text"]),
        chunks: JSON.parse(String(row["chunks"])) as number[],
      };
    }
  }

  #run(query: string, ...bindings: (string | number)[]): void {
    // Statements run when their rows are read, in some databases.
    for (const _ of this.#sql.exec(query, ...bindings)) break;
  }
}

/** What the stored form is called: another one is refused by name, and never read as if it were this one. */
const storedVersion = 1;

function writeSnapshot(snapshot: Snapshot): string {
  return JSON.stringify({ version: storedVersion, ...snapshot });
}

function readSnapshot(body: string): Snapshot {
  const { version, ...snapshot } = JSON.parse(body) as Snapshot & { readonly version?: number };
  if (version !== storedVersion) {
    throw new Error(
      `The journal is stored as version ${version}, and this gateway reads version ${storedVersion}.`,
    );
  }
  return snapshot;
}

function readHead(row: Readonly<Record<string, unknown>>): RowHead {
  return {
    first: Number(row["first"]),
    last: Number(row["last"]),
    offset: Number(row["offset"]),
    bytes: Number(row["bytes"]),
    meta: JSON.parse(String(row["meta"])) as RowMeta,
  };
}
