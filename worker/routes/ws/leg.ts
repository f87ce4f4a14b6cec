import { closeCodes, type Problem, problemTable } from "../../../protocol/mod.ts";
import type { SocketPlan } from "../../core/contract.ts";
import type { Env } from "../../objects/env.ts";
import { closeSocket } from "./close_socket.ts";
import { openObjectSocket } from "./object_socket.ts";

/** What a leg tells its owner, until the owner closes it. */
export interface LegEvents {
  frame(text: string): void;
  /** The object took the subscription; its frames follow. */
  taken(): void;
  /** The object took no subscription; with `retryAfterMs`, for now. */
  refused(problem: Problem): void;
  /** It is gone: the object's close code and reason, or 1006 where the object could not be reached. */
  lost(code: number, reason: string): void;
}

const unreached = 1006;

/** The status of all that an object refuses a subscription for. */
const refusedStatus = problemTable.too_many_viewers.status;

/** Close codes with a cause that a new leg would meet again. */
const causes: ReadonlySet<number> = new Set([
  closeCodes.token.code,
  closeCodes.forbidden.code,
  closeCodes.tooMany.code,
]);

export function isForCause(code: number): boolean {
  return causes.has(code);
}

/** One socket from this Worker to a channel's object. Once closed by its owner it tells nothing more. */
export class Leg {
  readonly #events: LegEvents;
  #socket: WebSocket | null = null;
  #isClosed = false;

  constructor(env: Env, plan: SocketPlan, events: LegEvents) {
    this.#events = events;
    this.#open(env, plan).catch((error: unknown) => {
      console.warn(`A leg to ${plan.channel} could not be opened`, error);
      this.#lose(unreached);
    });
  }

  /** Sends to the object; before the leg is open there is nothing to say. */
  send(text: string): void {
    try {
      this.#socket?.send(text);
    } catch {
      // It is closing: its close event tells the owner.
    }
  }

  /**
   * Asks for a `pong` behind all frames that the object has to send now. With this space it is not the text that
   * the platform answers by itself, out of order.
   */
  probe(): void {
    this.send('{"type": "ping"}');
  }

  ack(channel: string, cursor: number): void {
    this.send(JSON.stringify({ type: "ack", channel, cursor }));
  }

  close(): void {
    this.#isClosed = true;
    if (this.#socket !== null) closeSocket(this.#socket, closeCodes.normal.code, "");
    this.#socket = null;
  }

  async #open(env: Env, plan: SocketPlan): Promise<void> {
    const response = await openObjectSocket(env, { ...plan, refusesByStatus: true });
    const socket = response.webSocket;
    if (socket === null) {
      await this.#fail(response);
      return;
    }
    socket.addEventListener("message", ({ data }) => {
      if (!this.#isClosed && typeof data === "string") this.#events.frame(data);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      closeSocket(socket, closeCodes.normal.code, "");
      this.#lose(code, reason);
    });
    socket.addEventListener("error", () => this.#lose(unreached));
    socket.accept();
    if (this.#isClosed) {
      closeSocket(socket, closeCodes.normal.code, "");
      return;
    }
    this.#socket = socket;
    this.#events.taken();
  }

  /** What an object of this gateway answers is believed. */
  async #fail(response: Response): Promise<void> {
    if (response.status !== refusedStatus) {
      this.#lose(unreached);
      return;
    }
    const problem = await response.json<Problem>();
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#events.refused(problem);
  }

  #lose(code: number, reason = ""): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket = null;
    this.#events.lost(code, reason);
  }
}
