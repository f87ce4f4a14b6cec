import type { Hono } from "hono";
import type { Problem } from "../../protocol/mod.ts";
import { checkOrigin } from "./auth/origin.ts";
import type { GatewayEnv, RouteContext } from "./context.ts";
import { problemResponse } from "./problem.ts";
import { isUpgrade, refuseHandshake } from "./ws/refuse_handshake.ts";

/** Answers what no route took: 405 with Allow where the path has other methods, else 404; a handshake as such. */
export function unrouted(app: Hono<GatewayEnv>): (c: RouteContext) => Response {
  return (c) => {
    const path = new URL(c.req.url).pathname;
    const { method } = c.req;
    const allowed = allowedMethods(app, path);
    if (allowed.length === 0 || allowed.includes(method)) {
      return missing(c, {
        code: "route_not_found",
        message: `There is no ${method} ${path.slice(0, 200)}. The routes are listed at /docs.`,
      });
    }
    const message = `${path.slice(0, 200)} does not take ${method}. Allowed: ${allowed.join(", ")}.`;
    return problemResponse(
      { code: "method_not_allowed", message, expected: allowed.join(", "), received: method },
      { allow: allowed.join(", ") },
    );
  };
}

function missing(c: RouteContext, problem: Problem): Response {
  const { raw } = c.req;
  if (!isUpgrade(raw)) return problemResponse(problem);
  // No socket is opened to a page of a foreign origin, not even to refuse it.
  const origin = checkOrigin(raw, c.get("settings"), false);
  return refuseHandshake(raw, origin.ok ? problem : origin.problem);
}

function allowedMethods(app: Hono<GatewayEnv>, path: string): string[] {
  const methods = app.routes
    .filter((route) => route.method !== "ALL" && patternOf(route.path).test(path))
    .map((route) => route.method);
  return [...new Set(methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])))].sort();
}

/** A route's path as a pattern: `:name` is one segment, `*` anything. */
function patternOf(path: string): RegExp {
  const source = path
    .replace(/[.+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("/*", "(?:/.*)?")
    .replace(/:[a-z_]+/g, "[^/]+");
  return new RegExp(`^${source}$`);
}
