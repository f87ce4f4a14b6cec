import { quote } from "./channel_name.ts";
import { ok, type Result, refuse } from "./codes.ts";
import {
  type Entry,
  type EventEntry,
  isLevel,
  type Json,
  type JsonObject,
  type Level,
  type LogEntry,
  levels,
  maxTs,
} from "./entry.ts";
import { checkFields, type FieldRules, isObject, rule, type Untrusted } from "./fields.ts";
import { readJson, wellFormed } from "./json.ts";
import { limits } from "./limits.ts";

/** What an entry gets where a producer left it out. */
export interface EntryDefaults {
  readonly ts: number;
  readonly level: Level;
  readonly stage?: string;
}

const ts = rule.integer(0, maxTs);

export const logRules: FieldRules = {
  kind: rule.exactly("log"),
  ts,
  level: { test: isLevel, allowed: levels.join(", ") },
  line: { test: (value) => typeof value === "string", allowed: "a string", required: true },
  stage: rule.text(limits.stageChars),
  stream: rule.text(limits.nameChars),
  progress: {
    test: (value) => typeof value === "number" && value >= 0 && value <= 100,
    allowed: "a number from 0 to 100",
  },
  step: rule.text(limits.stepChars, { min: 0 }),
  currentStep: rule.integer(0, Number.MAX_SAFE_INTEGER),
  totalSteps: rule.integer(0, Number.MAX_SAFE_INTEGER),
  fields: { test: isObject, allowed: "a JSON object" },
  more: rule.exactly(true),
};

export const eventRules: FieldRules = {
  kind: rule.exactly("event", { required: true }),
  ts,
  event: rule.text(limits.nameChars, { required: true }),
  data: { test: (value) => value !== undefined, allowed: "any JSON value", required: true },
  id: rule.text(limits.nameChars),
  nodeId: rule.text(limits.nameChars),
  from: rule.text(limits.nameChars),
};

/**
 * Reads one entry as a producer sends it, strictly, and fills in what it may leave out: `kind` (log), `ts`
 * and `level`. Lone surrogates become U+FFFD. `where` begins the sentence of a refusal.
 */
export function decodeEntry(value: unknown, defaults: EntryDefaults, where: string): Result<Entry> {
  if (!isObject(value))
    return refuse("invalid_field", `${where} is ${quote(value)}. Allowed: a JSON object.`);
  const kind = value["kind"];
  if (kind !== undefined && kind !== "log" && kind !== "event") {
    return refuse("invalid_field", `${where} has kind: ${quote(kind)}. Allowed: "log", "event".`);
  }
  const checked = checkFields(value, kind === "event" ? eventRules : logRules, where);
  if (!checked.ok) return checked;
  return kind === "event" ? decodeEvent(value, defaults, where) : decodeLog(value, defaults, where);
}

function decodeLog(value: Untrusted, defaults: EntryDefaults, where: string): Result<Entry> {
  const stage = value["stage"] ?? defaults.stage;
  let fields: Json | undefined;
  if (value["fields"] !== undefined) {
    const read = readJson(value["fields"], limits.dataDepth);
    if (read === undefined) return notJson(where, "fields");
    fields = read;
  }
  // The order of the keys is the order of an entry's canonical text.
  return ok({
    kind: "log",
    ts: (value["ts"] ?? defaults.ts) as number,
    level: (value["level"] ?? defaults.level) as Level,
    line: wellFormed(value["line"] as string),
    ...(stage !== undefined && { stage: wellFormed(stage as string) }),
    ...(value["stream"] !== undefined && { stream: wellFormed(value["stream"] as string) }),
    ...(value["progress"] !== undefined && { progress: value["progress"] as number }),
    ...(value["step"] !== undefined && { step: wellFormed(value["step"] as string) }),
    ...(value["currentStep"] !== undefined && { currentStep: value["currentStep"] as number }),
    ...(value["totalSteps"] !== undefined && { totalSteps: value["totalSteps"] as number }),
    ...(fields !== undefined && { fields: fields as JsonObject }),
    ...(value["more"] === true && { more: true }),
  } satisfies LogEntry);
}

function decodeEvent(value: Untrusted, defaults: EntryDefaults, where: string): Result<Entry> {
  const data = readJson(value["data"], limits.dataDepth);
  if (data === undefined) return notJson(where, "data");
  return ok({
    kind: "event",
    ts: (value["ts"] ?? defaults.ts) as number,
    event: wellFormed(value["event"] as string),
    data,
    ...(value["id"] !== undefined && { id: wellFormed(value["id"] as string) }),
    ...(value["nodeId"] !== undefined && { nodeId: wellFormed(value["nodeId"] as string) }),
    ...(value["from"] !== undefined && { from: wellFormed(value["from"] as string) }),
  } satisfies EventEntry);
}

function notJson(where: string, field: string): Result<Entry> {
  return refuse(
    "invalid_field",
    `${where} has ${field} that nest deeper than ${limits.dataDepth} levels or hold a number larger than 1.8e308. Allowed: at most ${limits.dataDepth} levels, and numbers that a double holds.`,
  );
}
