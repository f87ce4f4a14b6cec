import { OpenAPIRoute } from "chanfana";
import type { Problem } from "../../../protocol/mod.ts";
import { noQuery } from "../../../protocol/schemas/rest/channels.ts";
import { sessionAnswer, sessionBody } from "../../../protocol/schemas/rest/session.ts";
import { auditorFor } from "../audit/auditor.ts";
import { sessionCookie } from "../auth/cookie.ts";
import { checkOrigin } from "../auth/origin.ts";
import { throttleFailure } from "../auth/throttle_failure.ts";
import { verifyToken } from "../auth/verify_token.ts";
import type { RouteContext } from "../context.ts";
import { jsonAnswer, problems } from "../openapi_parts.ts";
import { parseJsonBody, parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";
import { sessionOf } from "./answer.ts";

/** `POST /v1/session`: exchanges a token for the session cookie. */
export class SignIn extends OpenAPIRoute {
  override schema = {
    tags: ["Session"],
    summary: "Sign in",
    description: "Exchanges a token for the session cookie, which lives as long as the token.",
    request: { body: { required: true, content: { "application/json": { schema: sessionBody } } } },
    responses: {
      200: jsonAnswer("Signed in; Set-Cookie has the session", sessionAnswer),
      ...problems(
        "malformed_json",
        "missing_field",
        "unsupported_content_type",
        "body_too_large",
        "origin_forbidden",
        "cookie_needs_https",
        "too_many_failures",
      ),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const settings = c.get("settings");
    // A foreign page must not sign its reader in as somebody else.
    const origin = checkOrigin(c.req.raw, settings, false);
    if (!origin.ok) return refuseSignIn(c, origin.problem);
    const query = parseQuery(c.req.raw, noQuery);
    if (!query.ok) return problemResponse(query.problem);
    const body = await parseJsonBody(c.req.raw, sessionBody);
    if (!body.ok) return problemResponse(body.problem);
    const { token } = body.value;
    const claims = await verifyToken(token, c.get("secret"));
    if (!claims.ok) return refuseSignIn(c, await throttleFailure(c, claims.problem, token));
    const maxAgeSeconds = Math.max(1, Math.floor((claims.value.expiresAt - Date.now()) / 1000));
    const cookie = sessionCookie(new URL(c.req.url), token, maxAgeSeconds);
    if (!cookie.ok) return problemResponse(cookie.problem);
    const headers = { "set-cookie": cookie.value, "cache-control": "no-store" };
    return c.json(sessionOf(claims.value, settings), 200, headers);
  }
}

function refuseSignIn(c: RouteContext, problem: Problem): Response {
  auditorFor(c)({ action: "sign_in_refused", code: problem.code });
  return problemResponse(problem);
}
