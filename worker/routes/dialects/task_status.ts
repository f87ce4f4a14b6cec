import { OpenAPIRoute } from "chanfana";
import { taskStatusAnswer, taskStatusQuery } from "../../../protocol/schemas/rest/tasks.ts";
import { taskStatus } from "../../core/task_history.ts";
import { channelObject } from "../../objects/env.ts";
import { identify } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { bearer, jsonAnswer, problems } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";
import { authorizeId, taskOf } from "./authorize_id.ts";

/** `GET /v1/log/status`: how far a task has come. One that nothing was written to is `waiting`. */
export class ReadTaskStatus extends OpenAPIRoute {
  override schema = {
    tags: ["Install tasks"],
    summary: "Read a task's status",
    description: "Progress is what the newest line that has one says, and 100 once the task succeeded.",
    security: bearer,
    request: { query: taskStatusQuery },
    responses: {
      200: jsonAnswer("The status", taskStatusAnswer),
      ...problems("forbidden", "channel_name_invalid"),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const identity = await identify(c);
    if (!identity.ok) return problemResponse(identity.problem);
    const query = parseQuery(c.req.raw, taskStatusQuery);
    if (!query.ok) return problemResponse(query.problem);
    const id = query.value.task_id;
    const access = await authorizeId(c, identity.value, "read", taskOf(id));
    if (!access.ok) return problemResponse(access.problem);
    const { tenant, channel } = access.value;
    const summary = await channelObject(c.env, tenant, channel.name).summary(tenant, channel.name);
    return c.json(taskStatus(id, summary), 200, { "cache-control": "no-store" });
  }
}
