import { z } from "zod";
import { limits } from "../limits.ts";
import { level } from "./entry.ts";
import { text } from "./names.ts";
import { wire } from "./registry.ts";

const names = z.array(text(limits.stageChars, 0)).max(limits.stages);

export const filter = z
  .strictObject({
    levels: z.array(level).max(limits.stages).optional().describe("Lines of these levels"),
    stages: names.optional().describe("Lines of these stages"),
    events: names.optional().describe("Events of these names"),
    search: text(limits.searchChars, 0)
      .optional()
      .describe("What a line, or an event's name and data, contains, whatever the case"),
  })
  .register(wire, {
    id: "Filter",
    description: "What a subscriber on /ws wants to see.",
    examples: [{ levels: ["warn", "error", "fatal"], search: "timeout" }],
  });
