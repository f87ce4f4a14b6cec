import { withPing } from "./client_silence.ts";
import type { Subscriber } from "./subscriber.ts";

/** How often silent sockets are looked for while anyone is connected, in milliseconds. */
export const sweepMs = 5 * 60 * 1000;

/** While lines flow silent sockets are looked for so often, in milliseconds. */
const lookMs = 10_000;

/** Pings wake nobody; the platform tells of the newest when it is asked. This asks, and says when it must be. */
export class Sweeps {
  readonly #subscribers: ReadonlySet<Subscriber>;
  #lookedAt = 0;
  #nextAt: number | null = null;

  constructor(subscribers: ReadonlySet<Subscriber>) {
    this.#subscribers = subscribers;
  }

  /** The next sweep, in epoch milliseconds; counted from now after a wake, when an earlier one is set already. */
  next(now: number): number {
    this.#nextAt ??= now + sweepMs;
    return this.#nextAt;
  }

  /** A sweep begins: what is decided after it knows of all pings until now. */
  begin(now: number): void {
    this.#nextAt = null;
    this.#look(now);
  }

  /** Whether to sweep while the object is awake anyway: the closer two looks are, the better an interval is known. */
  isLookDue(now: number): boolean {
    return now - this.#lookedAt >= lookMs;
  }

  #look(now: number): void {
    this.#lookedAt = now;
    for (const subscriber of this.#subscribers) {
      const state = withPing(subscriber.state, subscriber.peer.lastPingAt());
      if (state === subscriber.state) continue;
      subscriber.update(state);
      subscriber.save();
    }
  }
}
