/**
 * The one table of everything that can be refused: stable code, HTTP status and, on a socket, close code.
 */

/** A socket's close codes and what a native client does about them. */
export const closeCodes = {
  normal: { code: 1000, client: "stop", meaning: "closed by intent" },
  invalid: { code: 4400, client: "stop", meaning: "invalid frame or request" },
  token: { code: 4401, client: "renew", meaning: "token invalid or expired" },
  forbidden: { code: 4403, client: "stop", meaning: "forbidden" },
  version: { code: 4406, client: "stop", meaning: "protocol version not supported" },
  timeout: { code: 4408, client: "retry", meaning: "silent for too long" },
  replaced: { code: 4409, client: "stop", meaning: "replaced by another connection" },
  tooMany: { code: 4429, client: "retry", meaning: "too fast or too many" },
  internal: { code: 4500, client: "retry", meaning: "internal error" },
  restarting: { code: 4503, client: "retry", meaning: "restarting" },
} as const satisfies Record<string, { code: number; client: ClientReaction; meaning: string }>;

/** `retry`: connect again after a backoff. `renew`: get a new token, once. `stop`: do not come back. */
export type ClientReaction = "retry" | "renew" | "stop";

/** What a native client does about a close code: unknown ones retry (design: 1006 and anything unknown). */
export function reactionTo(code: number): ClientReaction {
  for (const entry of Object.values(closeCodes)) {
    if (entry.code === code) return entry.client;
  }
  return "retry";
}

/** Problem codes: `status` over HTTP, `close` when it ends a socket, `title` for RFC 9457. */
export const problemTable = {
  not_configured: { status: 503, close: 4500, title: "The gateway has no secret yet" },
  setting_invalid: { status: 503, close: 4500, title: "A setting is wrong" },
  token_missing: { status: 401, close: 4401, title: "A token is needed" },
  token_invalid: { status: 401, close: 4401, title: "The token is not valid" },
  token_expired: { status: 401, close: 4401, title: "The token has expired" },
  forbidden: { status: 403, close: 4403, title: "The token does not grant this" },
  origin_forbidden: { status: 403, close: 4403, title: "This origin is not allowed" },
  cookie_needs_https: { status: 400, close: 4400, title: "A session cookie needs HTTPS" },
  channel_name_invalid: { status: 400, close: 4400, title: "Not a channel name" },
  malformed_json: { status: 400, close: 4400, title: "Malformed JSON" },
  invalid_field: { status: 400, close: 4400, title: "A field has a wrong value" },
  unknown_field: { status: 400, close: 4400, title: "A field is not known" },
  missing_field: { status: 400, close: 4400, title: "A field is missing" },
  unknown_frame: { status: 400, close: 4400, title: "A frame's type is not known" },
  frame_invalid: { status: 400, close: 4400, title: "Not a frame" },
  frame_too_large: { status: 413, close: 4400, title: "The frame is too large" },
  not_subscribed: { status: 400, close: 4400, title: "Not subscribed to this channel" },
  batch_empty: { status: 400, close: 4400, title: "The batch is empty" },
  too_many_entries: { status: 413, close: 4400, title: "The batch has too many entries" },
  entry_too_large: { status: 413, close: 4400, title: "An entry is too large" },
  body_too_large: { status: 413, close: 4400, title: "The body is too large" },
  unsupported_content_type: { status: 415, close: 4400, title: "The content type is not supported" },
  sequence_hole: { status: 409, close: 4400, title: "A batch is missing before this one" },
  producer_unknown: { status: 409, close: 4400, title: "The producer is not known" },
  producer_fenced: { status: 409, close: 4409, title: "A newer epoch of this producer has begun" },
  channel_ended: { status: 409, close: 4400, title: "The channel has ended" },
  channel_not_found: { status: 404, close: 4400, title: "No such channel" },
  route_not_found: { status: 404, close: 4400, title: "No such route" },
  method_not_allowed: { status: 405, close: 4400, title: "The method is not allowed here" },
  upgrade_required: { status: 426, close: 4400, title: "A WebSocket upgrade is needed" },
  version_unsupported: { status: 400, close: 4406, title: "The protocol version is not supported" },
  cursor_trimmed: { status: 410, close: 4400, title: "These entries are no longer retained" },
  epoch_ended: { status: 410, close: 4400, title: "The cursor is of a journal that was deleted" },
  timeout: { status: 408, close: 4408, title: "Silent for too long" },
  replaced: { status: 409, close: 4409, title: "Replaced by another connection" },
  ack_overdue: { status: 429, close: 4429, title: "An acknowledgement is overdue" },
  too_many_viewers: { status: 429, close: 4429, title: "The channel has all the viewers it takes" },
  too_many_channels: { status: 429, close: 4429, title: "The socket has all the channels it takes" },
  too_fast: { status: 429, close: 4429, title: "Too many requests" },
  storage_failed: { status: 503, close: 4503, title: "The journal could not be written" },
  channel_overloaded: { status: 503, close: 4503, title: "The channel is overloaded" },
  restarting: { status: 503, close: 4503, title: "The gateway is restarting" },
  internal: { status: 500, close: 4500, title: "Internal error" },
} as const satisfies Record<string, { status: number; close: number; title: string }>;

export type ProblemCode = keyof typeof problemTable;

/** A refusal: its code, one sentence that says what was found and what is allowed, and details by code. */
export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  /** What would have been accepted: the next sequence number, or an allowed value. */
  readonly expected?: number | string;
  /** What was found in its place. */
  readonly received?: number | string;
  /** The oldest retained cursor, with `cursor_trimmed`. */
  readonly oldest?: number;
  /** How long to wait before trying again, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Where to sign in, with a 401 of `GET /v1/session`: a path of the gateway or an http(s) URL. */
  readonly loginUrl?: string;
}

/** An expected outcome as a value: what was asked for, or why not. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function refuse<T = never>(
  code: ProblemCode,
  message: string,
  details: Omit<Problem, "code" | "message"> = {},
): Result<T> {
  return { ok: false, problem: { code, message, ...details } };
}
