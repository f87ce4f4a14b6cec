import { OpenAPIRoute } from "chanfana";
import { endAnswer, endBody } from "../../../protocol/schemas/rest/channels.ts";
import { channelObject } from "../../objects/env.ts";
import type { RouteContext } from "../context.ts";
import { bearer, channelParams, jsonAnswer, problems } from "../openapi_parts.ts";
import { parseJsonBody } from "../parse.ts";
import { problemResponse } from "../problem.ts";
import { authorizePlainPath } from "./access.ts";

/** `POST /v1/channels/:kind/:id/end`: seals a channel. A repeated one gets the first answer. */
export class EndChannel extends OpenAPIRoute {
  override schema = {
    tags: ["Channels"],
    summary: "End",
    description:
      "Seals the channel and answers with the proof of its text. A repeated end gets the first answer.",
    security: bearer,
    request: {
      params: channelParams,
      body: { required: true, content: { "application/json": { schema: endBody } } },
    },
    responses: {
      200: jsonAnswer("Ended", endAnswer),
      ...problems(
        "forbidden",
        "origin_forbidden",
        "channel_name_invalid",
        "malformed_json",
        "missing_field",
        "unsupported_content_type",
        "body_too_large",
        "storage_failed",
      ),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const access = await authorizePlainPath(c, "write");
    if (!access.ok) return problemResponse(access.problem);
    const body = await parseJsonBody(c.req.raw, endBody);
    if (!body.ok) return problemResponse(body.problem);
    const { tenant, channel } = access.value;
    const { status, exitCode, signal, message } = body.value;
    const receipt = await channelObject(c.env, tenant, channel.name).end({
      tenant,
      channel: channel.name,
      status,
      ...(exitCode !== undefined && { exitCode }),
      ...(signal !== undefined && { signal: signal.toWellFormed() }),
      ...(message !== undefined && { message: message.toWellFormed() }),
    });
    return receipt.ok ? c.json(receipt.value) : problemResponse(receipt.problem);
  }
}
