import { OpenAPIRoute } from "chanfana";
import { noQuery } from "../../../protocol/schemas/rest/channels.ts";
import { readSessionCookie, sessionCookie } from "../auth/cookie.ts";
import { checkOrigin } from "../auth/origin.ts";
import type { RouteContext } from "../context.ts";
import { problems } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";

/** `DELETE /v1/session`: takes the cookie away, whatever it holds. */
export class SignOut extends OpenAPIRoute {
  override schema = {
    tags: ["Session"],
    summary: "Sign out",
    responses: {
      204: { description: "Signed out" },
      ...problems("origin_forbidden", "cookie_needs_https"),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const origin = checkOrigin(c.req.raw, c.get("settings"), readSessionCookie(c.req.raw) !== null);
    if (!origin.ok) return problemResponse(origin.problem);
    const query = parseQuery(c.req.raw, noQuery);
    if (!query.ok) return problemResponse(query.problem);
    const cookie = sessionCookie(new URL(c.req.url), "", 0);
    if (!cookie.ok) return problemResponse(cookie.problem);
    return c.body(null, 204, { "set-cookie": cookie.value, "cache-control": "no-store" });
  }
}
