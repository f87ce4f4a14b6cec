import { setTimeout as sleep } from "node:timers/promises";

export interface PaceOptions {
  /** Bytes that wait to be sent. */
  readonly waitingBytes: () => number;
  /** Milliseconds, of a clock that never goes back. */
  readonly now: () => number;
}

/** Above this a run is held back, until a quarter of it is left. */
const HIGH_BYTES = 4 * 1024 * 1024;
const LOW_BYTES = HIGH_BYTES / 4;
/** A gateway that has not answered for so long holds nobody back: it is away. */
const PATIENCE_MS = 1_000;
const LOOK_MS = 5;

/**
 * Holds a run back when it prints faster than the gateway takes, so that no line is lost to the queue's bound;
 * but only while the gateway answers. What ends a hold: the queue has room, or no answer within a second.
 */
export class Pace {
  readonly #options: PaceOptions;
  #answeredAt: number;

  /** A gateway that was not asked yet is given the same time. */
  constructor(options: PaceOptions) {
    this.#options = options;
    this.#answeredAt = options.now();
  }

  /** The gateway has taken something. */
  answered(): void {
    this.#answeredAt = this.#options.now();
  }

  /** The gateway has refused, or was not reached. */
  failed(): void {
    this.#answeredAt = Number.NEGATIVE_INFINITY;
  }

  /** Null when there is no need to wait. */
  hold(): Promise<void> | null {
    return this.#isBehind(HIGH_BYTES) ? this.#untilRoom() : null;
  }

  async #untilRoom(): Promise<void> {
    while (this.#isBehind(LOW_BYTES)) await sleep(LOOK_MS);
  }

  #isBehind(bytes: number): boolean {
    return this.#options.waitingBytes() > bytes && this.#options.now() - this.#answeredAt < PATIENCE_MS;
  }
}
