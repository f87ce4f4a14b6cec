import { z } from "zod";
import { endStatuses, statuses } from "../summary.ts";
import { ts } from "./entry.ts";
import { count, cursor } from "./names.ts";
import { wire } from "./registry.ts";

export const status = z.enum(statuses).register(wire, {
  id: "Status",
  description: "Where a channel stands; waiting: nothing was appended yet.",
  examples: ["running"],
});

export const endStatus = z.enum(endStatuses).register(wire, {
  id: "EndStatus",
  description: "How a channel ended.",
  examples: ["success"],
});

export const levelCounts = z
  .object({
    trace: count,
    debug: count,
    info: count,
    success: count,
    warn: count,
    error: count,
    fatal: count,
  })
  .register(wire, {
    id: "LevelCounts",
    description: "Lines by level.",
    examples: [{ trace: 0, debug: 0, info: 41, success: 1, warn: 2, error: 0, fatal: 0 }],
  });

export const stageSummary = z
  .object({
    name: z.string(),
    first: cursor.describe("The cursor of its first entry"),
    lines: count,
    startedAt: ts,
    endedAt: ts.optional(),
  })
  .register(wire, {
    id: "StageSummary",
    description: "One stage: the lines that name it; it has no end while it runs.",
    examples: [{ name: "install", first: 1, lines: 44, startedAt: 1_795_000_000_000 }],
  });

/** The parts of a summary that a reader can reduce from entries itself. */
export const summaryFields = {
  stages: z.array(stageSummary),
  levels: levelCounts,
  progress: z.number().optional().describe("Percent"),
  step: z.string().optional(),
  currentStep: count.optional(),
  totalSteps: count.optional(),
};

export const summary = z.object(summaryFields).register(wire, {
  id: "Summary",
  description: "Stages, counts and progress of the entries so far.",
  examples: [
    {
      stages: [{ name: "install", first: 1, lines: 44, startedAt: 1_795_000_000_000 }],
      levels: { trace: 0, debug: 0, info: 41, success: 1, warn: 2, error: 0, fatal: 0 },
      progress: 40,
    },
  ],
});
