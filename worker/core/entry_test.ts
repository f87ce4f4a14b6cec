import { type Entry, type Level, ok, type Result } from "../../protocol/mod.ts";
import { compilePattern } from "./search_pattern.ts";

/** Which entries a history request, or an export, asks for. */
export interface EntrySelection {
  readonly levels?: readonly Level[] | undefined;
  readonly stage?: string | undefined;
  readonly search?: string | undefined;
  /** `search` is a regular expression, else it is literal. */
  readonly isRegex?: boolean | undefined;
  readonly isCaseSensitive?: boolean | undefined;
  readonly isWholeWord?: boolean | undefined;
  /** Epoch milliseconds, both included. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

export type EntryTest = (entry: Entry) => boolean;

/**
 * Makes the test that entries must pass. A level or a stage chooses among lines and leaves events out; a
 * search looks at a line, or at an event's name and JSON data.
 */
export function compileSelection(selection: EntrySelection): Result<EntryTest> {
  const { levels, stage, search, since = 0, until = Number.POSITIVE_INFINITY } = selection;
  const pattern = search === undefined || search === "" ? ok(null) : compilePattern(search, selection);
  if (!pattern.ok) return pattern;
  const wanted = levels && new Set(levels);
  const matches = pattern.value;
  return ok((entry) => {
    if (entry.ts < since || entry.ts > until) return false;
    if (entry.kind === "event") {
      if (wanted !== undefined || stage !== undefined) return false;
      return matches === null || matches(`${entry.event} ${JSON.stringify(entry.data)}`);
    }
    if (wanted !== undefined && !wanted.has(entry.level)) return false;
    if (stage !== undefined && entry.stage !== stage) return false;
    return matches === null || matches(entry.line);
  });
}
