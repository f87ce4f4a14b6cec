import { OpenAPIRoute } from "chanfana";
import { noQuery } from "../../../protocol/schemas/rest/channels.ts";
import { channelObject } from "../../objects/env.ts";
import { authorizePath } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { bearer, channelParams, problems } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";

/** `DELETE /v1/channels/:kind/:id`: deletes the journal; its subscribers are told. */
export class DeleteChannel extends OpenAPIRoute {
  override schema = {
    tags: ["Channels"],
    summary: "Delete",
    description:
      "Deletes the journal. What is appended later begins a new epoch and counts on from the last cursor.",
    security: bearer,
    request: { params: channelParams },
    responses: {
      204: { description: "Deleted" },
      ...problems(
        "forbidden",
        "origin_forbidden",
        "channel_name_invalid",
        "channel_not_found",
        "storage_failed",
      ),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const access = await authorizePath(c, "write");
    if (!access.ok) return problemResponse(access.problem);
    const query = parseQuery(c.req.raw, noQuery);
    if (!query.ok) return problemResponse(query.problem);
    const { tenant, channel } = access.value;
    const deleted = await channelObject(c.env, tenant, channel.name).deleteJournal(tenant, channel.name);
    if (!deleted.ok) return problemResponse(deleted.problem);
    if (deleted.value.existed) return c.body(null, 204);
    return problemResponse({
      code: "channel_not_found",
      message: `The channel ${channel.name} has no entries to delete.`,
    });
  }
}
