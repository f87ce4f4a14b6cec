import type { Result } from "../../../protocol/mod.ts";
import { noQuery } from "../../../protocol/schemas/rest/channels.ts";
import type { Verb } from "../../core/grants.ts";
import { type Access, authorizePath } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { parseQuery } from "../parse.ts";

/** {@link authorizePath} for a route that takes no query. Who may not is told so, whatever else is wrong. */
export async function authorizePlainPath(c: RouteContext, verb: Verb): Promise<Result<Access>> {
  const access = await authorizePath(c, verb);
  if (!access.ok) return access;
  const query = parseQuery(c.req.raw, noQuery);
  return query.ok ? access : query;
}
