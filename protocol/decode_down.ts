import { quote } from "./channel_name.ts";
import { ok, type Result, refuse } from "./codes.ts";
import { isLevel } from "./entry.ts";
import { isObject, parseObject, type Untrusted } from "./fields.ts";
import type { DownFrame } from "./frames/down.ts";

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const integer: Check = (value) => Number.isSafeInteger(value);
const flag: Check = (value) => typeof value === "boolean";
const any: Check = (value) => value !== undefined;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

/** What a client relies on in each frame. Further fields are let through: old clients survive new ones. */
const needed: { readonly [Type in DownFrame["type"]]: Readonly<Record<string, Check>> } = {
  subscribed: {
    channel: text,
    epoch: orNull(text),
    first: integer,
    cursor: integer,
    tail: integer,
    oldest: integer,
    ended: flag,
    resumed: flag,
    windowBytes: integer,
  },
  window: { channel: text, windowBytes: integer },
  entries: {
    channel: text,
    first: integer,
    entries: (value) => Array.isArray(value) && value.every(isEntry),
  },
  gap: { channel: text, from: integer, to: orNull(integer), count: orNull(integer), reason: text },
  skipped: { channel: text, to: integer },
  summary: { channel: text, status: text, viewers: integer, agents: integer },
  end: { channel: text, cursor: integer, status: text, lines: integer, bytes: integer, crc32: text },
  redact: { channel: text, from: integer, to: integer },
  appended: { channel: text, producer: text, epoch: integer, seq: integer, duplicate: flag },
  demand: { channel: text, viewers: integer },
  command: { channel: text, cursor: integer, id: text, name: text, data: any, from: text, ts: integer },
  reply: { channel: text, id: text, state: text },
  error: { code: text, message: text },
  expiring: { inMs: integer },
  pong: {},
};

function isEntry(value: unknown): boolean {
  if (!isObject(value) || !integer(value["ts"])) return false;
  if (value["kind"] === "log") return text(value["line"]) && isLevel(value["level"]);
  return value["kind"] === "event" && text(value["event"]) && any(value["data"]);
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
  const checks = needed[type as DownFrame["type"]];
  for (const name in checks) {
    if (!checks[name]?.(value[name])) {
      return refuse("invalid_field", `The gateway sent a ${type} frame with ${name}: ${quote(value[name])}.`);
    }
  }
  return ok(value as unknown as DownFrame);
}
