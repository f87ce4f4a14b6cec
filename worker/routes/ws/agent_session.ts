import type { Problem, Result, Untrusted } from "../../../protocol/mod.ts";
import type { Claims } from "../../core/token_claims.ts";
import type { ReadingAudit } from "../audit/socket_audit.ts";
import type { Caller } from "./frame_socket.ts";

/** What one agent's socket speaks, natively or in a dialect. */
export interface AgentSession {
  /** Takes a frame, not yet believed, of `bytes`. */
  receive(frame: Untrusted, bytes: number): void;
  /** The token expires soon; a protocol that cannot say so says nothing. */
  warn(inMs: number): void;
  /** A refusal in the agent's protocol. */
  encodeError(problem: Problem): string;
  /** Whether a new token still grants all that is served and read. */
  allows(claims: Claims): Promise<Result<unknown>>;
  /** The socket is gone: legs, watches and timers end. */
  close(): void;
}

/** What a session needs of its agent's socket. */
export interface AgentPorts {
  readonly caller: Caller;
  /** Whose token the socket has now, and what that grants. */
  claims(): Claims;
  send(text: string): void;
  /** Tells the agent why, and closes its socket. */
  fail(problem: Problem): void;
  /** Closes with a code of the object's; its error frame was passed on. */
  closeWith(code: number, reason: string): void;
  renew(token: string): void;
  readonly audit: ReadingAudit;
}
