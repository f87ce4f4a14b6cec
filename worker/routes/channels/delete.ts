import { OpenAPIRoute } from "chanfana";
import { channelObject } from "../../objects/env.ts";
import type { RouteContext } from "../context.ts";
import { bearer, channelParams, problems } from "../openapi_parts.ts";
import { problemResponse } from "../problem.ts";
import { authorizePlainPath } from "./access.ts";

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
    const access = await authorizePlainPath(c, "write");
    if (!access.ok) return problemResponse(access.problem);
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
