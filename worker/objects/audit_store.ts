import type { AuditEvent, AuditPage } from "../../protocol/mod.ts";
import {
  type AuditQuery,
  auditKey,
  auditSchema,
  auditStatement,
  countSql,
  oldestSql,
  recordStatement,
  trimStatement,
} from "../core/audit_query.ts";
import type { AuditRetention } from "../core/audit_retention.ts";
import type { Statement } from "../core/directory_query.ts";

/** Events expire by the hour: a wake for each of them would cost more than it keeps. */
const expiryStepMs = 60 * 60 * 1000;

/** The audit log in an object's storage: bounded by rows and by days, trimmed in steps. */
export class AuditStore {
  readonly #storage: DurableObjectStorage;
  readonly #retention: AuditRetention;
  #rows: number;

  constructor(storage: DurableObjectStorage, retention: AuditRetention) {
    this.#storage = storage;
    this.#retention = retention;
    storage.sql.exec(auditSchema);
    this.#rows = storage.sql.exec<{ n: number }>(countSql).one().n;
  }

  /** Stores what is new, and makes room for it. */
  record(events: readonly AuditEvent[]): void {
    this.#storage.transactionSync(() => {
      for (const event of events) this.#rows += this.#write(recordStatement(event));
      this.#trimRows();
    });
  }

  /** A `before` that no page gave lists nothing: the route has checked it. */
  page(query: AuditQuery, now: number): AuditPage {
    const statement = auditStatement(query, now - this.#retention.ageMs);
    if (!statement.ok) return { events: [], next: null };
    const { sql, bindings } = statement.value;
    const rows = this.#storage.sql.exec<{ body: string }>(sql, ...bindings).toArray();
    const events = rows.slice(0, query.limit).map(({ body }) => JSON.parse(body) as AuditEvent);
    const last = events.at(-1);
    return { events, next: rows.length > events.length && last !== undefined ? auditKey(last) : null };
  }

  /** One step of trimming. */
  trim(now: number): void {
    this.#storage.transactionSync(() => {
      this.#rows -= this.#write(trimStatement({ before: now - this.#retention.ageMs }));
      this.#trimRows();
    });
  }

  /** When to trim next, in epoch milliseconds: at once where a step left something; null where there is nothing. */
  dueAt(now: number): number | null {
    const { at: oldest } = this.#storage.sql.exec<{ at: number | null }>(oldestSql).one();
    if (oldest === null) return null;
    const expiresAt = oldest + this.#retention.ageMs;
    if (expiresAt < now || this.#rows > this.#retention.events) return now;
    return Math.ceil((expiresAt + 1) / expiryStepMs) * expiryStepMs;
  }

  #trimRows(): void {
    const tooMany = this.#rows - this.#retention.events;
    if (tooMany > 0) this.#rows -= this.#write(trimStatement({ tooMany }));
  }

  /** Runs a statement; answers how many rows it changed. The table has no index, so that each is written once. */
  #write({ sql, bindings }: Statement): number {
    return this.#storage.sql.exec(sql, ...bindings).rowsWritten;
  }
}
