import {
  closeCodes,
  limits,
  type Problem,
  parseChannelName,
  parseObject,
  pingText,
  pongText,
  problemTable,
  utf8Bytes,
} from "../../../protocol/mod.ts";
import type { Claims } from "../../core/token_claims.ts";
import type { Env } from "../../objects/env.ts";
import { authorizeChannel } from "../auth/authorize.ts";
import { verifyRenewal } from "../token_check.ts";
import { DialectSession } from "./dialect_session.ts";
import { decide } from "./dialects.ts";
import { Leg } from "./leg.ts";
import { NativeSession } from "./native_session.ts";
import type { Session, SessionPorts } from "./session.ts";
import { SilenceTimer } from "./silence_timer.ts";
import { TokenTimer } from "./token_timer.ts";

interface Caller {
  readonly env: Env;
  readonly secret: string;
  readonly claims: Claims;
  readonly tenant: string;
}

/**
 * Frames after which a socket ends by its own choice: an invocation has 300 s of CPU (wrangler.toml), and a
 * frame costs some 100 µs of it at most. Clients resume elsewhere.
 */
const framesPerSocket = 2_000_000;

/** A client's socket on `/ws`: what all protocols share. The first deciding frame fixes which one it speaks. */
export class ClientSocket {
  readonly #socket: WebSocket;
  readonly #caller: Caller;
  readonly #token: TokenTimer;
  readonly #silence = new SilenceTimer(() =>
    this.#fail({ code: "timeout", message: "The client pinged and then fell silent. Connect again." }),
  );
  #claims: Claims;
  #session: Session;
  #isDecided = false;
  #isOpen = true;
  #frames = 0;

  constructor(socket: WebSocket, caller: Caller) {
    this.#socket = socket;
    this.#caller = caller;
    this.#claims = caller.claims;
    this.#session = new NativeSession(this.#ports());
    this.#token = new TokenTimer(caller.claims.expiresAt, {
      expiring: (inMs) => this.#session.warn(inMs),
      expired: () =>
        this.#fail({ code: "token_expired", message: "The token has expired. Connect with a new one." }),
    });
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", () => this.#gone());
    socket.addEventListener("error", () => this.#gone());
    socket.accept();
  }

  #receive(data: string | ArrayBuffer): void {
    if (!this.#isOpen) return;
    this.#count();
    this.#silence.heard();
    if (data === pingText) {
      this.#silence.pinged();
      this.#send(pongText);
      return;
    }
    if (typeof data !== "string") {
      this.#fail({ code: "frame_invalid", message: "The frame is binary. Allowed: text frames of JSON." });
      return;
    }
    const bytes = data.length > limits.upFrameBytes ? data.length : utf8Bytes(data);
    if (bytes > limits.upFrameBytes) {
      const message = `The frame has ${bytes.toLocaleString("en")} bytes and the limit is ${limits.upFrameBytes.toLocaleString("en")}.`;
      this.#fail({ code: "frame_too_large", message, expected: limits.upFrameBytes });
      return;
    }
    const frame = parseObject(data, "The frame");
    if (!frame.ok) {
      if (frame.problem.code === "malformed_json") {
        this.#fail(frame.problem);
        return;
      }
      this.#send(this.#session.encodeError(frame.problem));
      return;
    }
    if (!this.#isDecided) this.#decide(frame.value);
    this.#session.receive(frame.value);
  }

  /** Until a frame decides, the native session answers: pings, new tokens and what nobody knows. */
  #decide(frame: Parameters<typeof decide>[0]): void {
    const speaks = decide(frame);
    if (speaks === null) return;
    this.#isDecided = true;
    if (speaks !== "native") this.#session = new DialectSession(speaks, this.#ports());
  }

  #ports(): SessionPorts {
    const { env, tenant } = this.#caller;
    return {
      send: (text) => this.#send(text),
      fail: (problem) => this.#fail(problem),
      closeWith: (code, reason) => this.#close(code, reason),
      authorize: (channel) => this.#authorize(channel.name),
      openLeg: (request, events) =>
        new Leg(env, { ...request, tenant, subject: this.#claims.subject }, events),
      renew: (token) => void this.#renew(token),
    };
  }

  async #authorize(channel: string): ReturnType<SessionPorts["authorize"]> {
    const name = parseChannelName(channel);
    if (!name.ok) return name;
    try {
      return await authorizeChannel(this.#caller.env, this.#claims, "read", name.value);
    } catch (error) {
      console.warn(`The grant for ${channel} could not be checked`, error);
      const message = `The project of ${channel} could not be asked for. Try again.`;
      return { ok: false, problem: { code: "restarting", message } };
    }
  }

  /** A new token must be of the same subject and still grant all that is read. */
  async #renew(token: string): Promise<void> {
    const { secret, tenant } = this.#caller;
    const renewed = await verifyRenewal(token, secret, { subject: this.#claims.subject, tenant });
    if (!this.#isOpen) return;
    if (!renewed.ok) {
      this.#refuseToken(renewed.problem);
      return;
    }
    this.#claims = renewed.value;
    const verdicts = await Promise.all(this.#session.channels.map((channel) => this.#authorize(channel)));
    if (!this.#isOpen) return;
    const refusal = verdicts.find((verdict) => !verdict.ok);
    if (refusal !== undefined && !refusal.ok) {
      this.#refuseToken(refusal.problem);
      return;
    }
    this.#token.renew(renewed.value.expiresAt);
  }

  #refuseToken(problem: Problem): void {
    this.#send(this.#session.encodeError(problem));
    this.#close(problemTable.token_invalid.close, problem.code);
  }

  #send(text: string): void {
    if (!this.#isOpen) return;
    this.#count();
    try {
      this.#socket.send(text);
    } catch {
      // It is closing: its close event ends everything.
    }
  }

  #count(): void {
    this.#frames += 1;
    if (this.#frames !== framesPerSocket) return;
    this.#fail({ code: "restarting", message: "The socket has served its frames. Connect again." });
  }

  #fail(problem: Problem): void {
    this.#send(this.#session.encodeError(problem));
    this.#close(problemTable[problem.code].close, problem.code);
  }

  #close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#release();
    try {
      this.#socket.close(code, reason);
    } catch {
      // The peer closed it first.
    }
  }

  /** The peer is gone. An unanswered close leaves it waiting. */
  #gone(): void {
    this.#close(closeCodes.normal.code, "");
  }

  #release(): void {
    this.#isOpen = false;
    this.#token.stop();
    this.#silence.stop();
    this.#session.close();
  }
}
