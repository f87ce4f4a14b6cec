import { OpenAPIRoute } from "chanfana";
import { noQuery } from "../../../protocol/schemas/rest/channels.ts";
import { requireAdmin } from "../../core/grants.ts";
import { identify } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { bearer, problems, textAnswer } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";
import { encodeIsolateMetrics } from "./isolate.ts";

/** `GET /metrics`: what the isolate that answers has counted, for Prometheus. */
export class ReadMetrics extends OpenAPIRoute {
  override schema = {
    tags: ["Operation"],
    summary: "Metrics",
    description: "Prometheus' text format 0.0.4, of the isolate that answers. Needs the grant admin:*.",
    security: bearer,
    responses: { 200: textAnswer("The metrics", "text/plain"), ...problems("forbidden") },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const identity = await identify(c);
    if (!identity.ok) return problemResponse(identity.problem);
    const allowed = requireAdmin(identity.value.claims.grants);
    if (!allowed.ok) return problemResponse(allowed.problem);
    const query = parseQuery(c.req.raw, noQuery);
    if (!query.ok) return problemResponse(query.problem);
    return new Response(encodeIsolateMetrics(), {
      headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-store" },
    });
  }
}
