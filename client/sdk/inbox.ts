import type { DownFrame } from "../../protocol/mod.ts";

/** A frame that waits for its listener. */
export interface Received {
  readonly frame: DownFrame;
  /** Its UTF-8 bytes as received. */
  readonly bytes: number;
}

/**
 * Hands frames over one at a time: while the handler's Promise is pending, the others wait. The gateway's window
 * bounds what can wait; `maxEntries` bounds a gateway that does not keep to it.
 */
export class Inbox {
  readonly #maxEntries: number;
  readonly #handle: (received: Received) => void | Promise<void>;
  readonly #onFailure: (thrown: unknown) => void;
  #waiting: Received[] = [];
  #waitingEntries = 0;
  #isHandling = false;
  #isPumping = false;
  #isClosed = false;

  constructor(
    maxEntries: number,
    handle: (received: Received) => void | Promise<void>,
    onFailure: (thrown: unknown) => void,
  ) {
    this.#maxEntries = maxEntries;
    this.#handle = handle;
    this.#onFailure = onFailure;
  }

  /** False when it would hold more entries than it may: the frame was not taken. */
  push(received: Received): boolean {
    const entries = entriesOf(received);
    if (this.#waiting.length > 0 && this.#waitingEntries + entries > this.#maxEntries) return false;
    this.#waiting.push(received);
    this.#waitingEntries += entries;
    this.#pump();
    return true;
  }

  /** Forgets what waits; what is being handled goes on. */
  clear(): void {
    this.#waiting = [];
    this.#waitingEntries = 0;
  }

  /** Hands nothing more over. */
  close(): void {
    this.#isClosed = true;
    this.clear();
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.#isHandling && !this.#isClosed) {
      const received = this.#waiting.shift();
      if (received === undefined) break;
      this.#waitingEntries -= entriesOf(received);
      this.#handOver(received);
    }
    this.#isPumping = false;
  }

  #handOver(received: Received): void {
    try {
      const taken = this.#handle(received);
      if (taken !== undefined) void this.#await(taken);
    } catch (thrown) {
      this.#onFailure(thrown);
    }
  }

  async #await(taken: Promise<void>): Promise<void> {
    this.#isHandling = true;
    try {
      await taken;
    } catch (thrown) {
      this.#onFailure(thrown);
    }
    this.#isHandling = false;
    this.#pump();
  }
}

function entriesOf({ frame }: Received): number {
  return frame.type === "entries" ? frame.entries.length : 0;
}
