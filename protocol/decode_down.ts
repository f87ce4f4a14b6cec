import { quote } from "./channel_name.ts";
import { ok, type Result, refuse } from "./codes.ts";
import { isLevel, levels, maxTs } from "./entry.ts";
import { isObject, parseObject, type Untrusted } from "./fields.ts";
import { type DownFrame, gapReasons, replyStates } from "./frames/down.ts";
import { endStatuses, statuses } from "./summary.ts";

type Check = (value: unknown) => boolean;
type Checks = Readonly<Record<string, Check>>;

const text: Check = (value) => typeof value === "string";
const number: Check = (value) => Number.isFinite(value);
const integer: Check = (value) => Number.isSafeInteger(value);
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const ts: Check = (value) => count(value) && (value as number) <= maxTs;
const flag: Check = (value) => typeof value === "boolean";
const any: Check = (value) => value !== undefined;

const oneOf =
  (values: readonly string[]): Check =>
  (value) =>
    text(value) && values.includes(value as string);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const objectOf =
  (checks: Checks): Check =>
  (value) =>
    isObject(value) && wrongField(value, checks) === undefined;

const logEntry: Checks = {
  ts,
  level: isLevel,
  line: text,
  stage: maybe(text),
  stream: maybe(text),
  progress: maybe(number),
  step: maybe(text),
  currentStep: maybe(count),
  totalSteps: maybe(count),
  fields: maybe(isObject),
  more: maybe((value) => value === true),
};

const eventEntry: Checks = {
  ts,
  event: text,
  data: any,
  id: maybe(text),
  nodeId: maybe(text),
  from: maybe(text),
};

const stage = objectOf({ name: text, first: count, lines: count, startedAt: ts, endedAt: maybe(ts) });
const levelCounts = objectOf(Object.fromEntries(levels.map((level) => [level, count])));

/** What a client relies on in each frame. Further fields are let through: old clients survive new ones. */
const needed: { readonly [Type in DownFrame["type"]]: Checks } = {
  subscribed: {
    channel: text,
    epoch: orNull(text),
    first: count,
    cursor: count,
    tail: count,
    oldest: count,
    ended: flag,
    resumed: flag,
    windowBytes: count,
  },
  window: { channel: text, windowBytes: count },
  entries: { channel: text, first: count, entries: listOf(isEntry) },
  gap: { channel: text, from: count, to: orNull(count), count: orNull(count), reason: oneOf(gapReasons) },
  skipped: { channel: text, to: count },
  summary: {
    channel: text,
    status: oneOf(statuses),
    stages: maybe(listOf(stage)),
    levels: maybe(levelCounts),
    progress: maybe(number),
    step: maybe(text),
    currentStep: maybe(count),
    totalSteps: maybe(count),
    viewers: count,
    agents: count,
  },
  end: {
    channel: text,
    cursor: count,
    status: oneOf(endStatuses),
    lines: count,
    bytes: count,
    crc32: (value) => text(value) && /^[0-9a-f]{8}$/.test(value as string),
    exitCode: maybe(integer),
    signal: maybe(text),
    message: maybe(text),
  },
  redact: { channel: text, from: count, to: count },
  appended: {
    channel: text,
    producer: text,
    epoch: count,
    seq: count,
    first: maybe(count),
    last: maybe(count),
    duplicate: flag,
  },
  demand: { channel: text, viewers: count },
  command: { channel: text, cursor: count, id: text, name: text, data: any, from: text, ts },
  reply: { channel: text, id: text, state: oneOf(replyStates), code: maybe(text), final: maybe(flag) },
  error: {
    code: text,
    message: text,
    channel: maybe(text),
    producer: maybe(text),
    seq: maybe(count),
    id: maybe(text),
    expected: maybe((value) => text(value) || number(value)),
    retryAfterMs: maybe(count),
  },
  expiring: { inMs: count },
  pong: {},
};

function isEntry(value: unknown): boolean {
  if (!isObject(value)) return false;
  if (value["kind"] === "log") return wrongField(value, logEntry) === undefined;
  return value["kind"] === "event" && wrongField(value, eventEntry) === undefined;
}

/** The first field that is not as it must be. */
function wrongField(value: Untrusted, checks: Checks): string | undefined {
  for (const name in checks) {
    if (!checks[name]?.(value[name])) return name;
  }
  return undefined;
}

/**
 * Reads a frame from the gateway. An unknown type is refused with `unknown_frame`: the client reports it and
 * goes on.
 */
export function decodeDownFrame(frame: string): Result<DownFrame> {
  const parsed = parseObject(frame, "The frame");
  return parsed.ok ? downFrameOf(parsed.value) : parsed;
}

function downFrameOf(value: Untrusted): Result<DownFrame> {
  const type = value["type"];
  if (typeof type !== "string" || !Object.hasOwn(needed, type)) {
    return refuse(
      "unknown_frame",
      `The gateway sent a frame of type ${quote(type)}, which this client does not know.`,
    );
  }
  const wrong = wrongField(value, needed[type as DownFrame["type"]]);
  if (wrong !== undefined) {
    return refuse("invalid_field", `The gateway sent a ${type} frame with ${wrong}: ${quote(value[wrong])}.`);
  }
  return ok(value as unknown as DownFrame);
}
