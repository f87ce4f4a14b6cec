import type { Level } from "../../../protocol/mod.ts";

const commandLevels: Readonly<Record<string, Level>> = { error: "error", warning: "warn", debug: "debug" };

/** The level of a printed line: what a workflow command such as `::error file=a.ts::no` says, else info. */
export function levelOfLine(line: string): Level {
  const [, command = ""] = /^\s*::(error|warning|debug)(?:\s[^:]*)?::/i.exec(line) ?? [];
  return commandLevels[command.toLowerCase()] ?? "info";
}
