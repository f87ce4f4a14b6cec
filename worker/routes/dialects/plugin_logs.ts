import { OpenAPIRoute } from "chanfana";
import type { PluginLogsAnswer } from "../../../protocol/dialects/c_rest.ts";
import { limits } from "../../../protocol/mod.ts";
import {
  pluginLogsAnswer,
  pluginLogsQuery,
  pluginParams,
} from "../../../protocol/schemas/rest/plugin_logs.ts";
import type { EntryTest } from "../../core/entry_test.ts";
import { HistoryScan } from "../../core/history.ts";
import { compileLineSelection, pluginLogsOf } from "../../core/plugin_logs.ts";
import { channelObject } from "../../objects/env.ts";
import { type Access, identify } from "../auth/authorize.ts";
import { runScan } from "../channels/run_scan.ts";
import type { RouteContext } from "../context.ts";
import { bearer, jsonAnswer, problems } from "../openapi_parts.ts";
import { parseQuery } from "../parse.ts";
import { problemResponse } from "../problem.ts";
import { authorizeId } from "./authorize_id.ts";

const defaultLines = 100;

/** `GET /plugin/:id/logs`: the last lines of a plugin that match. */
export class ReadPluginLogs extends OpenAPIRoute {
  override schema = {
    tags: ["Plugin logs"],
    summary: "Read a plugin's last lines",
    description: `The last lines that match, in order, the newest last. A plugin that never logged has none. At most ${limits.historyScanBytes / 1024 / 1024} MiB are searched, from the newest line backwards; where that ended the search, searched_from says so.`,
    security: bearer,
    request: { params: pluginParams, query: pluginLogsQuery },
    responses: {
      200: jsonAnswer("The last lines that match", pluginLogsAnswer),
      ...problems("forbidden", "channel_name_invalid"),
    },
  };

  override async handle(c: RouteContext): Promise<Response> {
    const identity = await identify(c);
    if (!identity.ok) return problemResponse(identity.problem);
    const id = c.req.param("id") ?? "";
    const access = await authorizeId(c, identity.value, "read", {
      kind: "plugin",
      id,
      where: "The path",
      field: "id",
    });
    if (!access.ok) return problemResponse(access.problem);
    const query = parseQuery(c.req.raw, pluginLogsQuery, { isEmptyAbsent: true });
    if (!query.ok) return problemResponse(query.problem);
    const { lines = defaultLines, level: levels, start_time: since, end_time: until, search } = query.value;
    const matches = compileLineSelection({ levels, since, until, search });
    if (!matches.ok) return problemResponse(matches.problem);
    const logs = await readLast(c, access.value, id, lines, matches.value);
    return c.json(logs, 200, { "cache-control": "no-store" });
  }
}

async function readLast(
  c: RouteContext,
  { tenant, channel }: Access,
  id: string,
  lines: number,
  matches: EntryTest,
): Promise<PluginLogsAnswer> {
  const object = channelObject(c.env, tenant, channel.name);
  const head = await object.head(tenant, channel.name);
  const request = { before: head.tail + 1, limit: lines, countsOnly: false };
  const scan = new HistoryScan(request, head, matches);
  // What is appended meanwhile is not looked at: the answer is of one moment.
  await runScan(object, tenant, channel.name, scan, head);
  return pluginLogsOf(id, head, scan.result, lines);
}
