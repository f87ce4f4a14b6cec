import { type CommandDownFrame, limits } from "../../protocol/mod.ts";

/** Commands that are remembered, at most: no more than {@link limits.groupCommands} can come again. */
const maxKnown = 2 * limits.groupCommands;

export interface CommandQueuePorts {
  /** Gives a command to its handler; `ack` says that it was taken, and may be called before this resolves. */
  handle(frame: CommandDownFrame, ack: () => void): void | Promise<void>;
  /** It was given to its handler, or waits for it, and comes again. */
  repeated(frame: CommandDownFrame): void;
  /** Acknowledges every command up to the cursor. */
  ack(cursor: number): void;
  /** The handler threw or rejected: the command was taken all the same. */
  failed(frame: CommandDownFrame, thrown: unknown): void;
}

/** One channel's commands: given to a handler one at a time, in order, and each once, however often it comes. */
export class CommandQueue {
  readonly #ports: CommandQueuePorts;
  readonly #known = new Map<string, "taken" | "acked">();
  #waiting: CommandDownFrame[] = [];
  /** The one that is handled and not acknowledged. */
  #current: string | null = null;
  #running = 0;

  constructor(ports: CommandQueuePorts) {
    this.#ports = ports;
  }

  /** Nothing waits and nothing is being handled. */
  get isIdle(): boolean {
    return this.#running === 0 && this.#waiting.length === 0;
  }

  take(frame: CommandDownFrame): void {
    const known = this.#known.get(keyOf(frame));
    if (known !== undefined) this.#ports.repeated(frame);
    // The acknowledgement did not arrive.
    if (known === "acked") this.#ports.ack(frame.cursor);
    if (known !== undefined || this.#waiting.length >= maxKnown) return;
    this.#waiting.push(frame);
    this.#remember(keyOf(frame), "taken");
    this.#next();
  }

  /** The connection was made anew: what waits comes again, unless another agent has taken it meanwhile. */
  restart(): void {
    for (const frame of this.#waiting) this.#known.delete(keyOf(frame));
    this.#waiting = [];
  }

  #next(): void {
    if (this.#current !== null) return;
    const frame = this.#waiting.shift();
    if (frame === undefined) return;
    this.#current = keyOf(frame);
    void this.#handle(frame);
  }

  async #handle(frame: CommandDownFrame): Promise<void> {
    const ack = (): void => this.#ack(frame);
    this.#running += 1;
    try {
      await this.#ports.handle(frame, ack);
    } catch (thrown) {
      this.#ports.failed(frame, thrown);
    }
    this.#running -= 1;
    ack();
  }

  #ack(frame: CommandDownFrame): void {
    const key = keyOf(frame);
    if (this.#current !== key) return;
    this.#current = null;
    this.#remember(key, "acked");
    this.#ports.ack(frame.cursor);
    this.#next();
  }

  #remember(key: string, as: "taken" | "acked"): void {
    this.#known.delete(key);
    this.#known.set(key, as);
    const [oldest] = this.#known.keys();
    if (this.#known.size > maxKnown && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** A cursor alone is not enough: a channel that was deleted long ago counts from 1 again. */
function keyOf({ cursor, from, id, ts }: CommandDownFrame): string {
  return JSON.stringify([cursor, from, id, ts]);
}
