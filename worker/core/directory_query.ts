import { ok, type Result } from "../../protocol/mod.ts";
import type { DirectoryEntry, DirectoryQuery } from "./contract.ts";
import { encodePageKey, parsePageKey } from "./page_key.ts";

/** A statement and what its question marks stand for. */
export interface Statement {
  readonly sql: string;
  readonly bindings: readonly (string | number | null)[];
}

/**
 * The directory's table. A page is read along one of the indexes, newest first, so that a listing costs its
 * page and what it passes over, however many channels there are.
 */
export const directorySchema = `
  CREATE TABLE IF NOT EXISTS channels (
    channel TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    project TEXT,
    status TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    body TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS by_start ON channels (started_at, channel);
  CREATE INDEX IF NOT EXISTS by_kind ON channels (kind, started_at, channel);
`;

/**
 * Stores an entry, unless a newer one is there: updates of one channel may overtake each other. One that says nothing
 * new writes no row, for a channel that wakes tells of itself again.
 */
export function putStatement(entry: DirectoryEntry): Statement {
  const slash = entry.channel.indexOf("/");
  return {
    sql: `INSERT INTO channels (channel, kind, id, project, status, started_at, updated_at, body)
      VALUES (?, ?, ?, NULLIF(?, ''), ?, ?, ?, ?)
      ON CONFLICT (channel) DO UPDATE SET
        project = excluded.project, status = excluded.status, started_at = excluded.started_at,
        updated_at = excluded.updated_at, body = excluded.body
      WHERE excluded.updated_at >= channels.updated_at AND excluded.body <> channels.body`,
    bindings: [
      entry.channel,
      entry.channel.slice(0, slash),
      entry.channel.slice(slash + 1),
      entry.project ?? "",
      entry.status,
      entry.startedAt,
      entry.updatedAt,
      JSON.stringify(entry),
    ],
  };
}

export const removeSql = "DELETE FROM channels WHERE channel = ?";

/** Reads one row more than the page, which tells whether another page follows. */
export function listStatement(query: DirectoryQuery): Result<Statement> {
  const before = parsePageKey(query.before);
  if (!before.ok) return before;
  const parts = [
    query.kind !== undefined && { sql: "kind = ?", bindings: [query.kind] },
    query.status !== undefined && { sql: "status = ?", bindings: [query.status] },
    // instr, for LIKE patterns may have 50 bytes at most here.
    query.text !== undefined && { sql: "instr(lower(id), lower(?)) > 0", bindings: [query.text] },
    before.value !== null && {
      sql: "(started_at, channel) < (?, ?)",
      bindings: [before.value.at, before.value.name],
    },
    readableCondition(query.readable),
  ].filter((part) => part !== false);
  return ok({
    sql: `SELECT body FROM channels WHERE ${parts.map((part) => part.sql).join(" AND ")}
      ORDER BY started_at DESC, channel DESC LIMIT ?`,
    bindings: [...parts.flatMap((part) => part.bindings), query.limit + 1],
  });
}

/** Patterns travel as one JSON list, for a statement takes 100 bindings and a token may have more grants. */
function readableCondition({ channels, projects }: DirectoryQuery["readable"]): Statement {
  if (channels.includes("*/*")) return { sql: "TRUE", bindings: [] };
  return {
    sql: `(EXISTS (
        SELECT 1 FROM json_each(?) AS pattern
        WHERE pattern.value ->> 'kind' IN ('*', channels.kind)
          AND substr(channels.id, 1, pattern.value ->> 'chars') = pattern.value ->> 'name'
      ) OR (project IS NOT NULL AND EXISTS (
        SELECT 1 FROM json_each(?) AS pattern
        WHERE substr(channels.project, 1, pattern.value ->> 'chars') = pattern.value ->> 'name'
      )))`,
    bindings: [JSON.stringify(channels.map(channelPattern)), JSON.stringify(projects.map(namePattern))],
  };
}

interface SqlPattern {
  readonly name: string;
  /** How many characters of a name are compared: those of a prefix, or more than any name has. */
  readonly chars: number;
}

function namePattern(pattern: string): SqlPattern {
  if (!pattern.endsWith("*")) return { name: pattern, chars: 1_000 };
  return { name: pattern.slice(0, -1), chars: pattern.length - 1 };
}

function channelPattern(pattern: string): SqlPattern & { readonly kind: string } {
  const slash = pattern.indexOf("/");
  return { kind: pattern.slice(0, slash), ...namePattern(pattern.slice(slash + 1)) };
}

/** Where a page ends: the place of its last channel in the order of the listing. */
export function pageKey(entry: DirectoryEntry): string {
  return encodePageKey({ at: entry.startedAt, name: entry.channel });
}
