import { z } from "zod";
import { levels } from "../../entry.ts";
import { limits } from "../../limits.ts";
import { eventEntry, logEntry } from "../entry.ts";
import { count, cursor, epoch } from "../names.ts";
import { flagText, integerText, plainText, strictQuery, timeText, wordListText, wordText } from "./query.ts";

const max = Number.MAX_SAFE_INTEGER;

/** What chooses entries, in history and in exports. */
export const selectionShape = {
  level: wordListText(levels, {
    description: "Only lines of these levels, joined by commas; leaves events out",
    example: "warn,error",
  }).optional(),
  stage: plainText(limits.stageChars, {
    description: "Only lines of this stage; leaves events out",
    example: "install",
  }).optional(),
  search: plainText(limits.searchChars, {
    description: "Only lines with this text, and events with it in their name or JSON data",
    example: "timeout",
  }).optional(),
  regex: flagText({ description: "1: search is a regular expression", example: "0" }).optional(),
  case: flagText({ description: "1: search tells capitals from small letters", example: "0" }).optional(),
  word: flagText({ description: "1: search matches whole words", example: "0" }).optional(),
  since: timeText({
    description: "Only entries of this time or later: epoch milliseconds or ISO 8601",
    example: "2026-11-20T10:00:00Z",
  }).optional(),
  until: timeText({
    description: "Only entries of this time or earlier: epoch milliseconds or ISO 8601",
    example: "2026-11-20T11:00:00Z",
  }).optional(),
};

export const historyQuery = strictQuery({
  after: integerText(0, max, {
    description: "Read on after this cursor; not with before",
    example: 0,
  }).optional(),
  before: integerText(1, max, { description: "Read back from before this cursor", example: 4711 }).optional(),
  limit: integerText(1, limits.historyEntries, {
    description: `Entries a page; ${limits.historyDefaultEntries} when left out`,
    example: 100,
  }).optional(),
  ...selectionShape,
  count: flagText({ description: "1: answer only how many entries pass", example: "0" }).optional(),
  wait: integerText(0, limits.historyWaitSeconds, {
    description: "Where nothing follows after yet, wait so many seconds for it",
    example: 30,
  }).optional(),
});

export const downloadQuery = strictQuery({
  format: wordText(["text", "plain", "ndjson"], {
    description: "text: lines with their escapes; plain: without; ndjson: an entry a line",
    example: "text",
  }).optional(),
  from: integerText(1, max, { description: "The first cursor", example: 1 }).optional(),
  to: integerText(1, max, { description: "The last cursor", example: 4711 }).optional(),
  ...selectionShape,
});

const numberedEntry = z
  .union([logEntry.extend({ cursor }), eventEntry.extend({ cursor })])
  .describe("An entry and its cursor");

export const historyAnswer = z.object({
  channel: z.string(),
  epoch: epoch.nullable().describe("Null before the first append"),
  oldest: cursor.describe("The oldest retained cursor; tail + 1 where there is none"),
  tail: cursor.describe("The newest cursor"),
  ended: z.boolean(),
  entries: z.array(numberedEntry).optional().describe("In cursor order; absent with count=1"),
  count: count.optional().describe("With count=1: how many entries of this page's range pass"),
  next: cursor.nullable().describe("The after (or before) of the next page; only null ends the reading"),
});
