import { quote } from "../channel_name.ts";
import { ok, type Result, refuse } from "../codes.ts";
import { isLevel } from "../entry.ts";
import { isObject, parseObject, type Untrusted } from "../fields.ts";
import type { SessionEventFrame, SessionEvents } from "./e_frames.ts";

/** Reading dialect E's frames, as its clients do. Further fields are let through: old clients survive new ones. */

/** An event whose data is as {@link SessionEvents} says. */
export type KnownSessionFrame = {
  readonly [Name in keyof SessionEvents]: Omit<SessionEventFrame, "event" | "data"> & {
    readonly event: Name;
    readonly data: SessionEvents[Name];
  };
}[keyof SessionEvents];

export type ReadSessionFrame =
  | { readonly kind: "known"; readonly frame: KnownSessionFrame }
  /** An event of the engine's own. */
  | { readonly kind: "other"; readonly frame: SessionEventFrame };

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const number: Check = (value) => Number.isFinite(value);
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const texts: Check = (value) => Array.isArray(value) && value.every(text);
/** `null` is absent. */
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || value === null || check(value);

/** What a client relies on in the data of each event. */
const needed: { readonly [Name in keyof SessionEvents]: Readonly<Record<string, Check>> } = {
  token_stream: { text },
  node_state_change: { status: text, error: maybe(text) },
  "node:parallel_start": { nodes: texts },
  token_usage: { prompt_tokens: number, completion_tokens: number, total_tokens: number },
  "execution:paused": {},
  "execution:completed": {},
  error: {
    error: text,
    code: maybe(text),
    from: maybe(count),
    to: maybe(count),
    count: maybe(count),
    id: maybe(text),
  },
  log: { level: isLevel, stage: text, line: text },
  pong: {},
};

const envelope: Readonly<Record<string, Check>> = {
  event: text,
  data: (value) => value !== undefined,
  timestamp: maybe(text),
  node_id: maybe(text),
  cursor: maybe(count),
};

/** Reads the text of a frame; refuses what is no event, and a known event whose data is wrong. */
export function decodeSessionFrame(frame: string): Result<ReadSessionFrame> {
  const parsed = parseObject(frame, "The frame");
  if (!parsed.ok) return parsed;
  const wrong = wrongField(parsed.value, envelope);
  if (wrong !== undefined) {
    return refuse("invalid_field", `The gateway sent a frame with ${wrong}: ${quote(parsed.value[wrong])}.`);
  }
  return readSessionFrame(parsed.value as unknown as SessionEventFrame);
}

/** Checks the data of an event that clients know. */
export function readSessionFrame(frame: SessionEventFrame): Result<ReadSessionFrame> {
  const { event, data } = frame;
  if (!Object.hasOwn(needed, event)) return ok({ kind: "other", frame });
  // Other than an object is what an event without fields may have.
  const fields = isObject(data) ? data : {};
  const wrong = wrongField(fields, needed[event as keyof SessionEvents]);
  if (wrong === undefined) return ok({ kind: "known", frame: frame as unknown as KnownSessionFrame });
  return refuse("invalid_field", `The ${event} event has data with ${wrong}: ${quote(fields[wrong])}.`);
}

/** The node that an event is about: `node_id`, else `data.node_id`, else null. */
export function nodeOfFrame({
  node_id,
  data,
}: Pick<SessionEventFrame, "node_id"> & { readonly data: unknown }): string | null {
  if (typeof node_id === "string") return node_id;
  const named = isObject(data) ? data["node_id"] : undefined;
  return typeof named === "string" ? named : null;
}

/** The first field that is not as it must be. */
function wrongField(value: Untrusted, checks: Readonly<Record<string, Check>>): string | undefined {
  return Object.keys(checks).find((name) => !checks[name]?.(value[name]));
}
