import { Silence } from "../../core/silence.ts";
import { type Clock, systemClock } from "./clock.ts";

/** Tells when a client that pings has fallen silent. Frames only note the time; one timer looks now and then. */
export class SilenceTimer {
  readonly #silence: Silence;
  readonly #clock: Clock;
  readonly #fallen: () => void;
  #cancel: (() => void) | null = null;

  constructor(fallen: () => void, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#silence = new Silence(clock.now());
    this.#fallen = fallen;
  }

  heard(): void {
    this.#silence.heard(this.#clock.now());
  }

  pinged(): void {
    this.#silence.pinged(this.#clock.now());
    if (this.#cancel === null) this.#look();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #look(): void {
    this.#cancel = null;
    const due = this.#silence.dueAt;
    if (due === null) return;
    const leftMs = due - this.#clock.now();
    if (leftMs <= 0) this.#fallen();
    else this.#cancel = this.#clock.startTimer(() => this.#look(), leftMs);
  }
}
