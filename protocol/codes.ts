/**
 * The one table of everything that can be refused: stable code, HTTP status and, on a socket, close code. What
 * they are called stands in `code_texts.ts`, which no browser bundles.
 */

/** A socket's close codes and what a native client does about them. */
export const closeCodes = {
  normal: { code: 1000, client: "stop" },
  invalid: { code: 4400, client: "stop" },
  token: { code: 4401, client: "renew" },
  forbidden: { code: 4403, client: "stop" },
  version: { code: 4406, client: "stop" },
  timeout: { code: 4408, client: "retry" },
  replaced: { code: 4409, client: "stop" },
  tooMany: { code: 4429, client: "retry" },
  internal: { code: 4500, client: "retry" },
  restarting: { code: 4503, client: "retry" },
} as const satisfies Record<string, { code: number; client: ClientReaction }>;

export type CloseName = keyof typeof closeCodes;

/** `retry`: connect again after a backoff. `renew`: get a new token, once. `stop`: do not come back. */
export type ClientReaction = "retry" | "renew" | "stop";

/** What a native client does about a close code: unknown ones retry (design: 1006 and anything unknown). */
export function reactionTo(code: number): ClientReaction {
  for (const entry of Object.values(closeCodes)) {
    if (entry.code === code) return entry.client;
  }
  return "retry";
}

/** Problem codes: `status` over HTTP, `close` when it ends a socket. */
export const problemTable = {
  not_configured: { status: 503, close: 4500 },
  setting_invalid: { status: 503, close: 4500 },
  token_missing: { status: 401, close: 4401 },
  token_invalid: { status: 401, close: 4401 },
  token_expired: { status: 401, close: 4401 },
  forbidden: { status: 403, close: 4403 },
  origin_forbidden: { status: 403, close: 4403 },
  cookie_needs_https: { status: 400, close: 4400 },
  channel_name_invalid: { status: 400, close: 4400 },
  malformed_json: { status: 400, close: 4400 },
  invalid_field: { status: 400, close: 4400 },
  unknown_field: { status: 400, close: 4400 },
  missing_field: { status: 400, close: 4400 },
  unknown_frame: { status: 400, close: 4400 },
  frame_invalid: { status: 400, close: 4400 },
  frame_too_large: { status: 413, close: 4400 },
  not_subscribed: { status: 400, close: 4400 },
  batch_empty: { status: 400, close: 4400 },
  too_many_entries: { status: 413, close: 4400 },
  entry_too_large: { status: 413, close: 4400 },
  body_too_large: { status: 413, close: 4400 },
  unsupported_content_type: { status: 415, close: 4400 },
  sequence_hole: { status: 409, close: 4400 },
  producer_unknown: { status: 409, close: 4400 },
  producer_fenced: { status: 409, close: 4409 },
  channel_ended: { status: 409, close: 4400 },
  unknown_command: { status: 400, close: 4400 },
  hostile_content: { status: 400, close: 4400 },
  command_too_large: { status: 413, close: 4400 },
  command_exists: { status: 409, close: 4400 },
  command_not_found: { status: 404, close: 4400 },
  channel_not_found: { status: 404, close: 4400 },
  route_not_found: { status: 404, close: 4400 },
  method_not_allowed: { status: 405, close: 4400 },
  upgrade_required: { status: 426, close: 4400 },
  version_unsupported: { status: 400, close: 4406 },
  cursor_trimmed: { status: 410, close: 4400 },
  epoch_ended: { status: 410, close: 4400 },
  timeout: { status: 408, close: 4408 },
  replaced: { status: 409, close: 4409 },
  ack_overdue: { status: 429, close: 4429 },
  too_many_viewers: { status: 429, close: 4429 },
  too_many_channels: { status: 429, close: 4429 },
  too_many_agents: { status: 429, close: 4429 },
  too_many_commands: { status: 429, close: 4429 },
  too_many_failures: { status: 429, close: 4429 },
  too_fast: { status: 429, close: 4429 },
  realtime_disabled: { status: 503, close: 4503 },
  storage_failed: { status: 503, close: 4503 },
  channel_overloaded: { status: 503, close: 4503 },
  restarting: { status: 503, close: 4503 },
  internal: { status: 500, close: 4500 },
} as const satisfies Record<string, { status: number; close: number }>;

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
