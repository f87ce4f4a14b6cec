import { OpenAPIRoute } from "chanfana";
import type { z } from "zod";
import { ok, type Result, refuse } from "../../../protocol/mod.ts";
import { downloadQuery } from "../../../protocol/schemas/rest/history.ts";
import type { ChannelHead } from "../../core/contract.ts";
import { compileSelection } from "../../core/entry_test.ts";
import { type ExportFormat, entryWriter } from "../../core/export_text.ts";
import { channelObject } from "../../objects/env.ts";
import { type Access, authorizePath } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { bearer, channelParams, problems, textAnswer } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";
import { type CursorRange, exportStream } from "./export_stream.ts";
import { selectionOf } from "./selection.ts";

/** `GET /v1/channels/:kind/:id/download`: the channel's text, read page by page as the client takes it. */
export class DownloadChannel extends OpenAPIRoute {
  override schema = {
    tags: ["Channels"],
    summary: "Download",
    security: bearer,
    request: { params: channelParams, query: downloadQuery },
    responses: {
      200: textAnswer("The entries up to the tail at the start", "text/plain", "application/x-ndjson"),
      ...problems("forbidden", "channel_name_invalid", "channel_not_found", "cursor_trimmed"),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const access = await authorizePath(c, "read");
    if (!access.ok) return problemResponse(access.problem);
    const query = parseQuery(c.req.raw, downloadQuery);
    if (!query.ok) return problemResponse(query.problem);
    const matches = compileSelection(selectionOf(query.value));
    if (!matches.ok) return problemResponse(matches.problem);
    const { tenant, channel } = access.value;
    const head = await channelObject(c.env, tenant, channel.name).head(tenant, channel.name);
    const range = rangeOf(head, query.value);
    if (!range.ok) return problemResponse(range.problem);
    const format = query.value.format ?? "text";
    const stream = exportStream(c, access.value, range.value, matches.value, entryWriter(format));
    return new Response(stream, { headers: downloadHeaders(access.value, format) });
  }
}

function rangeOf(head: ChannelHead, query: z.output<typeof downloadQuery>): Result<CursorRange> {
  if (head.epoch === null) {
    return refuse("channel_not_found", `The channel ${head.channel} has no entries yet.`);
  }
  const from = query.from ?? head.oldest;
  if (from < head.oldest) {
    return refuse(
      "cursor_trimmed",
      `Entries from ${from} are asked for and the oldest retained is ${head.oldest}.`,
      { oldest: head.oldest, received: from },
    );
  }
  return ok({ from, to: Math.min(query.to ?? head.tail, head.tail) });
}

function downloadHeaders({ channel }: Access, format: ExportFormat): Record<string, string> {
  // A colon is no part of a file's name on every system.
  const name = `${channel.kind}-${channel.id.replaceAll(":", "-")}`;
  const isText = format !== "ndjson";
  return {
    "content-type": isText ? "text/plain; charset=utf-8" : "application/x-ndjson",
    "content-disposition": `attachment; filename="${name}.${isText ? "log" : "ndjson"}"`,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
}
