import type { Entry, LogEntry } from "../../protocol/mod.ts";
import { AnsiStripper } from "./ansi_stripper.ts";

/** `text`: the stored lines, escapes included; `plain`: without; `ndjson`: an entry a line, with its cursor. */
export const exportFormats = ["text", "plain", "ndjson"] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** Writes entries in cursor order, one after another. */
export type EntryWriter = (entry: Entry, cursor: number) => string;

export function entryWriter(format: ExportFormat): EntryWriter {
  switch (format) {
    case "ndjson":
      return (entry, cursor) => `${JSON.stringify({ cursor, ...entry })}\n`;
    case "text":
      return textWriter((entry) => entry.line);
    case "plain": {
      const stripper = new AnsiStripper();
      return textWriter((entry) => stripper.strip(entry.line, entry.more === true));
    }
  }
}

/** Joins the parts of a split line. Where a filter took the next part out, the line ends at what is left. */
function textWriter(lineOf: (entry: LogEntry) => string): EntryWriter {
  let openAt: number | null = null;
  return (entry, cursor) => {
    if (entry.kind === "event") return "";
    const ending = openAt !== null && openAt !== cursor - 1 ? "\n" : "";
    openAt = entry.more ? cursor : null;
    return ending + lineOf(entry) + (entry.more ? "" : "\n");
  };
}
