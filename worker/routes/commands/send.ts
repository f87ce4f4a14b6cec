import { OpenAPIRoute } from "chanfana";
import { checkCommand, limits } from "../../../protocol/mod.ts";
import { commandAnswer, commandBody } from "../../../protocol/schemas/rest/commands.ts";
import { commandObject } from "../../objects/env.ts";
import { refuseCommand } from "../audit/refuse_command.ts";
import { authorizePlainPath } from "../channels/access.ts";
import type { RouteContext } from "../context.ts";
import { bearer, channelParams, jsonAnswer, problems } from "../openapi_parts.ts";
import { parseJsonBody } from "../parse.ts";
import { problemResponse } from "../problem.ts";

/** A body may write its data with escapes and spaces: what is bounded by itself is its canonical text. */
const maxBodyBytes = 8 * limits.commandBytes;

/** `POST /v1/channels/:kind/:id/commands`: sends a message upwards. */
export class SendCommand extends OpenAPIRoute {
  override schema = {
    tags: ["Commands"],
    summary: "Send a command",
    description:
      "Stored when it is answered, and sent to the channel's agents in order, also to one that comes later. A repeated id of one subject is told where the first stands.",
    security: bearer,
    request: {
      params: channelParams,
      body: { required: true, content: { "application/json": { schema: commandBody } } },
    },
    responses: {
      202: jsonAnswer("Where it stands", commandAnswer),
      ...problems(
        "forbidden",
        "origin_forbidden",
        "channel_name_invalid",
        "malformed_json",
        "missing_field",
        "unsupported_content_type",
        "body_too_large",
        "unknown_command",
        "hostile_content",
        "command_too_large",
        "command_exists",
        "channel_ended",
        "too_many_commands",
        "too_fast",
        "storage_failed",
      ),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const access = await authorizePlainPath(c, "command");
    if (!access.ok) return problemResponse(access.problem);
    const body = await parseJsonBody(c.req.raw, commandBody, maxBodyBytes);
    if (!body.ok) return problemResponse(body.problem);
    const { tenant, channel, claims } = access.value;
    const { id = crypto.randomUUID(), name, data, group } = body.value;
    const command = checkCommand(
      channel.kind,
      { id, name, data, ...(group !== undefined && { group }) },
      { allowsHostile: c.get("settings").ALLOW_HOSTILE_CONTENT },
    );
    if (!command.ok) return refuseCommand(c, channel.name, command.problem);
    const { subject } = claims;
    const object = commandObject(c.env, tenant, channel.name);
    const sent = await object.command({ tenant, channel: channel.name, subject, ...command.value });
    return sent.ok ? c.json(sent.value, 202) : refuseCommand(c, channel.name, sent.problem);
  }
}
