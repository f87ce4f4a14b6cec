import { OpenAPIRoute } from "chanfana";
import type { z } from "zod";
import { limits, ok, type Result, refuse } from "../../../protocol/mod.ts";
import { historyAnswer, historyQuery } from "../../../protocol/schemas/rest/history.ts";
import type { ChannelHead } from "../../core/contract.ts";
import { compileSelection, type EntryTest } from "../../core/entry_test.ts";
import { entryWriter } from "../../core/export_text.ts";
import { checkRetained, type HistoryPage, type HistoryRequest, HistoryScan } from "../../core/history.ts";
import { channelObject } from "../../objects/env.ts";
import { type Access, authorizePath } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { bearer, channelParams, jsonAnswer, problems, textAnswer } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";
import { runScan } from "./run_scan.ts";
import { selectionOf } from "./selection.ts";

type Query = z.output<typeof historyQuery>;

/** `GET /v1/channels/:kind/:id/entries`: history, paged by cursor. */
export class ReadEntries extends OpenAPIRoute {
  override schema = {
    tags: ["Channels"],
    summary: "Read entries",
    description:
      "As JSON, or by Accept as application/x-ndjson (an entry a line) or text/plain (a line a line); then the headers Tailrace-Next, -Oldest, -Tail and -Ended say what JSON has beside the entries. A page may be short or empty: only next: null ends the reading.",
    security: bearer,
    request: { params: channelParams, query: historyQuery },
    responses: {
      200: {
        ...jsonAnswer("A page", historyAnswer),
        content: {
          ...jsonAnswer("A page", historyAnswer)?.content,
          ...textAnswer("A page", "application/x-ndjson", "text/plain")?.content,
        },
      },
      ...problems("forbidden", "channel_name_invalid", "cursor_trimmed"),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const access = await authorizePath(c, "read");
    if (!access.ok) return problemResponse(access.problem);
    const query = parseQuery(c.req.raw, historyQuery);
    if (!query.ok) return problemResponse(query.problem);
    const request = requestOf(query.value);
    if (!request.ok) return problemResponse(request.problem);
    const matches = compileSelection(selectionOf(query.value));
    if (!matches.ok) return problemResponse(matches.problem);
    const read = await readHistory(c, access.value, request.value, matches.value, query.value.wait ?? 0);
    return read.ok ? answer(c.req.header("accept") ?? "", read.value) : problemResponse(read.problem);
  }
}

function requestOf(query: Query): Result<HistoryRequest> {
  if (query.after !== undefined && query.before !== undefined) {
    return refuse("invalid_field", "The query has both after and before. Allowed: one of them.");
  }
  return ok({
    after: query.after,
    before: query.before,
    limit: query.limit ?? limits.historyDefaultEntries,
    countsOnly: query.count ?? false,
  });
}

interface Read {
  readonly head: ChannelHead;
  readonly page: HistoryPage;
  readonly countsOnly: boolean;
}

async function readHistory(
  c: RouteContext,
  { tenant, channel }: Access,
  request: HistoryRequest,
  matches: EntryTest,
  waitSeconds: number,
): Promise<Result<Read>> {
  const object = channelObject(c.env, tenant, channel.name);
  let head = await object.head(tenant, channel.name);
  const after = request.after ?? head.oldest - 1;
  if (request.before === undefined) {
    const retained = request.after === undefined ? ok(true) : checkRetained(head, request.after);
    if (!retained.ok) return retained;
    if (waitSeconds > 0 && head.tail <= after && !head.ended) {
      head = await object.waitAfter(tenant, channel.name, after, waitSeconds * 1000);
    }
  }
  const scan = new HistoryScan(request, head, matches);
  head = await runScan(object, tenant, channel.name, scan, head);
  return ok({ head, page: scan.result, countsOnly: request.countsOnly });
}

function answer(accept: string, { head, page, countsOnly }: Read): Response {
  const format = countsOnly ? "json" : acceptedFormat(accept);
  const { epoch, oldest, tail, ended } = head;
  if (format === "json") {
    const found = countsOnly ? { count: page.count } : { entries: page.entries };
    const body = { channel: head.channel, epoch, oldest, tail, ended, ...found, next: page.next };
    return Response.json(body, { headers: { "cache-control": "no-store" } });
  }
  const write = entryWriter(format);
  const text = page.entries.map(({ cursor, ...entry }) => write(entry, cursor)).join("");
  return new Response(text, {
    headers: {
      "content-type": format === "ndjson" ? "application/x-ndjson" : "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "tailrace-next": String(page.next),
      "tailrace-oldest": String(oldest),
      "tailrace-tail": String(tail),
      "tailrace-ended": String(ended),
    },
  });
}

/** The first media type of Accept that history has; JSON where it names none. */
function acceptedFormat(accept: string): "json" | "ndjson" | "text" {
  for (const part of accept.toLowerCase().split(",")) {
    const type = part.split(";")[0]?.trim();
    if (type === "application/json" || type === "*/*") return "json";
    if (type === "application/x-ndjson") return "ndjson";
    if (type === "text/plain") return "text";
  }
  return "json";
}
