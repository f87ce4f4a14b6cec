import { ok, type Result, refuse } from "./codes.ts";
import { limits } from "./limits.ts";

/** A channel's name within its tenant: `kind/id`. */
export interface ChannelName {
  readonly kind: string;
  readonly id: string;
  /** Both, as they stand on the wire: `build/4711`. */
  readonly name: string;
}

const KIND = /^[a-z][a-z0-9-]*$/;
const ID = /^[A-Za-z0-9._:@-]+$/;

/** Kinds: `[a-z][a-z0-9-]{0,31}`. */
export function isKind(text: string): boolean {
  return text.length <= limits.kindChars && KIND.test(text);
}

/** Ids: `[A-Za-z0-9._:@-]{1,128}`. */
export function isChannelId(text: string): boolean {
  return text.length <= limits.idChars && ID.test(text);
}

/** Whether a text is a channel's name, or the beginning of names and `*`: `build/4711`, `build/app-*`, `build/*`. */
export function isChannelPattern(text: string): boolean {
  const slash = text.indexOf("/");
  const id = text.slice(slash + 1);
  if (slash < 0 || !isKind(text.slice(0, slash))) return false;
  if (!id.endsWith("*")) return isChannelId(id);
  return id === "*" || (id.length <= limits.idChars && isChannelId(id.slice(0, -1)));
}

/** Reads `kind/id`; the refusal quotes what was found (shortened) and the grammar. */
export function parseChannelName(text: string): Result<ChannelName> {
  const slash = text.indexOf("/");
  const kind = slash < 0 ? text : text.slice(0, slash);
  const id = slash < 0 ? "" : text.slice(slash + 1);
  if (slash < 0 || !isKind(kind) || !isChannelId(id)) {
    return refuse(
      "channel_name_invalid",
      `${quote(text)} is not a channel name. A name is kind/id: a kind matches [a-z][a-z0-9-]{0,31}, an id [A-Za-z0-9._:@-]{1,128}.`,
      { received: text.slice(0, 200) },
    );
  }
  return ok({ kind, id, name: text });
}

/** A value in an error sentence: JSON, at most 80 characters of it. */
export function quote(value: unknown): string {
  const text = JSON.stringify(shorten(value, 3)) ?? String(value);
  return text.length <= 80 ? text : `${text.slice(0, 79).toWellFormed()}…`;
}

/** The beginning of a value: JSON.stringify recurses, so that a deep one from outside would end its stack. */
function shorten(value: unknown, depthLeft: number): unknown {
  if (typeof value === "string") return value.slice(0, 80);
  if (typeof value !== "object" || value === null) return value;
  if (depthLeft === 0) return "…";
  if (Array.isArray(value)) return value.slice(0, 40).map((item) => shorten(item, depthLeft - 1));
  const items = Object.entries(value).slice(0, 20);
  return Object.fromEntries(items.map(([key, item]) => [key.slice(0, 80), shorten(item, depthLeft - 1)]));
}
