import { quote } from "../channel_name.ts";
import { ok, type Result, refuse } from "../codes.ts";
import { isObject, parseObject, type Untrusted } from "../fields.ts";
import { gapReasons } from "../frames/down.ts";
import { endStatuses } from "../summary.ts";
import type { CDownFrame } from "./c_frames.ts";
import { type CLog, cLevels } from "./c_log.ts";

/** Reading dialect C's frames, as its clients do. Further fields are let through: old clients survive new ones. */

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const countOrNull: Check = (value) => value === null || count(value);
const logs: Check = (value) => Array.isArray(value) && value.every(isCLog);
const oneOf =
  (values: readonly string[]): Check =>
  (value) =>
    text(value) && values.includes(String(value));

/** What a client relies on in each frame. */
const needed: { readonly [Type in CDownFrame["type"]]: Readonly<Record<string, Check>> } = {
  initial: { logs },
  append: { logs },
  gap: { from: count, to: countOrNull, count: countOrNull, reason: oneOf(gapReasons) },
  end: { cursor: count, status: oneOf(endStatuses), lines: count, bytes: count, crc32: text },
  // A handshake is refused in the native protocol's words, which may ask for a wait.
  error: { code: text, message: text, retryAfterMs: (value) => value === undefined || count(value) },
  pong: {},
};

/** True for a log object as the socket and the history have it. */
export function isCLog(value: unknown): value is CLog {
  if (!isObject(value)) return false;
  const { timestamp, level, message, cursor } = value;
  return text(timestamp) && oneOf(cLevels)(level) && text(message) && count(cursor);
}

/** Reads the text of a frame. An unknown type is refused with `unknown_frame`. */
export function decodePluginFrame(frame: string): Result<CDownFrame> {
  const parsed = parseObject(frame, "The frame");
  return parsed.ok ? pluginFrameOf(parsed.value) : parsed;
}

function pluginFrameOf(value: Untrusted): Result<CDownFrame> {
  const type = value["type"];
  if (typeof type !== "string" || !Object.hasOwn(needed, type)) {
    return refuse(
      "unknown_frame",
      `The gateway sent a frame of type ${quote(type)}, which is none of these logs'.`,
    );
  }
  const checks = needed[type as CDownFrame["type"]];
  const wrong = Object.keys(checks).find((name) => !checks[name]?.(value[name]));
  if (wrong === undefined) return ok(value as unknown as CDownFrame);
  return refuse("invalid_field", `The gateway sent a ${type} frame with ${wrong}: ${quote(value[wrong])}.`);
}
