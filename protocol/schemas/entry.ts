import { z } from "zod";
import { levels, maxTs } from "../entry.ts";
import { limits } from "../limits.ts";
import { json, jsonObject, sentJson, sentJsonObject } from "./json.ts";
import { count, name, text } from "./names.ts";
import { wire } from "./registry.ts";

export const level = z.enum(levels).register(wire, {
  id: "Level",
  description: "How severe a line is, from the least to the most; success stands between info and warn.",
  examples: ["info"],
});

/** Epoch milliseconds that a Date can hold. */
export const ts = z.int().min(0).max(maxTs).describe("Epoch milliseconds");

const line = z.string().describe("The line without its ending; escapes and a lone CR stay in it");
const more = z.literal(true).optional().describe("The line goes on in the next entry");

export const logEntry = z
  .object({
    kind: z.literal("log"),
    ts,
    level,
    line,
    stage: z.string().optional(),
    stream: z.string().optional(),
    progress: z.number().optional().describe("Percent"),
    step: z.string().optional(),
    currentStep: count.optional(),
    totalSteps: count.optional(),
    fields: sentJsonObject.optional(),
    more,
  })
  .register(wire, {
    id: "LogEntry",
    description: "One line of a log, as journaled.",
    examples: [{ kind: "log", ts: 1_795_000_000_000, level: "info", line: "npm ci", stage: "install" }],
  });

export const eventEntry = z
  .object({
    kind: z.literal("event"),
    ts,
    event: z.string(),
    data: sentJson,
    id: z.string().optional(),
    nodeId: z.string().optional(),
    from: z.string().optional(),
  })
  .register(wire, {
    id: "EventEntry",
    description: "One event, as journaled.",
    examples: [
      { kind: "event", ts: 1_795_000_000_000, event: "node.done", data: { ok: true }, nodeId: "deploy" },
    ],
  });

/** An entry as the gateway sends it: complete, and open to fields of later versions. */
export const entry = z.discriminatedUnion("kind", [logEntry, eventEntry]).register(wire, {
  id: "Entry",
  description: "One log line or one event, as journaled.",
  examples: [{ kind: "log", ts: 1_795_000_000_000, level: "info", line: "npm ci" }],
});

export const appendLogEntry = z
  .strictObject({
    kind: z.literal("log").optional().describe("log when left out"),
    ts: ts.optional().describe("Epoch milliseconds; the time of arrival when left out"),
    level: level.optional(),
    line,
    stage: text(limits.stageChars).optional(),
    stream: name.optional(),
    progress: z.number().min(0).max(100).optional().describe("Percent"),
    step: text(limits.stepChars, 0).optional(),
    currentStep: count.optional(),
    totalSteps: count.optional(),
    fields: jsonObject.optional(),
    more,
  })
  .register(wire, {
    id: "AppendLogEntry",
    description: "A line as producers send it; level is info when left out.",
    examples: [{ line: "npm ci" }, { line: "no such file", level: "error", stage: "install" }],
  });

export const appendEventEntry = z
  .strictObject({
    kind: z.literal("event"),
    ts: ts.optional().describe("Epoch milliseconds; the time of arrival when left out"),
    event: name,
    data: json,
    id: name.optional(),
    nodeId: name.optional(),
    from: name.optional(),
  })
  .register(wire, {
    id: "AppendEventEntry",
    description: "An event as producers send it.",
    examples: [{ kind: "event", event: "node.done", data: { ok: true }, nodeId: "deploy" }],
  });

/** An entry as producers send it: strict, and with defaults left out. */
export const appendEntry = z.union([appendEventEntry, appendLogEntry]).register(wire, {
  id: "AppendEntry",
  description: "One log line or one event, as producers send it.",
  examples: [{ line: "npm ci" }],
});
