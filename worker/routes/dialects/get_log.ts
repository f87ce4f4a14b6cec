import { OpenAPIRoute } from "chanfana";
import { getLogQuery } from "../../../protocol/schemas/rest/tasks.ts";
import { entryWriter } from "../../core/export_text.ts";
import { channelObject, commandObject } from "../../objects/env.ts";
import { identify } from "../auth/authorize.ts";
import { exportStream } from "../channels/export_stream.ts";
import type { RouteContext } from "../context.ts";
import { bearer, problems, textAnswer } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";
import { authorizeId, taskOf } from "./authorize_id.ts";

/** `GET /v1/soft/getlog`: a task's whole text so far, for pages that read it again and again. */
export class GetTaskLog extends OpenAPIRoute {
  override schema = {
    tags: ["Install tasks"],
    summary: "Read a task's whole text so far",
    description: "Whole, each time: newer pages follow a task by its socket or its history.",
    security: bearer,
    request: { query: getLogQuery },
    responses: {
      200: textAnswer("The retained text up to now, a line a line", "text/plain"),
      ...problems("forbidden", "missing_field", "command_not_found"),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const identity = await identify(c);
    if (!identity.ok) return problemResponse(identity.problem);
    const query = parseQuery(c.req.raw, getLogQuery);
    if (!query.ok) return problemResponse(query.problem);
    const { fn, name } = query.value;
    const taskId = fn.slice(0, -".log".length);
    const access = await authorizeId(c, identity.value, "read", taskOf(taskId));
    if (!access.ok) return problemResponse(access.problem);
    const { tenant, channel } = access.value;
    const asked = { tenant, channel: channel.name, id: name };
    const install = await commandObject(c.env, tenant, channel.name).readCommand(asked);
    if (!install.ok) return problemResponse(install.problem);
    const { oldest, tail } = await channelObject(c.env, tenant, channel.name).head(tenant, channel.name);
    const all = { from: oldest, to: tail };
    const stream = exportStream(c, access.value, all, () => true, entryWriter("text"));
    return new Response(stream, {
      headers: {
        "content-type": "text/plain; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
      },
    });
  }
}
