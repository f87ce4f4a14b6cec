import { DurableObject } from "cloudflare:workers";
import { type AuditEvent, type AuditPage, problemTable } from "../../protocol/mod.ts";
import type { AuditCalls, AuditQuery } from "../core/audit_query.ts";
import { auditRetention } from "../core/audit_retention.ts";
import type { DirectoryCalls, DirectoryEntry, DirectoryPage, DirectoryQuery } from "../core/contract.ts";
import {
  directorySchema,
  listStatement,
  pageKey,
  putStatement,
  removeSql,
  type Statement,
} from "../core/directory_query.ts";
import { mustSet } from "../core/due.ts";
import { parseSettings } from "../core/settings.ts";
import { type WatchPlan, watchPlanHeader } from "../core/watch.ts";
import { AuditStore } from "./audit_store.ts";
import { DirectoryWatches } from "./directory_watches.ts";
import type { Env } from "./env.ts";

/** The channels of a tenant, as they last told of themselves, and the tenant's audit log. */
export class DirectoryObject extends DurableObject<Env> implements DirectoryCalls, AuditCalls {
  readonly #sql: SqlStorage;
  readonly #watches: DirectoryWatches;
  #audit: AuditStore | null = null;
  #alarmAt: number | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(directorySchema);
    this.#watches = new DirectoryWatches(ctx);
    ctx.blockConcurrencyWhile(async () => {
      this.#alarmAt = await ctx.storage.getAlarm();
    });
  }

  async put(entry: DirectoryEntry): Promise<void> {
    this.#watches.around(entry.channel, () => this.#run(putStatement(entry)));
  }

  async remove(channel: string): Promise<void> {
    this.#sql.exec(removeSql, channel);
  }

  /** A `before` that no page gave lists nothing: the route has checked it. */
  async list(query: DirectoryQuery): Promise<DirectoryPage> {
    const statement = listStatement(query);
    if (!statement.ok) return { channels: [], next: null };
    const found = this.#run(statement.value).map(({ body }) => JSON.parse(body) as DirectoryEntry);
    const channels = found.slice(0, query.limit);
    const last = channels.at(-1);
    return { channels, next: found.length > channels.length && last !== undefined ? pageKey(last) : null };
  }

  /** A watch's upgrade: an agent's Worker is told of channels, for as long as the socket lasts. */
  override async fetch(request: Request): Promise<Response> {
    const plan = JSON.parse(request.headers.get(watchPlanHeader) ?? "null") as WatchPlan | null;
    if (plan === null) return new Response(null, { status: 404 });
    const problem = this.#watches.admits();
    if (problem !== null) return Response.json(problem, { status: problemTable[problem.code].status });
    const { 0: client, 1: server } = new WebSocketPair();
    this.#watches.open(server, plan);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** An unanswered close leaves the Worker waiting. */
  override webSocketClose(socket: WebSocket): void {
    try {
      socket.close(1000);
    } catch {
      // It was closed from this side before.
    }
  }

  async record(events: readonly AuditEvent[]): Promise<void> {
    this.#log.record(events);
    await this.#plan();
  }

  async audit(query: AuditQuery): Promise<AuditPage> {
    return this.#log.page(query, Date.now());
  }

  override async alarm(): Promise<void> {
    this.#alarmAt = null;
    this.#log.trim(Date.now());
    await this.#plan();
  }

  /** The alarm is written only when it must come earlier: each setting is a billed row. */
  async #plan(): Promise<void> {
    const due = this.#log.dueAt(Date.now());
    if (!mustSet(this.#alarmAt, due)) return;
    this.#alarmAt = due;
    await this.ctx.storage.setAlarm(due);
  }

  get #log(): AuditStore {
    if (this.#audit !== null) return this.#audit;
    const settings = parseSettings(this.env);
    if (!settings.ok) throw new Error(settings.problem.message);
    this.#audit = new AuditStore(this.ctx.storage, auditRetention(settings.value));
    return this.#audit;
  }

  #run({ sql, bindings }: Statement): { body: string }[] {
    return this.#sql.exec<{ body: string }>(sql, ...bindings).toArray();
  }
}
