import { OpenAPIRoute } from "chanfana";
import { directoryAnswer, directoryQuery } from "../../../protocol/schemas/rest/channels.ts";
import type { DirectoryQuery } from "../../core/contract.ts";
import { listStatement } from "../../core/directory_query.ts";
import { describeGrants, readableBy } from "../../core/grants.ts";
import { directoryObject } from "../../objects/env.ts";
import { identify } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { bearer, jsonAnswer, problems } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";

const defaultLimit = 100;

/** `GET /v1/channels`: what exists and may be read, newest first. */
export class ListChannels extends OpenAPIRoute {
  override schema = {
    tags: ["Channels"],
    summary: "List channels",
    security: bearer,
    request: { query: directoryQuery },
    responses: { 200: jsonAnswer("A page", directoryAnswer), ...problems("forbidden") },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const identity = await identify(c);
    if (!identity.ok) return problemResponse(identity.problem);
    const parsed = parseQuery(c.req.raw, directoryQuery);
    if (!parsed.ok) return problemResponse(parsed.problem);
    const { grants } = identity.value.claims;
    const readable = readableBy(grants);
    if (readable.channels.length === 0) {
      const message = `This needs a grant to read: read:kind/id. ${describeGrants(grants)}`;
      return problemResponse({ code: "forbidden", message, expected: "read:*/*" });
    }
    const { kind, status, text, before, limit = defaultLimit } = parsed.value;
    const query: DirectoryQuery = {
      limit,
      readable,
      ...(kind !== undefined && { kind }),
      ...(status !== undefined && { status }),
      ...(text !== undefined && { text }),
      ...(before !== undefined && { before }),
    };
    const checked = listStatement(query);
    if (!checked.ok) return problemResponse(checked.problem);
    const page = await directoryObject(c.env, identity.value.tenant).list(query);
    return c.json(page, 200, { "cache-control": "no-store" });
  }
}
