import { type ErrorFrame, type Problem, type ProblemCode, problemTable } from "../../protocol/mod.ts";

/** What can go wrong on the client's side of the wire, beside the gateway's own codes. */
export type ClientProblemCode =
  /** The connection could not be made, was lost, or fell silent. */
  | "connection_lost"
  /** The `token` function failed, or what it gave cannot be sent. */
  | "token_unavailable"
  /** Entries are missing between two frames and no gap was announced. */
  | "entries_missing"
  /** The storage failed to load or to save. */
  | "storage_failed"
  /** A listener threw or rejected; its subscription ends there. */
  | "listener_failed"
  /** More entries wait for a slow listener than `maxBufferedEntries`. */
  | "buffer_full"
  /** Nobody waits for this command any more. */
  | "command_forgotten"
  /** No answer came to an HTTP request. */
  | "network_failed"
  /** An HTTP answer was not what the gateway sends. */
  | "answer_invalid";

/** A refusal by the gateway, or trouble on the way to it: a code and one sentence. */
export interface ClientProblem extends Omit<Problem, "code"> {
  /** Newer gateways may send codes that this client does not know. */
  readonly code: ProblemCode | ClientProblemCode | (string & {});
  readonly channel?: string;
  /** The command that it is about. */
  readonly id?: string;
  /** The HTTP status, where there was one. */
  readonly status?: number;
  /** The subscription or producer that is told this has ended with it (a stopped connection may `reconnect()`). */
  readonly final?: boolean;
}

/** An expected outcome as a value. */
export type ClientResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: ClientProblem };

/** What an `error` frame says, as a problem. */
export function problemOfFrame(frame: ErrorFrame): ClientProblem {
  const { code, message, expected, retryAfterMs } = frame;
  return {
    code,
    message,
    ...(expected !== undefined && { expected }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** True for the codes of the gateway's table. */
export function isProblemCode(value: unknown): value is ProblemCode {
  return typeof value === "string" && Object.hasOwn(problemTable, value);
}

/** One sentence from whatever was thrown. */
export function sentenceOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
