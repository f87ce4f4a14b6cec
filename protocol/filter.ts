import { ok, type Result } from "./codes.ts";
import { type Entry, isLevel, type Level, levels } from "./entry.ts";
import { checkFields, type FieldRules, type Untrusted } from "./fields.ts";
import { limits } from "./limits.ts";

/**
 * What a subscriber on `/ws` wants to see. `levels` and `stages` choose among lines, `events` among events by
 * name; `search` keeps what contains it, whatever the case: a line, or an event's name and JSON data.
 */
export interface Filter {
  readonly levels?: readonly Level[];
  readonly stages?: readonly string[];
  readonly events?: readonly string[];
  readonly search?: string;
}

function listOf(test: (item: unknown) => boolean, allowed: string): FieldRules[string] {
  return {
    test: (value) => Array.isArray(value) && value.length <= limits.stages && value.every(test),
    allowed: `a list of at most ${limits.stages}, each ${allowed}`,
  };
}

const isName = (item: unknown): boolean => typeof item === "string" && item.length <= limits.stageChars;

const filterRules: FieldRules = {
  levels: listOf(isLevel, `one of ${levels.join(", ")}`),
  stages: listOf(isName, `a string of at most ${limits.stageChars} characters`),
  events: listOf(isName, `a string of at most ${limits.stageChars} characters`),
  search: {
    test: (value) => typeof value === "string" && value.length <= limits.searchChars,
    allowed: `a string of at most ${limits.searchChars} characters`,
  },
};

/** Reads a filter as a client sends it, strictly. */
export function decodeFilter(value: Untrusted): Result<Filter> {
  const checked = checkFields(value, filterRules, "The filter");
  return checked.ok ? ok(value as Filter) : checked;
}

/** Makes the test that entries must pass; sets and cases are prepared once. */
export function compileFilter(filter: Filter): (entry: Entry) => boolean {
  const wantedLevels = filter.levels && new Set<Level>(filter.levels);
  const wantedStages = filter.stages && new Set(filter.stages);
  const wantedEvents = filter.events && new Set(filter.events);
  const search = filter.search?.toLowerCase() ?? "";
  return (entry) => {
    if (entry.kind === "event") {
      if (wantedEvents !== undefined && !wantedEvents.has(entry.event)) return false;
      return search === "" || `${entry.event} ${JSON.stringify(entry.data)}`.toLowerCase().includes(search);
    }
    if (wantedLevels !== undefined && !wantedLevels.has(entry.level)) return false;
    if (wantedStages !== undefined && !(entry.stage !== undefined && wantedStages.has(entry.stage)))
      return false;
    return search === "" || entry.line.toLowerCase().includes(search);
  };
}
