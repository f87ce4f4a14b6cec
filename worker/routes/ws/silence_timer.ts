import type { Problem } from "../../../protocol/mod.ts";
import { Silence, silenceProblems } from "../../core/silence.ts";
import { type Clock, systemClock } from "./clock.ts";

/** Tells once when a socket has fallen silent. Frames only note the time; one timer looks now and then. */
export class SilenceTimer {
  readonly #silence: Silence;
  readonly #clock: Clock;
  readonly #fallen: (problem: Problem) => void;
  #cancel: (() => void) | null = null;
  #looksAt = 0;

  constructor(timeoutMs: number, fallen: (problem: Problem) => void, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#silence = new Silence(timeoutMs, clock.now());
    this.#fallen = fallen;
    this.#look();
  }

  heard(): void {
    this.#silence.heard(this.#clock.now());
  }

  sent(): void {
    this.#silence.sent(this.#clock.now());
  }

  /** The first ping may bring forward what is due; everything else only puts it off. */
  pinged(): void {
    this.#silence.pinged(this.#clock.now());
    if (this.#silence.due.at < this.#looksAt) this.#look();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #look(): void {
    this.stop();
    const { at, kind } = this.#silence.due;
    const leftMs = at - this.#clock.now();
    if (leftMs <= 0) {
      this.#fallen(silenceProblems[kind]);
      return;
    }
    this.#looksAt = at;
    this.#cancel = this.#clock.startTimer(() => this.#look(), leftMs);
  }
}
