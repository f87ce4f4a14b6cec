import { z } from "zod";
import { cLevels } from "../../dialects/c_log.ts";
import { type Level, levels } from "../../entry.ts";
import { limits } from "../../limits.ts";
import { sentJsonObject } from "../json.ts";
import { count, cursor } from "../names.ts";
import { dialectIdText, integerText, plainText, strictQuery, timeText } from "./query.ts";

/** `GET /plugin/:id/logs`, of dialect C. */

export const pluginParams = z.object({
  id: dialectIdText({
    description: "The plugin's id, or a channel's whole name with %2F for its slash",
    example: "nginx",
  }),
});

const isLevelText = (text: string): text is Level => (levels as readonly string[]).includes(text);
const levelsOf = (text: string): string[] => text.toLowerCase().split(",");

export const pluginLogsQuery = strictQuery({
  lines: integerText(1, limits.historyEntries, {
    description: "How many of the last lines that match; 100 when left out",
    example: 100,
  }).optional(),
  level: z
    .string()
    .refine((text) => levelsOf(text).every(isLevelText), `a comma list of ${cLevels.join(", ")}, in any case`)
    .transform((text) => levelsOf(text).filter(isLevelText))
    .meta({
      type: "string",
      description: "Only lines of these levels, joined by commas, in any case",
      example: "WARN,ERROR",
    })
    .optional(),
  start_time: timeText({
    description: "Only lines of this time or later: epoch milliseconds or ISO 8601",
    example: "2026-11-20T10:00:00Z",
  }).optional(),
  end_time: timeText({
    description: "Only lines of this time or earlier: epoch milliseconds or ISO 8601",
    example: "2026-11-20T11:00:00Z",
  }).optional(),
  search: plainText(limits.searchChars, {
    description: "Only lines with exactly this text, whatever the case",
    example: "timeout",
  }).optional(),
});

const pluginLog = z.object({
  timestamp: z.iso.datetime(),
  level: z.enum(cLevels),
  message: z.string(),
  cursor,
  stage: z.string().optional(),
  fields: sentJsonObject.optional(),
});

export const pluginLogsAnswer = z
  .object({
    plugin_id: z.string().describe("As in the path"),
    logs: z.array(pluginLog).describe("The last ones that match, the newest last; an event is a line"),
    total_lines: count.describe("All retained lines of the plugin, whatever the filters"),
    returned_lines: count.describe("The length of logs"),
    searched_from: cursor
      .optional()
      .describe("Only where the search ended before the oldest line: the first cursor that it looked at"),
  })
  .meta({
    example: {
      plugin_id: "nginx",
      logs: [
        {
          timestamp: "2026-11-20T10:00:00.000Z",
          level: "WARN",
          message: "upstream timed out",
          cursor: 4711,
        },
      ],
      total_lines: 4711,
      returned_lines: 1,
    },
  });
