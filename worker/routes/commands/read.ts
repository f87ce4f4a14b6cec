import { OpenAPIRoute } from "chanfana";
import { z } from "zod";
import { commandAnswer, commandQuery } from "../../../protocol/schemas/rest/commands.ts";
import { commandObject } from "../../objects/env.ts";
import { authorizePath } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { bearer, channelParams, jsonAnswer, problems } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";

/** `GET /v1/channels/:kind/:id/commands/:command`: where a command stands. */
export class ReadCommand extends OpenAPIRoute {
  override schema = {
    tags: ["Commands"],
    summary: "Where a command stands",
    description: "Its newest state, and the newest answer.",
    security: bearer,
    request: {
      params: channelParams.extend({
        command: z.string().meta({ description: "The sender's id for it", example: "c-1" }),
      }),
      query: commandQuery,
    },
    responses: {
      200: jsonAnswer("Where it stands", commandAnswer),
      ...problems("forbidden", "channel_name_invalid", "command_not_found"),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const query = parseQuery(c.req.raw, commandQuery);
    const asked = query.ok ? query.value.subject : undefined;
    // Another subject's commands are for those who serve the channel.
    const access = await authorizePath(c, asked === undefined ? "command" : "serve");
    if (!access.ok) return problemResponse(access.problem);
    if (!query.ok) return problemResponse(query.problem);
    const { tenant, channel, claims } = access.value;
    const found = await commandObject(c.env, tenant, channel.name).readCommand({
      tenant,
      channel: channel.name,
      id: c.req.param("command") ?? "",
      subject: asked ?? claims.subject,
    });
    if (!found.ok) return problemResponse(found.problem);
    return c.json(found.value, 200, { "cache-control": "no-store" });
  }
}
