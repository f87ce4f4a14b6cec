import { isChannelId, parseChannelName, quote } from "../channel_name.ts";
import { ok, type Result, refuse } from "../codes.ts";
import type { Entry } from "../entry.ts";
import type { Untrusted } from "../fields.ts";
import { pongText } from "../frames/up.ts";
import { limits } from "../limits.ts";
import type { Dialect, DialectRequest } from "./dialect.ts";

/** Build logs: `subscribe {buildId, cursor?}` up, one `log` frame a line down. */
export const dialectA: Dialect = {
  name: "A",
  pong: pongText,

  decode(frame: Untrusted): Result<DialectRequest> {
    const id = checkFrameId(frame);
    if (!id.ok) return id;
    switch (frame["type"]) {
      case "ping":
        return ok({ kind: "ping" });
      case "subscribe":
        return decodeSubscribe(frame);
      case "unsubscribe": {
        const build = decodeBuild(frame);
        return build.ok ? ok({ kind: "unsubscribe", id: build.value.id }) : build;
      }
      default:
        return refuse(
          "unknown_frame",
          `The frame has type: ${quote(frame["type"])}. Allowed: subscribe, unsubscribe, ping.`,
        );
    }
  },

  /** Fields are these alone: nothing that a producer added leaks. An event is a line. */
  encodeEntry(buildId: string, entry: Entry, cursor: number): string {
    const { ts } = entry;
    if (entry.kind === "event") {
      const line = `${entry.event} ${JSON.stringify(entry.data)}`;
      return JSON.stringify({ type: "log", buildId, ts, level: "info", stage: "", line, cursor });
    }
    const { level, stage = "", line } = entry;
    return JSON.stringify({ type: "log", buildId, ts, level, stage, line, cursor });
  },

  encodeGap(buildId, { from, to, count, reason }): string {
    return JSON.stringify({ type: "gap", buildId, from, to, count, reason });
  },

  encodeEnd(buildId, { channel: _, type, ...proof }): string {
    return JSON.stringify({ type, buildId, ...proof });
  },

  encodeError({ code, message }, buildId): string {
    return JSON.stringify({ type: "error", code, message, ...(buildId !== undefined && { buildId }) });
  },
};

/** A frame's own id is opaque, and bounded. */
function checkFrameId({ id }: { readonly id?: unknown }): Result<true> {
  if (typeof id !== "string" || id.length <= limits.dialectIdChars) return ok(true);
  return refuse(
    "invalid_field",
    `The frame has an id of ${id.length.toLocaleString("en")} characters and the limit is ${limits.dialectIdChars}.`,
  );
}

function decodeSubscribe(frame: Untrusted): Result<DialectRequest> {
  const build = decodeBuild(frame);
  if (!build.ok) return build;
  const cursor = frame["cursor"] ?? undefined;
  if (cursor === undefined) return ok({ kind: "subscribe", ...build.value });
  if (typeof cursor !== "number" || !Number.isSafeInteger(cursor) || cursor < 0) {
    return refuse(
      "invalid_field",
      `The subscribe frame has cursor: ${quote(cursor)}. Allowed: an integer from 0.`,
    );
  }
  return ok({ kind: "subscribe", ...build.value, cursor });
}

/** An id is of kind `build`, unless it contains `/`: then it is the whole channel name. */
function decodeBuild(frame: Untrusted): Result<{ readonly id: string; readonly channel: string }> {
  const id = frame["buildId"] ?? undefined;
  if (id === undefined) return refuse("missing_field", "The frame has no buildId. Needed: a build's id.");
  if (typeof id === "string" && id.includes("/")) {
    const name = parseChannelName(id);
    return name.ok ? ok({ id, channel: id }) : name;
  }
  if (typeof id !== "string" || !isChannelId(id)) {
    return refuse(
      "channel_name_invalid",
      `The frame has buildId: ${quote(id)}. Allowed: an id that matches [A-Za-z0-9._:@-]{1,128}, or a channel's whole name.`,
    );
  }
  return ok({ id, channel: `build/${id}` });
}
