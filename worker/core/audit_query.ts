import { type AuditAction, type AuditEvent, type AuditPage, ok, type Result } from "../../protocol/mod.ts";
import type { Statement } from "./directory_query.ts";
import { encodePageKey, parsePageKey } from "./page_key.ts";

/** What is asked of the audit log. */
export interface AuditQuery {
  /** Only these; all where absent. */
  readonly actions?: readonly AuditAction[];
  readonly subject?: string;
  readonly channel?: string;
  /** Epoch milliseconds, both inclusive. */
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  /** From the `next` of the page before. */
  readonly before?: string;
}

/** The audit calls of a tenant's directory object. */
export interface AuditCalls {
  /** Stores at most `callItems` events; one that is stored already is not stored again. */
  record(events: readonly AuditEvent[]): Promise<void>;
  audit(query: AuditQuery): Promise<AuditPage>;
}

/** Rows that one step of trimming deletes, so that no call of the object is long. */
export const trimStepRows = 1_000;

/**
 * The audit's table: in the order of time, without another index, so that an event costs one row. What filters pass
 * over is read; the rows are bounded.
 */
export const auditSchema = `
  CREATE TABLE IF NOT EXISTS audit (
    at INTEGER NOT NULL,
    id TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT,
    channel TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (at, id)
  ) WITHOUT ROWID;
`;

export const countSql = "SELECT COUNT(*) AS n FROM audit";

export const oldestSql = "SELECT MIN(at) AS at FROM audit";

/** An event that was sent again, because its answer was lost, changes nothing. */
export function recordStatement(event: AuditEvent): Statement {
  return {
    sql: `INSERT INTO audit (at, id, action, subject, channel, body)
      VALUES (?, ?, ?, ?, NULLIF(?, ''), ?) ON CONFLICT DO NOTHING`,
    bindings: [event.at, event.id, event.action, event.subject, event.channel ?? "", JSON.stringify(event)],
  };
}

/** Deletes the oldest rows: those before `before`, or as many as there are too many; a step at most. */
export function trimStatement(trim: { readonly before: number } | { readonly tooMany: number }): Statement {
  const [condition, bindings] =
    "before" in trim
      ? ["at < ?", [trim.before, trimStepRows]]
      : ["TRUE", [Math.min(trim.tooMany, trimStepRows)]];
  return {
    sql: `DELETE FROM audit WHERE (at, id) IN
      (SELECT at, id FROM audit WHERE ${condition} ORDER BY at, id LIMIT ?)`,
    bindings,
  };
}

/** Reads one row more than the page, which tells whether another page follows; nothing older than `oldest`. */
export function auditStatement(query: AuditQuery, oldest: number): Result<Statement> {
  const before = parsePageKey(query.before);
  if (!before.ok) return before;
  const parts = [
    { sql: "at >= ?", bindings: [Math.max(query.since ?? 0, oldest)] },
    query.until !== undefined && { sql: "at <= ?", bindings: [query.until] },
    before.value !== null && { sql: "(at, id) < (?, ?)", bindings: [before.value.at, before.value.name] },
    query.actions !== undefined && {
      sql: "action IN (SELECT value FROM json_each(?))",
      bindings: [JSON.stringify(query.actions)],
    },
    query.subject !== undefined && { sql: "subject = ?", bindings: [query.subject] },
    query.channel !== undefined && { sql: "channel = ?", bindings: [query.channel] },
  ].filter((part) => part !== false);
  return ok({
    sql: `SELECT body FROM audit WHERE ${parts.map((part) => part.sql).join(" AND ")}
      ORDER BY at DESC, id DESC LIMIT ?`,
    bindings: [...parts.flatMap((part) => part.bindings), query.limit + 1],
  });
}

/** Where a page ends: the place of its last event in the order of the log. */
export function auditKey({ at, id }: AuditEvent): string {
  return encodePageKey({ at, name: id });
}
