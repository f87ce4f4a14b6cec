import { OpenAPIRoute } from "chanfana";
import { noQuery } from "../../../protocol/schemas/rest/channels.ts";
import { sessionAnswer } from "../../../protocol/schemas/rest/session.ts";
import { identify } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { bearer, jsonAnswer, problems } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";
import { sessionOf } from "./answer.ts";

/** `GET /v1/session`: who one is and what one may do; for whoever is not signed in, where to do it. */
export class ReadSession extends OpenAPIRoute {
  override schema = {
    tags: ["Session"],
    summary: "Who am I",
    security: bearer,
    responses: { 200: jsonAnswer("The token's claims", sessionAnswer), ...problems() },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const settings = c.get("settings");
    const identity = await identify(c);
    if (!identity.ok) return problemResponse({ ...identity.problem, loginUrl: settings.LOGIN_URL });
    const query = parseQuery(c.req.raw, noQuery);
    if (!query.ok) return problemResponse(query.problem);
    return c.json(sessionOf(identity.value.claims, settings), 200, { "cache-control": "no-store" });
  }
}
