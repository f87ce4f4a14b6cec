import { OpenAPIRoute } from "chanfana";
import { dUnknown } from "../../../protocol/dialects/d_message.ts";
import type { TaskHistory } from "../../../protocol/dialects/d_rest.ts";
import { limits, ok, type Result } from "../../../protocol/mod.ts";
import { taskHistoryAnswer, taskHistoryQuery } from "../../../protocol/schemas/rest/tasks.ts";
import type { ChannelCalls, ChannelHead } from "../../core/contract.ts";
import { checkRetained, HistoryScan } from "../../core/history.ts";
import { lostJournal, messagesOf, progressFrom } from "../../core/task_history.ts";
import { channelObject } from "../../objects/env.ts";
import { type Access, identify } from "../auth/authorize.ts";
import { runScan } from "../channels/run_scan.ts";
import type { RouteContext } from "../context.ts";
import { bearer, jsonAnswer, problems } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";
import { authorizeId, taskOf } from "./authorize_id.ts";

/** `GET /v1/log/history`: a task's messages, paged by offset. */
export class ReadTaskHistory extends OpenAPIRoute {
  override schema = {
    tags: ["Install tasks"],
    summary: "Read a task's messages",
    description:
      "Offset n is after the n-th line. A page may be short or empty: only next: null says that everything there is was read. An offset past the newest line is of a log that was deleted: the page begins with a WARN message, whose offset is 0, and goes on from the oldest.",
    security: bearer,
    request: { query: taskHistoryQuery },
    responses: {
      200: jsonAnswer("A page", taskHistoryAnswer),
      ...problems("forbidden", "channel_name_invalid", "cursor_trimmed"),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const identity = await identify(c);
    if (!identity.ok) return problemResponse(identity.problem);
    const query = parseQuery(c.req.raw, taskHistoryQuery);
    if (!query.ok) return problemResponse(query.problem);
    const { task_id: id, offset = 0, limit = limits.historyDefaultEntries } = query.value;
    const access = await authorizeId(c, identity.value, "read", taskOf(id));
    if (!access.ok) return problemResponse(access.problem);
    const history = await readTask(c, access.value, id, offset, limit);
    if (!history.ok) return problemResponse(history.problem);
    return c.json(history.value, 200, { "cache-control": "no-store" });
  }
}

async function readTask(
  c: RouteContext,
  { tenant, channel }: Access,
  id: string,
  offset: number,
  limit: number,
): Promise<Result<TaskHistory>> {
  const object = channelObject(c.env, tenant, channel.name);
  const head = await object.head(tenant, channel.name);
  const isLost = offset > head.tail;
  const after = isLost ? head.oldest - 1 : offset;
  const retained = checkRetained(head, after, "offset");
  if (!retained.ok) return retained;
  const scan = new HistoryScan({ after, limit, countsOnly: false }, head, () => true);
  const { tail } = await runScan(object, tenant, channel.name, scan, head);
  const { entries, next } = scan.result;
  const [first] = entries;
  const before = first === undefined ? dUnknown : await progressBefore(object, tenant, head, first.cursor);
  const lost = isLost ? [lostJournal(head, offset, Date.now())] : [];
  return ok({ task_id: id, messages: [...lost, ...messagesOf(entries, before)], offset, next, total: tail });
}

/** What the lines before a cursor said of progress and step, as far as one page of the journal tells. */
async function progressBefore(
  object: Pick<ChannelCalls, "read">,
  tenant: string,
  head: ChannelHead,
  cursor: number,
) {
  const { page } = await object.read(tenant, head.channel, { before: cursor, maxBytes: limits.rowBytes });
  return progressFrom(page, head, cursor);
}
