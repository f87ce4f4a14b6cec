import { z } from "zod";
import { dLevels } from "../../dialects/d_message.ts";
import { limits } from "../../limits.ts";
import { statuses } from "../../summary.ts";
import { count, cursor } from "../names.ts";
import { dialectIdText, integerText, strictQuery } from "./query.ts";

/** The endpoints of dialect D: install tasks. */

const taskId = dialectIdText({
  description: "The task's id, or a channel's whole name",
  example: "7f3c2a90-4f0e-4f6b-9d4f-0c8f6d0b7a11",
});

export const taskHistoryQuery = strictQuery({
  task_id: taskId,
  offset: integerText(0, Number.MAX_SAFE_INTEGER, {
    description: "Read on after this offset; 0, the beginning, when left out",
    example: 0,
  }).optional(),
  limit: integerText(1, limits.historyEntries, {
    description: `Messages a page; ${limits.historyDefaultEntries} when left out`,
    example: 1_000,
  }).optional(),
});

export const taskStatusQuery = strictQuery({ task_id: taskId });

const progressShape = {
  progress: z.number().min(0).max(100).nullable().describe("Percent"),
  step: z.string().nullable(),
  current_step: count.nullable(),
  total_steps: count.nullable(),
};

const taskMessage = z.object({
  timestamp: z.iso.datetime(),
  level: z.enum(dLevels),
  message: z.string(),
  ...progressShape,
  offset: cursor,
});

const exampleId = "7f3c2a90-4f0e-4f6b-9d4f-0c8f6d0b7a11";
const exampleProgress = { progress: 40, step: "Unpack", current_step: 2, total_steps: 5 };

export const taskHistoryAnswer = z
  .object({
    task_id: z.string().describe("As it was asked for"),
    messages: z
      .array(taskMessage)
      .describe(
        "In order. What a line does not say of progress and step is that of the lines before it; null where nothing is known",
      ),
    offset: cursor.describe("As it was asked for"),
    next: cursor.nullable().describe("The offset of the next page; null when everything there is was read"),
    total: count.describe("The newest offset"),
  })
  .meta({
    example: {
      task_id: exampleId,
      messages: [
        {
          timestamp: "2026-11-20T10:00:00.000Z",
          level: "INFO",
          message: "Unpacking nginx-1.28",
          ...exampleProgress,
          offset: 1,
        },
      ],
      offset: 0,
      next: null,
      total: 1,
    },
  });

export const taskStatusAnswer = z
  .object({
    task_id: z.string().describe("As it was asked for"),
    status: z.enum(statuses).describe("waiting: nothing was written yet; the last four are ends"),
    ...progressShape,
    is_completed: z.boolean(),
    success: z.boolean().describe("Completed as success; false until then"),
    exit_code: z.int().nullable().describe("Null where it is not known"),
  })
  .meta({
    example: {
      task_id: exampleId,
      status: "running",
      ...exampleProgress,
      is_completed: false,
      success: false,
      exit_code: null,
    },
  });
