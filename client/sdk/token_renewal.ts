import { type StartTimer, TimerSlot } from "./timers.ts";

/** A token source is asked at most so often, in milliseconds, whatever the gateway announces. */
const minPauseMs = 10_000;

/**
 * Answers that a token expires: at once, and then not again before half of the announced time has passed. What
 * is announced meanwhile is answered after that, once.
 */
export class TokenRenewal {
  readonly #renew: () => void;
  readonly #pause: TimerSlot;
  /** What was announced during the pause. */
  #owedMs: number | null = null;

  constructor(startTimer: StartTimer, renew: () => void) {
    this.#renew = renew;
    this.#pause = new TimerSlot(startTimer);
  }

  /** The token expires in so many milliseconds. */
  due(inMs: number): void {
    if (this.#pause.isSet) {
      this.#owedMs = inMs;
      return;
    }
    this.#pause.set(() => this.#resume(), Math.max(minPauseMs, inMs / 2));
    this.#renew();
  }

  stop(): void {
    this.#owedMs = null;
    this.#pause.clear();
  }

  #resume(): void {
    const inMs = this.#owedMs;
    this.#owedMs = null;
    if (inMs !== null) this.due(inMs);
  }
}
