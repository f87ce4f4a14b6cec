import { OpenAPIRoute } from "chanfana";
import { auditAnswer, auditQuery } from "../../../protocol/schemas/rest/audit.ts";
import { type AuditQuery, auditStatement } from "../../core/audit_query.ts";
import { requireAdmin } from "../../core/grants.ts";
import { directoryObject } from "../../objects/env.ts";
import { identify } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { bearer, jsonAnswer, problems } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";

const defaultLimit = 100;

/** `GET /v1/audit`: who came, read and was refused, newest first. */
export class ReadAudit extends OpenAPIRoute {
  override schema = {
    tags: ["Operation"],
    summary: "Audit log",
    description:
      "Who connected, read and was refused, newest first, some seconds after it happened. Needs the grant admin:*.",
    security: bearer,
    request: { query: auditQuery },
    responses: { 200: jsonAnswer("A page", auditAnswer), ...problems("forbidden") },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const identity = await identify(c);
    if (!identity.ok) return problemResponse(identity.problem);
    const granted = requireAdmin(identity.value.claims.grants);
    if (!granted.ok) return problemResponse(granted.problem);
    const parsed = parseQuery(c.req.raw, auditQuery);
    if (!parsed.ok) return problemResponse(parsed.problem);
    const { action, subject, channel, since, until, before, limit = defaultLimit } = parsed.value;
    const query: AuditQuery = {
      limit,
      ...(action !== undefined && { actions: action }),
      ...(subject !== undefined && { subject }),
      ...(channel !== undefined && { channel }),
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
      ...(before !== undefined && { before }),
    };
    const checked = auditStatement(query, 0);
    if (!checked.ok) return problemResponse(checked.problem);
    const page = await directoryObject(c.env, identity.value.tenant).audit(query);
    return c.json(page, 200, { "cache-control": "no-store" });
  }
}
