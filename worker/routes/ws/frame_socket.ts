import {
  closeCodes,
  frameTooLarge,
  limits,
  ok,
  type Problem,
  parseObject,
  pingText,
  pongText,
  problemTable,
  type Result,
  refuse,
  type Untrusted,
  utf8Bytes,
} from "../../../protocol/mod.ts";
import { FrameRate } from "../../core/frame_rate.ts";
import type { Settings } from "../../core/settings.ts";
import type { Claims } from "../../core/token_claims.ts";
import type { Env } from "../../objects/env.ts";
import { countClosedSocket, countOpenedSocket } from "../metrics/isolate.ts";
import { verifyRenewal } from "../token_check.ts";
import { type Clock, systemClock } from "./clock.ts";
import { closeSocket } from "./close_socket.ts";
import { SilenceTimer } from "./silence_timer.ts";
import { TokenTimer } from "./token_timer.ts";

/** What a socket ends with that broke (RFC 6455). */
const lostCode = 1006;

/** Who opened a socket, and the gateway that it was opened to. */
export interface Caller {
  readonly env: Env;
  readonly secret: string;
  readonly settings: Settings;
  readonly claims: Claims;
  readonly tenant: string;
}

/** What speaks on a socket. */
export interface Speaker {
  /** Takes a frame, a JSON object not yet believed; `bytes` is its length as it was received. */
  receive(frame: Untrusted, bytes: number): void;
  /** A refusal in the client's protocol. */
  encodeError(problem: Problem): string;
  /** The token expires soon; a protocol that cannot say so says nothing. */
  warn(inMs: number): void;
  /** Whether a new token still grants all that is done here. */
  allows(claims: Claims): Promise<Result<unknown>>;
  /** The socket is gone, by this close code of either side: what belongs to it ends. */
  close(code: number): void;
}

/**
 * After so much a socket ends by its own choice, for its invocation has 300 s of CPU (wrangler.toml). Clients
 * resume elsewhere.
 */
export interface Lifetime {
  /** Both ways. */
  readonly frames: number;
  readonly receivedBytes: number;
}

/** A client's socket that ends in this Worker: what all of them share, whatever is spoken. */
export class FrameSocket {
  readonly #socket: WebSocket;
  readonly #caller: Caller;
  readonly #speaker: Speaker;
  readonly #clock: Clock;
  readonly #rate: FrameRate;
  readonly #token: TokenTimer;
  readonly #silence: SilenceTimer;
  #claims: Claims;
  #isOpen = true;
  #framesLeft: number;
  #bytesLeft: number;

  constructor(
    socket: WebSocket,
    caller: Caller,
    lifetime: Lifetime,
    speaker: Speaker,
    clock: Clock = systemClock,
  ) {
    this.#socket = socket;
    this.#caller = caller;
    this.#speaker = speaker;
    this.#clock = clock;
    this.#claims = caller.claims;
    this.#framesLeft = lifetime.frames;
    this.#bytesLeft = lifetime.receivedBytes;
    this.#rate = new FrameRate(caller.settings.MAX_FRAMES_PER_SECOND, clock.now());
    this.#silence = new SilenceTimer(
      caller.settings.WEBSOCKET_TIMEOUT * 1000,
      (problem) => this.fail(problem),
      clock,
    );
    this.#token = new TokenTimer(caller.claims.expiresAt, {
      expiring: (inMs) => speaker.warn(inMs),
      expired: () =>
        this.fail({ code: "token_expired", message: "The token has expired. Connect with a new one." }),
    });
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", ({ code }) => this.#gone(code));
    socket.addEventListener("error", () => this.#gone(lostCode));
    socket.accept();
    countOpenedSocket();
  }

  /** Whose token it is, and what that grants now. */
  get claims(): Claims {
    return this.#claims;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(text: string): void {
    this.#count(0);
    if (!this.#isOpen) return;
    this.#silence.sent();
    if (text.startsWith('{"type":"entries"')) this.#rate.entriesSent();
    try {
      this.#socket.send(text);
    } catch {
      // It is closing: its close event ends everything.
    }
  }

  /** Its client would not come back: it lives for as long as the platform lets it. */
  leaveToPlatform(): void {
    this.#framesLeft = Number.POSITIVE_INFINITY;
    this.#bytesLeft = Number.POSITIVE_INFINITY;
  }

  /** Tells the client why, and closes. */
  fail(problem: Problem): void {
    this.send(this.#speaker.encodeError(problem));
    this.close(problemTable[problem.code].close, problem.code);
  }

  close(code: number, reason: string): void {
    this.#end(code, () => closeSocket(this.#socket, code, reason));
  }

  /** A new token must be of the same subject and still grant all that is done. */
  async renew(token: string): Promise<void> {
    const verdict = await this.#checkRenewal(token);
    if (!this.#isOpen) return;
    if (verdict.ok) {
      this.#claims = verdict.value;
      this.#token.renew(verdict.value.expiresAt);
      return;
    }
    this.send(this.#speaker.encodeError(verdict.problem));
    this.close(problemTable.token_invalid.close, verdict.problem.code);
  }

  async #checkRenewal(token: string): Promise<Result<Claims>> {
    const { secret, tenant } = this.#caller;
    const renewed = await verifyRenewal(token, secret, { subject: this.#claims.subject, tenant });
    if (!renewed.ok || !this.#isOpen) return renewed;
    const allowed = await this.#speaker.allows(renewed.value);
    return allowed.ok ? renewed : allowed;
  }

  #receive(data: string | ArrayBuffer): void {
    if (!this.#isOpen) return;
    const text = this.#readText(data);
    if (!text.ok) {
      this.fail(text.problem);
      return;
    }
    this.#silence.heard();
    if (data === pingText) {
      this.#silence.pinged();
      this.send(pongText);
      return;
    }
    const frame = parseObject(text.value.text, "The frame");
    if (frame.ok) this.#speaker.receive(frame.value, text.value.bytes);
    else if (frame.problem.code === "malformed_json") this.fail(frame.problem);
    else this.send(this.#speaker.encodeError(frame.problem));
  }

  /** What is no text, too long or too fast ends the socket. */
  #readText(data: string | ArrayBuffer): Result<{ readonly text: string; readonly bytes: number }> {
    if (typeof data !== "string") {
      return refuse("frame_invalid", "The frame is binary. Allowed: text frames of JSON.");
    }
    const bytes = utf8Bytes(data);
    if (bytes > limits.upFrameBytes) return { ok: false, problem: frameTooLarge(bytes) };
    const taken = this.#rate.take(data, this.#clock.now());
    if (!taken.ok) return taken;
    this.#count(bytes);
    return this.#isOpen ? ok({ text: data, bytes }) : refuse("restarting", "The socket has ended.");
  }

  #count(receivedBytes: number): void {
    const wasLasting = this.#framesLeft > 0 && this.#bytesLeft > 0;
    this.#framesLeft -= 1;
    this.#bytesLeft -= receivedBytes;
    if (!wasLasting || (this.#framesLeft > 0 && this.#bytesLeft > 0)) return;
    this.fail({ code: "restarting", message: "The socket has served its frames. Connect again." });
  }

  /** The peer is gone. An unanswered close leaves it waiting. */
  #gone(code: number): void {
    this.#end(code, () => closeSocket(this.#socket, closeCodes.normal.code, ""));
  }

  #end(code: number, close: () => void): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    countClosedSocket(code);
    this.#token.stop();
    this.#silence.stop();
    this.#speaker.close(code);
    close();
  }
}
