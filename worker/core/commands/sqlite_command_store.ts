import type { CommandState, ExpiryCode } from "../../../protocol/mod.ts";
import type { Sql } from "../sqlite_journal.ts";
import type {
  CommandFate,
  CommandPlace,
  CommandRow,
  CommandStore,
  FateChange,
  GroupRow,
  WokenCommands,
} from "./command_store.ts";

const TABLES = "SELECT count(*) AS tables FROM sqlite_master WHERE name = 'commands'";
// Texts stand last, so that what only counts rows reads none of them. An absent group is an empty one.
const CREATE_COMMANDS = `CREATE TABLE IF NOT EXISTS commands (
  cursor INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, ts INTEGER NOT NULL, state TEXT NOT NULL,
  changed_at INTEGER NOT NULL, is_final INTEGER NOT NULL, lost_at INTEGER NOT NULL, subject TEXT NOT NULL,
  id TEXT NOT NULL, for_group TEXT NOT NULL, name TEXT NOT NULL, taken_by TEXT NOT NULL, code TEXT NOT NULL,
  answer TEXT NOT NULL, data TEXT NOT NULL)`;
const CREATE_IDS = "CREATE UNIQUE INDEX IF NOT EXISTS command_ids ON commands (id, subject)";
const CREATE_GROUPS = `CREATE TABLE IF NOT EXISTS command_groups (
  name TEXT PRIMARY KEY, cursor INTEGER NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID`;
const CREATE_PLACE = "CREATE TABLE IF NOT EXISTS command_place (id INTEGER PRIMARY KEY, body TEXT NOT NULL)";
const COLUMNS = `cursor, bytes, ts, state, changed_at, is_final, lost_at, subject, id, for_group, name, taken_by,
  code, answer, data`;
const INSERT = `INSERT INTO commands (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const CHANGE = `UPDATE commands SET state = ?, changed_at = ?, is_final = ?, lost_at = ?, taken_by = ?, code = ?,
  answer = ? WHERE cursor = ?`;
const PUT_GROUP = `INSERT INTO command_groups (name, cursor, since) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, since = excluded.since`;
const PUT_PLACE =
  "INSERT INTO command_place (id, body) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body";
const GET_PLACE = "SELECT body FROM command_place WHERE id = 1";
const GET_GROUPS = "SELECT name, cursor, since FROM command_groups";
const GET_OPEN = "SELECT cursor, bytes, ts FROM commands WHERE state = 'accepted' ORDER BY cursor";
const COUNT = "SELECT count(*) AS rows FROM commands";
const FIND = `SELECT ${COLUMNS} FROM commands WHERE id = ? AND subject = ?`;
const AT = `SELECT ${COLUMNS} FROM commands WHERE cursor = ?`;
const WITH_ID = `SELECT ${COLUMNS} FROM commands WHERE id = ? ORDER BY cursor LIMIT ?`;
const DUE_TO = `SELECT ${COLUMNS} FROM commands
  WHERE cursor > ? AND for_group IN ('', ?) AND state != 'expired'
    AND (cursor > ? OR state = 'accepted' OR for_group != '')
  ORDER BY cursor LIMIT ?`;
const OF = `SELECT ${COLUMNS} FROM commands WHERE subject = ? AND (is_final = 0 OR changed_at >= ?)
  ORDER BY cursor DESC LIMIT ?`;
const OLDEST = `SELECT ${COLUMNS} FROM commands ORDER BY cursor LIMIT ?`;
const OLDEST_TAKEN = `SELECT ${COLUMNS} FROM commands WHERE state != 'accepted' ORDER BY cursor LIMIT ?`;
const REMOVE = "DELETE FROM commands WHERE cursor = ?";
const CLEAR = ["DELETE FROM commands", "DELETE FROM command_groups", "DELETE FROM command_place"];

type Fields = Readonly<Record<string, unknown>>;

/** A second journal in SQLite. Its tables are made by the first command. */
export class SqliteCommandStore implements CommandStore {
  readonly #sql: Sql;
  #hasTables: boolean;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#hasTables = [...sql.exec(TABLES)][0]?.["tables"] === 1;
  }

  wake(): WokenCommands | null {
    const [place] = this.#read(GET_PLACE);
    if (place === undefined) return null;
    return {
      place: readPlace(String(place["body"])),
      groups: this.#read(GET_GROUPS).map(readGroup),
      open: this.#read(GET_OPEN).map(({ cursor, bytes, ts }) => ({
        cursor: Number(cursor),
        bytes: Number(bytes),
        ts: Number(ts),
      })),
      rows: Number(this.#read(COUNT)[0]?.["rows"]),
    };
  }

  insert(
    row: CommandRow,
    place: CommandPlace,
    { groups, gone }: { readonly groups: readonly GroupRow[]; readonly gone: readonly number[] },
  ): void {
    this.#write(() => {
      for (const cursor of gone) this.#run(REMOVE, cursor);
      for (const group of groups) this.#putGroup(group);
      const { cursor, bytes, ts, subject, id, group, name, data, fate } = row;
      const { state, changedAt, isFinal, lostAt, takenBy, code, answer } = fate;
      this.#run(
        INSERT,
        ...[cursor, bytes, ts, state, changedAt, Number(isFinal), lostAt ?? 0, subject, id],
        ...[group ?? "", name, takenBy ?? "", code ?? "", answer ?? "", data],
      );
      this.#run(PUT_PLACE, writePlace(place));
    });
  }

  change(changes: readonly FateChange[], group: GroupRow | null): void {
    this.#write(() => {
      for (const { cursor, fate } of changes) {
        const { state, changedAt, isFinal, lostAt, takenBy, code, answer } = fate;
        this.#run(
          CHANGE,
          ...[
            state,
            changedAt,
            Number(isFinal),
            lostAt ?? 0,
            takenBy ?? "",
            code ?? "",
            answer ?? "",
            cursor,
          ],
        );
      }
      if (group !== null) this.#putGroup(group);
    });
  }

  find(subject: string, id: string): CommandRow | null {
    return this.#rows(FIND, id, subject)[0] ?? null;
  }

  at(cursor: number): CommandRow | null {
    return this.#rows(AT, cursor)[0] ?? null;
  }

  withId(id: string, max: number): CommandRow[] {
    return this.#rows(WITH_ID, id, max);
  }

  dueTo({ name, since }: GroupRow, after: number, max: number): CommandRow[] {
    return this.#rows(DUE_TO, after, name, since, max);
  }

  of(subject: string, finalSince: number, max: number): CommandRow[] {
    return this.#rows(OF, subject, finalSince, max).reverse();
  }

  oldest(max: number, which: "all" | "taken"): CommandRow[] {
    return this.#rows(which === "all" ? OLDEST : OLDEST_TAKEN, max);
  }

  remove(cursors: readonly number[]): void {
    if (cursors.length === 0) return;
    this.#write(() => {
      for (const cursor of cursors) this.#run(REMOVE, cursor);
    });
  }

  clear(): void {
    if (!this.#hasTables) return;
    this.#sql.transaction(() => {
      for (const statement of CLEAR) this.#run(statement);
    });
  }

  #putGroup({ name, cursor, since }: GroupRow): void {
    this.#run(PUT_GROUP, name, cursor, since);
  }

  erased(): void {
    this.#hasTables = false;
  }

  #rows(query: string, ...bindings: (string | number)[]): CommandRow[] {
    return this.#read(query, ...bindings).map(readRow);
  }

  #read(query: string, ...bindings: (string | number)[]): Fields[] {
    return this.#hasTables ? [...this.#sql.exec(query, ...bindings)] : [];
  }

  #write(run: () => void): void {
    this.#sql.transaction(() => {
      if (!this.#hasTables) {
        for (const create of [CREATE_COMMANDS, CREATE_IDS, CREATE_GROUPS, CREATE_PLACE]) this.#run(create);
      }
      run();
    });
    this.#hasTables = true;
  }

  #run(query: string, ...bindings: (string | number)[]): void {
    // Statements run when their rows are read, in some databases.
    for (const _ of this.#sql.exec(query, ...bindings)) break;
  }
}

/** What the stored form is called: another one is refused by name, and never read as if it were this one. */
const storedVersion = 1;

function writePlace(place: CommandPlace): string {
  return JSON.stringify({ version: storedVersion, ...place });
}

function readPlace(body: string): CommandPlace {
  const { version, ...place } = JSON.parse(body) as CommandPlace & { readonly version?: number };
  if (version === storedVersion) return place;
  throw new Error(
    `The commands are stored as version ${version}, and this gateway reads version ${storedVersion}.`,
  );
}

function readGroup(row: Fields): GroupRow {
  return { name: String(row["name"]), cursor: Number(row["cursor"]), since: Number(row["since"]) };
}

function readRow(row: Fields): CommandRow {
  return {
    cursor: Number(row["cursor"]),
    id: String(row["id"]),
    subject: String(row["subject"]),
    group: textOrNull(row["for_group"]),
    name: String(row["name"]),
    data: String(row["data"]),
    bytes: Number(row["bytes"]),
    ts: Number(row["ts"]),
    fate: readFate(row),
  };
}

function readFate(row: Fields): CommandFate {
  const lostAt = Number(row["lost_at"]);
  return {
    state: String(row["state"]) as CommandState,
    changedAt: Number(row["changed_at"]),
    takenBy: textOrNull(row["taken_by"]),
    answer: textOrNull(row["answer"]),
    isFinal: row["is_final"] === 1,
    code: textOrNull(row["code"]) as ExpiryCode | null,
    lostAt: lostAt === 0 ? null : lostAt,
  };
}

function textOrNull(value: unknown): string | null {
  return value === "" ? null : String(value);
}
