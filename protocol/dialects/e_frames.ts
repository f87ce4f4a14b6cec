import type { Json, JsonObject, Level } from "../entry.ts";

/** Dialect E's frames: the names that the gateway and its clients share. Downwards it is `event`, never `type`. */

export const sessionCommands = ["start_session", "pause_session", "resume_session", "user_input"] as const;
export type SessionCommand = (typeof sessionCommands)[number];

/** A frame upwards. `session_id` in the first command's data names the session, where the address does not. */
export interface SessionCommandFrame {
  readonly cmd: SessionCommand | "ping";
  readonly data?: JsonObject;
  /** The command's id: with the token's subject it is the command's name. */
  readonly id?: string;
}

/** A frame downwards; `data` is always there. */
export interface SessionEventFrame {
  /** One of {@link SessionEvents}, or whatever the engine says. */
  readonly event: string;
  readonly data: Json;
  /** ISO 8601; with what the journal holds. */
  readonly timestamp?: string;
  readonly node_id?: string;
  /** Of texts that were joined the last one's. */
  readonly cursor?: number;
}

/** The data of the events that every client knows, and of what the gateway says itself; more fields may come. */
export interface SessionEvents {
  readonly token_stream: { readonly text: string };
  readonly node_state_change: { readonly status: string; readonly error?: string };
  readonly "node:parallel_start": { readonly nodes: readonly string[] };
  readonly token_usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
  };
  readonly "execution:paused": Readonly<Record<string, never>>;
  readonly "execution:completed": Readonly<Record<string, never>>;
  readonly error: SessionError;
  /** A log line. */
  readonly log: { readonly level: Level; readonly stage: string; readonly line: string };
  readonly pong: Readonly<Record<string, never>>;
}

/** The gateway's own codes are problem codes, `gap` (with its range), `session_failure` and the like. */
export interface SessionError {
  readonly error: string;
  readonly code?: string;
  readonly from?: number;
  readonly to?: number | null;
  readonly count?: number | null;
  /** The command that it is about. */
  readonly id?: string;
}
