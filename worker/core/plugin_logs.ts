import { eventLine } from "../../protocol/dialects/as_line.ts";
import { cLog } from "../../protocol/dialects/c_log.ts";
import type { PluginLogsAnswer } from "../../protocol/dialects/c_rest.ts";
import { type Entry, ok, type Result } from "../../protocol/mod.ts";
import type { ChannelHead } from "./contract.ts";
import { compileSelection, type EntrySelection, type EntryTest } from "./entry_test.ts";
import type { HistoryPage } from "./history.ts";

/** A selection's test for a dialect in which an event is a line: its name and JSON data, level info. */
export function compileLineSelection(selection: EntrySelection): Result<EntryTest> {
  const matches = compileSelection(selection);
  if (!matches.ok) return matches;
  return ok((entry) => matches.value(asLine(entry)));
}

function asLine(entry: Entry): Entry {
  if (entry.kind === "log") return entry;
  return { kind: "log", ts: entry.ts, level: "info", line: eventLine(entry) };
}

/** The answer from a page that was read backwards from the tail for at most `lines` lines. */
export function pluginLogsOf(
  id: string,
  head: ChannelHead,
  page: HistoryPage,
  lines: number,
): PluginLogsAnswer {
  const logs = page.entries.map(({ cursor, ...entry }) => cLog(entry, cursor));
  const isCutShort = page.next !== null && logs.length < lines;
  return {
    plugin_id: id,
    logs,
    total_lines: head.tail - head.oldest + 1,
    returned_lines: logs.length,
    ...(isCutShort && { searched_from: page.next ?? 0 }),
  };
}
