import { OpenAPIRoute } from "chanfana";
import { channelAnswer } from "../../../protocol/schemas/rest/channels.ts";
import { channelObject } from "../../objects/env.ts";
import type { RouteContext } from "../context.ts";
import { bearer, channelParams, jsonAnswer, problems } from "../openapi_parts.ts";
import { problemResponse } from "../problem.ts";
import { authorizePlainPath } from "./access.ts";

/** `GET /v1/channels/:kind/:id`: what is known of a channel. One that was never appended to is `waiting`. */
export class ReadChannel extends OpenAPIRoute {
  override schema = {
    tags: ["Channels"],
    summary: "Summary",
    description: "Stages, counts and state. A channel that nothing was appended to is waiting.",
    security: bearer,
    request: { params: channelParams },
    responses: {
      200: jsonAnswer("The summary", channelAnswer),
      ...problems("forbidden", "channel_name_invalid"),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const access = await authorizePlainPath(c, "read");
    if (!access.ok) return problemResponse(access.problem);
    const { tenant, channel } = access.value;
    const summary = await channelObject(c.env, tenant, channel.name).summary(tenant, channel.name);
    return c.json(summary, 200, { "cache-control": "no-store" });
  }
}
