import type { Hono } from "hono";
import type { Dialect } from "../../../protocol/dialects/dialect.ts";
import { dialects } from "../../../protocol/dialects/dialects.ts";
import type { GatewayEnv } from "../context.ts";
import { openDialectSocket, openManySocket } from "./many.ts";

/** Adds `/ws`, and the paths that dialects have for themselves. */
export function addDialectSockets(app: Hono<GatewayEnv>, table: readonly Dialect[] = dialects): void {
  app.get("/ws", (c) => openManySocket(c, table));
  for (const dialect of table) {
    if (dialect.path !== undefined) app.get(dialect.path, (c) => openDialectSocket(c, dialect));
  }
}
