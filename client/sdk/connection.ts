import { pingText } from "../../protocol/mod.ts";
import { type ConnectionContext, transition } from "./connection_machine.ts";
import {
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionState,
  idle,
} from "./connection_state.ts";
import { type ClientProblem, sentenceOf } from "./problem.ts";
import { type StartTimer, TimerSlot } from "./timers.ts";
import { TokenRenewal } from "./token_renewal.ts";
import type { WatchWakes } from "./wake.ts";

/**
 * A token, or who gives one. A function is asked at each connection; with `renew` the gateway has refused the
 * last one, or it is about to expire. Null: cookies authenticate.
 */
export type TokenSource =
  | string
  | ((request: { readonly renew: boolean }) => string | null | Promise<string | null>);

export interface ConnectionOptions {
  readonly token: TokenSource | undefined;
  readonly heartbeatMs: number;
  readonly webSocket: typeof WebSocket;
  readonly startTimer: StartTimer;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly watchWakes: WatchWakes;
}

/** Whom a connection tells. */
export interface ConnectionOwner {
  /** Where to connect to, asked at each attempt. */
  url(): string;
  /** A new socket is open: subscribe what should be read on it. */
  onOpen(): void;
  onText(text: string): void;
  onState(state: ConnectionState): void;
  /** Trouble beside the state. */
  onProblem(problem: ClientProblem): void;
}

/** Performs the effects of {@link transition}: one socket at a time, one timer. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #owner: ConnectionOwner;
  readonly #timer: TimerSlot;
  readonly #renewal: TokenRenewal;
  #state: ConnectionState = idle;
  #socket: WebSocket | null = null;
  /** Counts sockets: a token that arrives late, or a callback of an abandoned socket, belongs to an older one. */
  #generation = 0;
  #endWatch: (() => void) | null = null;
  /** What the gateway was given last. */
  #token: string | null = null;

  constructor(options: ConnectionOptions, owner: ConnectionOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#timer = new TimerSlot(options.startTimer);
    this.#renewal = new TokenRenewal(options.startTimer, () => this.#renewToken());
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** True while frames can be sent. */
  get isOpen(): boolean {
    return this.#state.name === "open" || this.#state.name === "ready";
  }

  dispatch(event: ConnectionEvent): void {
    const before = this.#state;
    const { state, effects } = transition(before, event, this.#context());
    this.#state = state;
    this.#watch();
    // A new socket begins with a new token.
    if (!this.isOpen) this.#renewal.stop();
    for (const effect of effects) this.#perform(effect);
    if (state !== before) this.#owner.onState(state);
  }

  /** Sends a text; what is said to a socket that is not open is dropped, for a new one begins afresh. */
  send(text: string): void {
    if (this.isOpen && this.#socket?.readyState === 1) this.#socket.send(text);
  }

  /** The gateway says that the token expires in so many milliseconds. */
  tokenExpires(inMs: number): void {
    this.#renewal.due(inMs);
  }

  /** Asks the token source; null where there is none. Throws what the source throws. */
  async #freshToken(renew: boolean): Promise<string | null> {
    const { token } = this.#options;
    return typeof token === "function" ? await token({ renew }) : (token ?? null);
  }

  /** Gives the gateway a token that it was not given yet; false where there is none. */
  async #renewToken(): Promise<boolean> {
    const generation = this.#generation;
    if (typeof this.#options.token !== "function") return false;
    try {
      const token = await this.#freshToken(true);
      if (generation !== this.#generation || token === null || token === this.#token) return false;
      this.#token = token;
      this.send(JSON.stringify({ type: "auth", token }));
      return true;
    } catch (thrown) {
      const message = `The token expires and no new one could be had: ${sentenceOf(thrown)}`;
      this.#owner.onProblem({ code: "token_unavailable", message });
      return false;
    }
  }

  #context(): ConnectionContext {
    const { heartbeatMs, random, token } = this.#options;
    const pingMs = Math.ceil((heartbeatMs * 2) / 3);
    return {
      chance: random(),
      canRenew: typeof token === "function",
      connectMs: heartbeatMs,
      pingMs,
      // Together with the ping's own delay never more than the heartbeat.
      pongMs: heartbeatMs - pingMs,
    };
  }

  #perform(effect: ConnectionEffect): void {
    switch (effect.type) {
      case "connect":
        void this.#connect(effect.renew);
        return;
      case "hangUp":
        this.#hangUp();
        return;
      case "subscribeAll":
        this.#owner.onOpen();
        return;
      case "ping":
        this.send(pingText);
        return;
      case "setTimer":
        this.#timer.set(() => this.dispatch({ type: "timer" }), effect.ms);
        return;
      case "clearTimer":
        this.#timer.clear();
        return;
    }
  }

  async #connect(renew: boolean): Promise<void> {
    const generation = ++this.#generation;
    try {
      const token = await this.#freshToken(renew);
      if (generation === this.#generation) this.#open(generation, token);
    } catch (thrown) {
      if (generation !== this.#generation) return;
      const message = `The token could not be had or sent: ${sentenceOf(thrown)}`;
      this.dispatch({ type: "tokenFailed", problem: { code: "token_unavailable", message } });
    }
  }

  #open(generation: number, token: string | null): void {
    const protocols = token === null ? ["tailrace.v1"] : ["tailrace.v1", `bearer.${token}`];
    const socket = new this.#options.webSocket(this.#owner.url(), protocols);
    this.#socket = socket;
    this.#token = token;
    const isCurrent = (): boolean => generation === this.#generation;
    socket.onopen = () => {
      if (isCurrent()) this.dispatch({ type: "opened" });
    };
    socket.onmessage = (message: MessageEvent<unknown>) => {
      if (!isCurrent()) return;
      this.dispatch({ type: "received" });
      if (typeof message.data === "string") this.#owner.onText(message.data);
    };
    // A close always follows; some implementations throw an error that nobody listens to.
    socket.onerror = () => {};
    socket.onclose = (closed: CloseEvent) => {
      if (isCurrent()) this.dispatch({ type: "lost", closeCode: closed.code });
    };
  }

  #hangUp(): void {
    this.#generation += 1;
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null && socket.readyState < 2) socket.close(1000);
  }

  /** Wakes are watched only while there is, or should be, a socket. */
  #watch(): void {
    const isWanted = this.#state.name !== "idle" && this.#state.name !== "stopped";
    if (isWanted) {
      this.#endWatch ??= this.#options.watchWakes(() => this.dispatch({ type: "wake" }));
    } else {
      this.#endWatch?.();
      this.#endWatch = null;
    }
  }
}

/** The problem a state stands for, or null where nothing is wrong. */
export function problemOf(state: ConnectionState): ClientProblem | null {
  if (state.name === "waiting") return state.cause;
  if (state.name !== "stopped" || state.reason.kind === "closed") return null;
  return { ...state.reason.problem, final: true };
}
