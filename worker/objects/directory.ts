import { DurableObject } from "cloudflare:workers";
import type { DirectoryCalls, DirectoryEntry, DirectoryPage, DirectoryQuery } from "../core/contract.ts";
import {
  directorySchema,
  listStatement,
  pageKey,
  putStatement,
  removeSql,
  type Statement,
} from "../core/directory_query.ts";
import type { Env } from "./env.ts";

/** The channels of a tenant, as they last told of themselves. */
export class DirectoryObject extends DurableObject<Env> implements DirectoryCalls {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(directorySchema);
  }

  async put(entry: DirectoryEntry): Promise<void> {
    this.#run(putStatement(entry));
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

  #run({ sql, bindings }: Statement): { body: string }[] {
    return this.#sql.exec<{ body: string }>(sql, ...bindings).toArray();
  }
}
