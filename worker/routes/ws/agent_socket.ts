import type { Problem, Result, Untrusted } from "../../../protocol/mod.ts";
import type { Claims } from "../../core/token_claims.ts";
import type { Auditor } from "../audit/auditor.ts";
import { SocketAudit } from "../audit/socket_audit.ts";
import type { AgentPorts, AgentSession } from "./agent_session.ts";
import { type Caller, FrameSocket, type Lifetime, type Speaker } from "./frame_socket.ts";
import { NativeAgent } from "./native_agent.ts";

/** As a producer's: a MiB of batches costs some 50 ms of CPU, a small frame less than a millisecond. */
const lifetime: Lifetime = { frames: 100_000, receivedBytes: 1024 * 1024 * 1024 };

/** An agent's socket: it serves channels, answers their commands, and appends to them. */
export class AgentSocket implements Speaker {
  readonly #socket: FrameSocket;
  readonly #audit: SocketAudit;
  readonly #session: AgentSession;

  constructor(socket: WebSocket, caller: Caller, audit: Auditor) {
    this.#audit = new SocketAudit(audit);
    this.#session = new NativeAgent(this.#ports(caller));
    this.#socket = new FrameSocket(socket, caller, lifetime, this);
  }

  receive(frame: Untrusted, bytes: number): void {
    this.#session.receive(frame, bytes);
  }

  encodeError(problem: Problem): string {
    return this.#session.encodeError(problem);
  }

  warn(inMs: number): void {
    this.#session.warn(inMs);
  }

  allows(claims: Claims): Promise<Result<unknown>> {
    return this.#session.allows(claims);
  }

  /** What was handed on is stored all the same; the agent repeats it elsewhere and is told so. */
  close(code: number): void {
    this.#session.close();
    this.#audit.closed(code);
  }

  #ports(caller: Caller): AgentPorts {
    return {
      caller,
      claims: () => this.#socket.claims,
      send: (text) => this.#socket.send(text),
      fail: (problem) => this.#socket.fail(problem),
      closeWith: (code, reason) => this.#socket.close(code, reason),
      renew: (token) => void this.#socket.renew(token),
      audit: this.#audit,
    };
  }
}
