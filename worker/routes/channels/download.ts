import { OpenAPIRoute } from "chanfana";
import type { z } from "zod";
import { limits, ok, type Result, refuse } from "../../../protocol/mod.ts";
import { downloadQuery } from "../../../protocol/schemas/rest/history.ts";
import type { ChannelHead } from "../../core/contract.ts";
import { compileSelection, type EntryTest } from "../../core/entry_test.ts";
import { type EntryWriter, type ExportFormat, entryWriter } from "../../core/export_text.ts";
import { entriesOfPage } from "../../core/history.ts";
import { channelObject } from "../../objects/env.ts";
import { type Access, authorizePath } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { bearer, channelParams, problems, textAnswer } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";
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

/** Cursors, both included. */
interface Range {
  readonly from: number;
  readonly to: number;
}

function rangeOf(head: ChannelHead, query: z.output<typeof downloadQuery>): Result<Range> {
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

const encoder = new TextEncoder();

/** Each pull reads one page, so that a slow client holds one page in memory. */
function exportStream(
  c: RouteContext,
  { tenant, channel }: Access,
  { from, to }: Range,
  matches: EntryTest,
  write: EntryWriter,
): ReadableStream<Uint8Array> {
  const object = channelObject(c.env, tenant, channel.name);
  let next = from;
  return new ReadableStream({
    async pull(controller) {
      while (next <= to) {
        const { page } = await object.read(tenant, channel.name, {
          after: next - 1,
          maxBytes: limits.rowBytes,
        });
        if (page === null || page.first > next) {
          // A break is told by a broken body: a shorter text would look whole.
          throw new Error(`Entries from ${next} were trimmed or deleted during the download`);
        }
        const start = next;
        next = page.last + 1;
        const text = writePage(entriesOfPage(page), page.first, { from: start, to }, matches, write);
        if (text !== "") return controller.enqueue(encoder.encode(text));
      }
      controller.close();
    },
  });
}

function writePage(
  entries: ReturnType<typeof entriesOfPage>,
  first: number,
  { from, to }: Range,
  matches: EntryTest,
  write: EntryWriter,
): string {
  return entries
    .map((entry, i) => {
      const cursor = first + i;
      return cursor >= from && cursor <= to && matches(entry) ? write(entry, cursor) : "";
    })
    .join("");
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
