import type { Dialect, Speech } from "../../../protocol/dialects/dialect.ts";
import {
  ok,
  type Problem,
  parseChannelName,
  pongText,
  type Result,
  type Untrusted,
} from "../../../protocol/mod.ts";
import type { CommandRecord } from "../../core/contract.ts";
import type { Claims } from "../../core/token_claims.ts";
import type { Auditor } from "../audit/auditor.ts";
import { SocketAudit } from "../audit/socket_audit.ts";
import { countCommand, countReceivedFrame, countRefusal, countSentFrame } from "../metrics/isolate.ts";
import { checkGrant } from "./check_grant.ts";
import { DialectSession } from "./dialect_session.ts";
import { type Caller, FrameSocket, type Lifetime, type Speaker } from "./frame_socket.ts";
import { Leg } from "./leg.ts";
import { NativeSession } from "./native_session.ts";
import { paceRules } from "./pace_rules.ts";
import { type SocketCommand, sendCommand } from "./send_command.ts";
import type { Session, SessionPorts } from "./session.ts";

/** What a socket speaks that is no native one. */
export interface Spoken {
  readonly dialect: Dialect;
  readonly speech: Speech;
}

/** A frame costs some 100 µs of CPU at most. */
const lifetime: Lifetime = { frames: 2_000_000, receivedBytes: Number.POSITIVE_INFINITY };

/** A client's socket that reads channels. Its address, or the first deciding frame, fixes which protocol it speaks. */
export class ClientSocket implements Speaker {
  readonly #socket: FrameSocket;
  readonly #caller: Caller;
  readonly #audit: SocketAudit;
  readonly #table: readonly Dialect[];
  #session: Session;
  #isDecided = false;
  #protocol = "native";
  /** Whose expiry is to be told once it is known that the client speaks the protocol that has a frame for it. */
  #unwarned: Claims | null = null;

  /** `table` has the dialects that a frame may decide for; `spoken` was decided by the address. */
  constructor(
    socket: WebSocket,
    caller: Caller,
    audit: Auditor,
    table: readonly Dialect[],
    spoken: Spoken | null,
  ) {
    this.#caller = caller;
    this.#table = table;
    this.#audit = new SocketAudit(audit);
    this.#session = new NativeSession(this.#ports());
    this.#socket = new FrameSocket(socket, caller, lifetime, this);
    if (spoken !== null) this.#begin(spoken);
  }

  receive(frame: Untrusted): void {
    if (!this.#isDecided) this.#decide(frame);
    countReceivedFrame(this.#protocol);
    // A ping decides nothing, and dialects' clients put fields into it that the native protocol does not know.
    if (!this.#isDecided && frame["type"] === "ping") this.#send(pongText);
    else this.#session.receive(frame);
  }

  encodeError(problem: Problem): string {
    countRefusal(problem.code);
    return this.#session.encodeError(problem);
  }

  warn(inMs: number): void {
    if (this.#isDecided) this.#session.warn(inMs);
    else this.#unwarned = this.#socket.claims;
  }

  /** All that is read must be granted still. */
  async allows(claims: Claims): Promise<Result<unknown>> {
    const verdicts = await Promise.all(
      this.#session.channels.map((channel) => this.#authorize(claims, channel)),
    );
    return verdicts.find((verdict) => !verdict.ok) ?? ok(true);
  }

  close(code: number): void {
    this.#session.close();
    this.#audit.closed(code);
  }

  /** Until a frame decides, the native session answers: new tokens and what nobody knows. */
  #decide(frame: Untrusted): void {
    if (has(frame, "channel")) {
      this.#isDecided = true;
      this.#warnIfUnwarned();
      return;
    }
    const dialect = this.#table.find(({ key }) => key !== undefined && has(frame, key));
    if (dialect === undefined) return;
    const speech = dialect.speak({}, Date.now);
    if (speech.ok) this.#begin({ dialect, speech: speech.value });
    else this.#socket.fail(speech.problem);
  }

  #begin({ dialect, speech }: Spoken): void {
    this.#isDecided = true;
    this.#protocol = dialect.name;
    if (dialect.takesCloseAsFinal) this.#socket.leaveToPlatform();
    const session = new DialectSession(speech, this.#ports(), paceRules(this.#caller.settings));
    this.#session = session;
    session.open();
    this.#warnIfUnwarned();
  }

  #warnIfUnwarned(): void {
    // A token that was renewed meanwhile is warned of in its own time.
    const { claims } = this.#socket;
    if (this.#unwarned === claims) this.#session.warn(Math.max(0, claims.expiresAt - Date.now()));
  }

  #ports(): SessionPorts {
    const { env, tenant } = this.#caller;
    return {
      send: (text) => this.#send(text),
      fail: (problem) => this.#socket.fail(problem),
      closeWith: (code, reason) => this.#socket.close(code, reason),
      subject: () => this.#socket.claims.subject,
      authorize: (channel) => this.#authorize(this.#socket.claims, channel.name),
      command: (channel, command) => this.#command(channel, command),
      openLeg: (request, events) =>
        new Leg(env, { ...request, tenant, subject: this.#socket.claims.subject }, events),
      renew: (token) => void this.#socket.renew(token),
      audit: this.#audit,
    };
  }

  #send(text: string): void {
    countSentFrame(this.#protocol);
    this.#socket.send(text);
  }

  async #command(channel: string, command: SocketCommand): Promise<Result<CommandRecord>> {
    const startedAt = Date.now();
    const outcome = await sendCommand(this.#caller, this.#socket.claims, channel, command);
    countCommand(outcome.ok, Date.now() - startedAt);
    if (!outcome.ok) this.#audit.commandRefused(channel, outcome.problem);
    return outcome;
  }

  async #authorize(claims: Claims, channel: string): Promise<Result<unknown>> {
    const name = parseChannelName(channel);
    if (!name.ok) return name;
    return checkGrant(this.#caller.env, claims, "read", name.value);
  }
}

/** A key that is null is absent. */
function has(frame: Untrusted, key: string): boolean {
  return frame[key] !== undefined && frame[key] !== null;
}
