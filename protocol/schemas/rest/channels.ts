import { z } from "zod";
import { levels } from "../../entry.ts";
import { limits } from "../../limits.ts";
import { endStatuses, statuses } from "../../summary.ts";
import { appendEntry, ts } from "../entry.ts";
import { channelName, count, cursor, epoch } from "../names.ts";
import { endStatus, status, summaryFields } from "../summary.ts";
import { integerText, plainText, strictQuery, wordText } from "./query.ts";

export const noQuery = strictQuery({});

const idText = (about: { description: string; example: string }) =>
  z
    .string()
    .regex(/^[A-Za-z0-9._:@-]{1,128}$/, "a name that matches [A-Za-z0-9._:@-]{1,128}")
    .meta(about);

export const appendQuery = strictQuery({
  project: idText({
    description: "The project that a first append gives the channel",
    example: "shop",
  }).optional(),
  level: wordText(levels, { description: "The level of entries that have none", example: "info" }).optional(),
  stage: plainText(limits.stageChars, {
    description: "The stage of entries that have none",
    example: "install",
  }).optional(),
});

export const appendBody = z
  .strictObject({ entries: z.array(appendEntry).min(1).max(limits.batchEntries) })
  .meta({
    example: {
      entries: [
        { line: "npm ci", stage: "install" },
        { line: "done", level: "success" },
      ],
    },
  });

/** A producer's number for a batch: all three headers or none. */
export const producerHeaders = z.object({
  "Producer-Id": z
    .string()
    .min(1)
    .max(limits.producerIdChars)
    .optional()
    .describe("Who appends; with it the gateway knows a repeated batch"),
  "Producer-Epoch": z.int().min(0).optional().describe("The producer's life: the highest wins"),
  "Producer-Seq": z.int().min(0).optional().describe("The batch's number, from 0, without holes"),
});

export const appendAnswer = z.object({
  channel: channelName,
  epoch,
  first: cursor.optional().describe("The first entry's cursor; absent for a repeat older than what is kept"),
  last: cursor.optional(),
  duplicate: z.boolean().describe("The batch was stored before; nothing was stored again"),
});

const exitCodeAllowed = "an exit code from -2147483648 to 4294967295";
const exitCode = z
  .int(exitCodeAllowed)
  .min(-2_147_483_648, exitCodeAllowed)
  .max(4_294_967_295, exitCodeAllowed);

const signalAllowed = "a signal's name of 1 to 32 characters";
const messageAllowed = "a text of at most 1024 characters";

export const endBody = z
  .strictObject(
    {
      status: z.enum(endStatuses, `one of ${endStatuses.join(", ")}`),
      exitCode: exitCode.optional(),
      signal: z.string(signalAllowed).min(1, signalAllowed).max(32, signalAllowed).optional(),
      message: z.string(messageAllowed).max(1_024, messageAllowed).optional(),
    },
    {
      error: (issue) =>
        issue.code === "unrecognized_keys" ? "Known fields: status, exitCode, signal, message." : undefined,
    },
  )
  .meta({ example: { status: "failure", exitCode: 2, message: "Tests failed" } });

export const endAnswer = z.object({
  channel: channelName,
  cursor: cursor.describe("The last entry's cursor"),
  status: endStatus,
  lines: count,
  bytes: count,
  crc32: z.string().describe("CRC-32 of the channel's text, eight hex digits"),
  exitCode: exitCode.optional(),
  signal: z.string().optional(),
  message: z.string().optional(),
  endedAt: ts,
});

export const channelAnswer = z.object({
  channel: channelName,
  project: z.string().optional(),
  status,
  epoch: epoch.nullable(),
  first: cursor,
  tail: cursor,
  oldest: cursor,
  startedAt: ts.optional(),
  updatedAt: ts.optional(),
  lines: count,
  bytes: count,
  viewers: count,
  agents: count,
  ...summaryFields,
  end: endAnswer.optional(),
});

export const directoryQuery = strictQuery({
  kind: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, "a kind that matches [a-z][a-z0-9-]{0,31}")
    .meta({ description: "Only channels of this kind", example: "build" })
    .optional(),
  status: wordText(statuses, { description: "Only channels that stand so", example: "running" }).optional(),
  text: plainText(limits.idChars, {
    description: "Only channels whose id contains this text, whatever the case",
    example: "47",
  }).optional(),
  limit: integerText(1, 500, { description: "Channels a page; 100 when left out", example: 100 }).optional(),
  before: plainText(200, {
    description: "The next of the page before",
    example: "1795000000000:build/4711",
  }).optional(),
});

const directoryEntry = z.object({
  channel: channelName,
  project: z.string().optional(),
  status,
  epoch: epoch.nullable(),
  tail: cursor,
  lines: count,
  bytes: count,
  errors: count,
  warnings: count,
  stages: count,
  progress: z.number().optional(),
  step: z.string().optional(),
  viewers: count,
  startedAt: ts,
  updatedAt: ts,
  endedAt: ts.optional(),
});

export const directoryAnswer = z.object({
  channels: z.array(directoryEntry).describe("Newest first, only what the token may read"),
  next: z.string().nullable().describe("The before of the next page; null on the last"),
});
