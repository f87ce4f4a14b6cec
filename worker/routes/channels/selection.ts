import type { z } from "zod";
import type { selectionShape } from "../../../protocol/schemas/rest/history.ts";
import type { EntrySelection } from "../../core/entry_test.ts";

type SelectionQuery = z.output<z.ZodObject<typeof selectionShape>>;

/** What a query chooses. */
export function selectionOf(query: SelectionQuery): EntrySelection {
  return {
    levels: query.level,
    stage: query.stage,
    search: query.search,
    isRegex: query.regex,
    isCaseSensitive: query.case,
    isWholeWord: query.word,
    since: query.since,
    until: query.until,
  };
}
