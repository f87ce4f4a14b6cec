import { closeCodes, type Problem, problemTable } from "../../../protocol/mod.ts";
import { closeSocket } from "./close_socket.ts";

/** What a connection to an object tells its owner, until the owner closes it. */
export interface LinkEvents {
  frame(text: string): void;
  /** The object took it; its frames follow. */
  taken(): void;
  /** The object did not take it; with `retryAfterMs`, for now. */
  refused(problem: Problem): void;
  /** It is gone: the object's close code and reason, or 1006 where the object could not be reached. */
  lost(code: number, reason: string): void;
}

const unreached = 1006;

/** The status of all that an object refuses a socket for. */
const refusedStatus = problemTable.too_many_viewers.status;

/** One socket from this Worker to an object. Once closed by its owner it tells nothing more. */
export class ObjectLink {
  readonly #events: LinkEvents;
  #socket: WebSocket | null = null;
  #isClosed = false;

  /** `name` is what the log calls the object; `connect` asks it for the socket. */
  constructor(name: string, connect: () => Promise<Response>, events: LinkEvents) {
    this.#events = events;
    this.#open(connect).catch((error: unknown) => {
      console.warn(`A connection to ${name} could not be opened`, error);
      this.#lose(unreached);
    });
  }

  /** Sends to the object; before the object took it there is nothing to say. */
  send(text: string): void {
    try {
      this.#socket?.send(text);
    } catch {
      // It is closing: its close event tells the owner.
    }
  }

  close(): void {
    this.#isClosed = true;
    if (this.#socket !== null) closeSocket(this.#socket, closeCodes.normal.code, "");
    this.#socket = null;
  }

  async #open(connect: () => Promise<Response>): Promise<void> {
    const response = await connect();
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
