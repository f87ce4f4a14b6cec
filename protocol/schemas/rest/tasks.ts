import { z } from "zod";
import { dLevels } from "../../dialects/d_message.ts";
import { limits } from "../../limits.ts";
import { statuses } from "../../summary.ts";
import { count, cursor } from "../names.ts";
import { dialectIdText, integerText, plainText, strictQuery } from "./query.ts";

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

const versionAllowed = "a text or a number";

/** Beside these any parameter of the script; null is absent. Names and values are checked as the command's. */
export const installBody = z
  .looseObject({
    key: z.string("a text").describe("What is installed: a key that the runner allows"),
    version: z.union([z.string(), z.number()], versionAllowed),
    group: z.string("a text").nullish().describe("The hosts whose runners may take it; any when left out"),
  })
  .meta({ example: { key: "nginx", version: "1.28.0", group: "web", port: 8080 } });

export const installAnswer = z
  .object({
    task_id: z.string().describe("The new task's id"),
    fn: z.string().describe("Its name for GET /v1/soft/getlog: <task_id>.log"),
  })
  .meta({ example: { task_id: exampleId, fn: `${exampleId}.log` } });

export const getLogQuery = strictQuery({
  fn: z
    .string()
    .regex(/^[A-Za-z0-9._:@-]{1,128}\.log$/, "<task_id>.log, whose task_id matches [A-Za-z0-9._:@-]{1,128}")
    .meta({ description: "The fn of the install's answer", example: `${exampleId}.log` }),
  name: plainText(limits.nameChars, { description: "The task's key", example: "nginx" }),
});
