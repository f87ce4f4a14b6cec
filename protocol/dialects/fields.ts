import { type ChannelName, isChannelId, parseChannelName, quote } from "../channel_name.ts";
import { ok, type Result, refuse } from "../codes.ts";
import type { Untrusted } from "../fields.ts";
import { limits } from "../limits.ts";

/** Fields that dialects have in common, read as old clients send them: `null` is absent. */

/** A channel that a client names: `id` as it calls it, and the channel's whole name. */
export interface NamedChannel {
  readonly id: string;
  readonly channel: ChannelName["name"];
}

/** An id is of the dialect's kind, unless it contains `/`: then it is the whole channel name. */
export function namedChannel(where: string, field: string, id: unknown, kind: string): Result<NamedChannel> {
  if (id === undefined || id === null) {
    return refuse("missing_field", `${where} has no ${field}. Needed: the id of a ${kind}.`);
  }
  if (typeof id === "string" && id.includes("/")) {
    const name = parseChannelName(id);
    return name.ok ? ok({ id, channel: id }) : name;
  }
  if (typeof id !== "string" || !isChannelId(id)) {
    return refuse(
      "channel_name_invalid",
      `${where} has ${field}: ${quote(id)}. Allowed: an id that matches [A-Za-z0-9._:@-]{1,128}, or a channel's whole name.`,
    );
  }
  return ok({ id, channel: `${kind}/${id}` });
}

/** A cursor in a frame, if there is one. */
export function frameCursor(where: string, cursor: unknown): Result<number | undefined> {
  if (cursor === undefined || cursor === null) return ok(undefined);
  if (typeof cursor === "number" && Number.isSafeInteger(cursor) && cursor >= 0) return ok(cursor);
  return refuse("invalid_field", `${where} has cursor: ${quote(cursor)}. Allowed: an integer from 0.`);
}

/** A cursor in a query, if there is one. */
export function queryCursor(field: string, text: string | undefined): Result<number | undefined> {
  if (text === undefined) return ok(undefined);
  const cursor = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(cursor)) return ok(cursor);
  return refuse("invalid_field", `The query has ${field}: ${quote(text)}. Allowed: an integer from 0.`);
}

/** A frame's own id is opaque, and bounded. */
export function checkFrameId({ id }: { readonly id?: unknown }): Result<true> {
  if (typeof id !== "string" || id.length <= limits.dialectIdChars) return ok(true);
  return refuse(
    "invalid_field",
    `The frame has an id of ${id.length.toLocaleString("en")} characters and the limit is ${limits.dialectIdChars}.`,
  );
}

/** The id that a frame's sender gave it, as text, if there is one; {@link checkFrameId} bounds it. */
export function frameId({ id }: { readonly id?: unknown }): string | undefined {
  if (typeof id === "number") return String(id);
  return typeof id === "string" && id !== "" && id.length <= limits.dialectIdChars ? id : undefined;
}

/** Refuses a frame of a type that the dialect does not have. */
export function unknownType(frame: Untrusted, key: string, allowed: string): Result<never> {
  const type = frame[key];
  const found = type === undefined || type === null ? `no ${key}` : `${key}: ${quote(type)}`;
  return refuse("unknown_frame", `The frame has ${found}. Allowed: ${allowed}.`);
}
