import type { AgentDialect } from "../../../protocol/dialects/agent_dialect.ts";
import { type Problem, pongText, type Result, type Untrusted } from "../../../protocol/mod.ts";
import type { Claims } from "../../core/token_claims.ts";
import type { Auditor } from "../audit/auditor.ts";
import { SocketAudit } from "../audit/socket_audit.ts";
import type { AgentPorts, AgentSession } from "./agent_session.ts";
import { DialectAgent } from "./dialect_agent.ts";
import { type Caller, FrameSocket, type Lifetime, type Speaker } from "./frame_socket.ts";
import { NativeAgent } from "./native_agent.ts";

/** As a producer's: a MiB of batches costs some 50 ms of CPU, a small frame less than a millisecond. */
const lifetime: Lifetime = { frames: 100_000, receivedBytes: 1024 * 1024 * 1024 };

/** An agent's socket: it serves channels, answers their commands, and appends to them. */
export class AgentSocket implements Speaker {
  readonly #socket: FrameSocket;
  readonly #audit: SocketAudit;
  readonly #ports: AgentPorts;
  readonly #table: readonly AgentDialect[];
  #session: AgentSession;
  #isDecided = false;

  /** `table` has the dialects that a frame may decide for. */
  constructor(socket: WebSocket, caller: Caller, audit: Auditor, table: readonly AgentDialect[]) {
    this.#audit = new SocketAudit(audit);
    this.#table = table;
    this.#ports = this.#makePorts(caller);
    this.#session = new NativeAgent(this.#ports);
    this.#socket = new FrameSocket(socket, caller, lifetime, this);
  }

  receive(frame: Untrusted, bytes: number): void {
    if (!this.#isDecided) this.#decide(frame);
    // A ping decides nothing, and dialects' agents put fields into it that the native protocol does not know.
    const isForeignPing = frame["type"] === "ping" && Object.keys(frame).length > 1;
    if (!this.#isDecided && isForeignPing) this.#socket.send(pongText);
    else this.#session.receive(frame, bytes);
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

  /** Until a frame decides, the native session answers: new tokens and what nobody knows. */
  #decide(frame: Untrusted): void {
    const has = (key: string) => frame[key] !== undefined && frame[key] !== null;
    if (has("channel")) {
      this.#isDecided = true;
      return;
    }
    const dialect = this.#table.find(({ key }) => has(key));
    if (dialect === undefined) return;
    this.#isDecided = true;
    const { subject } = this.#socket.claims;
    const speech = dialect.speak({ name: crypto.randomUUID(), subject, now: Date.now });
    this.#session = new DialectAgent(speech, this.#ports);
  }

  #makePorts(caller: Caller): AgentPorts {
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
