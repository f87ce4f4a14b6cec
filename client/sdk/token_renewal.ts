import { type StartTimer, TimerSlot } from "./timers.ts";

/** A token source is asked at most so often, in milliseconds, whatever the gateway announces. */
const minPauseMs = 10_000;

/**
 * Answers that a token expires: at once, and then not again before half of the announced time has passed. After
 * that it answers once what was announced meanwhile, or tries again where there was no new token, until the old
 * one has expired.
 */
export class TokenRenewal {
  readonly #renew: () => Promise<boolean>;
  readonly #pause: TimerSlot;
  /** What is to be answered after the pause: in how many milliseconds the token expires. */
  #owedMs: number | null = null;

  /** `renew` answers whether the gateway was given a new token; it never rejects. */
  constructor(startTimer: StartTimer, renew: () => Promise<boolean>) {
    this.#renew = renew;
    this.#pause = new TimerSlot(startTimer);
  }

  /** The token expires in so many milliseconds. */
  due(inMs: number): void {
    if (this.#pause.isSet) {
      this.#owedMs = inMs;
      return;
    }
    const pauseMs = Math.max(minPauseMs, inMs / 2);
    this.#pause.set(() => this.#resume(), pauseMs);
    void this.#renewOrRetry(inMs - pauseMs);
  }

  stop(): void {
    this.#owedMs = null;
    this.#pause.clear();
  }

  async #renewOrRetry(leftMs: number): Promise<void> {
    const isRenewed = await this.#renew();
    if (!isRenewed && leftMs > 0 && this.#pause.isSet) this.#owedMs ??= leftMs;
  }

  #resume(): void {
    const inMs = this.#owedMs;
    this.#owedMs = null;
    if (inMs !== null) this.due(inMs);
  }
}
