import { decodeSessionFrame, type KnownSessionFrame } from "../../protocol/dialects/e_decode.ts";
import type { SessionCommand, SessionCommandFrame } from "../../protocol/dialects/e_frames.ts";
import { isObject, type JsonObject, parseChannelName } from "../../protocol/mod.ts";
import { ApiClient } from "./api_client.ts";
import type { TokenSource } from "./connection.ts";
import { newId } from "./new_id.ts";
import { PlainSocket, pageOrigin, socketUrl } from "./plain_socket.ts";
import type { ClientProblem } from "./problem.ts";
import type { SessionListener } from "./session_listener.ts";
import {
  emptySession,
  routeSession,
  type SessionBounds,
  type SessionView,
  sessionBounds,
} from "./session_view.ts";
import { type StartTimer, startTimer, TimerSlot } from "./timers.ts";
import {
  disconnected,
  type WorkflowEffect,
  type WorkflowEvent,
  type WorkflowState,
  workflowTransition,
} from "./workflow_machine.ts";

const defaultSession = "default";

export interface WorkflowSocketOptions {
  /** The session's id, or a channel's whole name; the gateway's `default` when left out. */
  readonly session?: string;
  /** The gateway's origin; the page's own when left out. */
  readonly url?: string;
  /** Without one, cookies authenticate. */
  readonly token?: TokenSource;
  /** Go on after this cursor: 0 is from the first event on. What comes from now on when left out. */
  readonly cursor?: number;
  /** 30,000 by default. */
  readonly heartbeatMs?: number;
  readonly bounds?: Partial<SessionBounds>;
  /** The platform's by default. */
  readonly webSocket?: typeof WebSocket;
  /** The platform's by default. */
  readonly fetch?: typeof fetch;
  readonly startTimer?: StartTimer;
}

export interface WorkflowListener extends SessionListener {
  onState?(state: WorkflowState): void;
}

/**
 * A workflow session in its own frames (dialect E): at most one socket, which is opened again up to five times and
 * goes on after the last event. What is sent while it is not connected is not sent: {@link WorkflowSocket.send}
 * answers null.
 */
export class WorkflowSocket {
  readonly #options: WorkflowSocketOptions;
  readonly #listener: WorkflowListener;
  readonly #bounds: SessionBounds;
  readonly #origin: string;
  readonly #socket: PlainSocket;
  readonly #timer: TimerSlot;
  #state: WorkflowState = disconnected;
  #view: SessionView;
  /** What an error frame just said: the reason of a close that follows at once. */
  #refusal: ClientProblem | null = null;

  /** @throws Error for a bad session, and where neither `url` nor a page says where the gateway is. */
  constructor(options: WorkflowSocketOptions, listener: WorkflowListener) {
    const name = parseChannelName(channelOf(options.session));
    if (!name.ok) throw new Error(name.problem.message);
    const origin = options.url ?? pageOrigin();
    if (origin === null)
      throw new Error("No url was given, and there is no page whose address could be used.");
    this.#options = options;
    this.#listener = listener;
    this.#origin = origin;
    this.#bounds = { ...sessionBounds, ...options.bounds };
    this.#view = { ...emptySession, cursor: options.cursor ?? null };
    this.#timer = new TimerSlot(options.startTimer ?? startTimer);
    const { token, webSocket = WebSocket } = options;
    this.#socket = new PlainSocket(
      { token, webSocket },
      {
        onOpen: () => this.#dispatch({ type: "opened" }),
        onText: (text) => this.#receive(text),
        onClose: (closeCode, problem) => this.#lost(closeCode, problem),
      },
    );
  }

  get state(): WorkflowState {
    return this.#state;
  }

  get view(): SessionView {
    return this.#view;
  }

  /** Connects; nothing happens where it is connected or about to be. After it gave up it begins anew. */
  connect(): void {
    this.#dispatch({ type: "connect" });
  }

  /** Closes cleanly: it stays closed until {@link connect}. */
  close(): void {
    this.#dispatch({ type: "disconnect" });
  }

  start(data: JsonObject = {}): string | null {
    return this.send("start_session", data);
  }

  pause(): string | null {
    return this.send("pause_session", {});
  }

  resume(): string | null {
    return this.send("resume_session", {});
  }

  userInput(data: JsonObject): string | null {
    return this.send("user_input", data);
  }

  /**
   * Sends a command and answers its id, which an error about it names. Null: there is no connection and nothing
   * was sent. The session's id is added to the data where the options name it.
   */
  send(cmd: SessionCommand, data: JsonObject): string | null {
    const { session } = this.#options;
    const id = newId();
    const named = session === undefined ? data : { session_id: session, ...data };
    return this.#sendFrame({ cmd, data: named, id }) ? id : null;
  }

  #sendFrame(frame: SessionCommandFrame): boolean {
    return this.#socket.send(JSON.stringify(frame));
  }

  #dispatch(event: WorkflowEvent): void {
    const before = this.#state;
    const { heartbeatMs = 30_000, token } = this.#options;
    const context = { heartbeatMs, canRenew: typeof token === "function" };
    const { state, effects } = workflowTransition(before, event, context);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    // Pings and their answers are nobody else's concern.
    if (state === before || (state.name === before.name && state.name !== "reconnecting")) return;
    this.#listener.onState?.(state);
    if (state.name === "disconnected" && state.problem !== null) this.#listener.onProblem?.(state.problem);
  }

  #perform(effect: WorkflowEffect): void {
    switch (effect.type) {
      case "open":
        this.#socket.open(() => this.#url(), effect.renew);
        return;
      case "hangUp":
        this.#socket.hangUp();
        return;
      case "ping":
        this.#sendFrame({ cmd: "ping" });
        return;
      case "setTimer":
        this.#timer.set(() => this.#dispatch({ type: "timer" }), effect.ms);
        return;
      case "clearTimer":
        this.#timer.clear();
        return;
    }
  }

  async #url(): Promise<string> {
    const { session = defaultSession } = this.#options;
    if (this.#view.cursor === null) await this.#findTail();
    const { cursor } = this.#view;
    return socketUrl(this.#origin, "/ws", {
      session_id: session,
      cursor: cursor === null ? null : String(cursor),
    });
  }

  /** Live is after what there is now: asked once, so that a break before the first event loses nothing either. */
  async #findTail(): Promise<void> {
    const { token, fetch, session } = this.#options;
    const api = new ApiClient({
      url: this.#origin,
      ...(token !== undefined && { token }),
      ...(fetch !== undefined && { fetch }),
    });
    const summary = await api.summary(channelOf(session));
    // A refusal is told by the socket, which is asked next.
    if (summary.ok) this.#view = { ...this.#view, cursor: this.#view.cursor ?? summary.value.tail };
  }

  #lost(closeCode: number, problem: ClientProblem | null): void {
    const cause = problem ?? this.#refusal;
    this.#refusal = null;
    this.#dispatch({ type: "lost", closeCode, problem: cause });
  }

  #receive(text: string): void {
    this.#refusal = null;
    const read = decodeSessionFrame(text);
    if (!read.ok) {
      this.#skip(text, read.problem);
      return;
    }
    const { frame, kind } = read.value;
    const isTold = kind === "known" && frame.event === "error" && frame.cursor === undefined;
    // A gateway that only says why it will not is not proved by that.
    if (!isTold) this.#dispatch({ type: "received" });
    if (isTold) {
      this.#told(frame);
    } else if (frame.event !== "pong") {
      this.#setView(routeSession(this.#view, read.value, this.#bounds));
      this.#listener.onEvent?.(frame);
    }
  }

  /** A handshake is refused in the gateway's own words. */
  #skip(text: string, problem: ClientProblem): void {
    this.#refusal = refusalOf(text);
    this.#listener.onProblem?.(this.#refusal ?? problem);
  }

  /** An error that is no event: a gap, or a refusal by the gateway. */
  #told({ data }: KnownSessionFrame & { readonly event: "error" }): void {
    const { error, code = "internal", from, to = null, count = null, id } = data;
    if (code === "gap" && typeof from === "number") {
      // After a deleted journal the next one is read from its beginning.
      this.#setView({ ...this.#view, cursor: to ?? 0 });
      this.#listener.onGap?.({ from, to, count });
      return;
    }
    this.#refusal = { code, message: error, ...(typeof id === "string" && { id }) };
    this.#listener.onProblem?.(this.#refusal);
  }

  #setView(view: SessionView): void {
    if (view === this.#view) return;
    this.#view = view;
    this.#listener.onView?.(view);
  }
}

/** An id is a session's, unless it contains `/`: then it is the whole channel name. */
function channelOf(session = defaultSession): string {
  return session.includes("/") ? session : `session/${session}`;
}

function refusalOf(text: string): ClientProblem | null {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(frame) || frame["type"] !== "error") return null;
  const { code, message, retryAfterMs } = frame as { readonly [key: string]: unknown };
  if (typeof code !== "string" || typeof message !== "string") return null;
  return { code, message, ...(typeof retryAfterMs === "number" && { retryAfterMs }) };
}
