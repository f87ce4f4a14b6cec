import { limits } from "../../../protocol/mod.ts";

/** Longest delay of a timer, in milliseconds: a longer one would fire at once. */
const maxDelayMs = 2 ** 31 - 1;

export interface TokenTimerEvents {
  expiring(inMs: number): void;
  expired(): void;
}

/** Warns once before a token expires, and tells when it has. */
export class TokenTimer {
  readonly #events: TokenTimerEvents;
  #expiresAt: number;
  #isWarned = false;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(expiresAt: number, events: TokenTimerEvents) {
    this.#expiresAt = expiresAt;
    this.#events = events;
    this.#schedule();
  }

  /** A new token goes on with the socket. */
  renew(expiresAt: number): void {
    this.#expiresAt = expiresAt;
    this.#isWarned = false;
    this.#schedule();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #schedule(): void {
    this.stop();
    const due = this.#isWarned ? this.#expiresAt : this.#expiresAt - limits.tokenWarnMs;
    const delayMs = Math.min(Math.max(0, due - Date.now()), maxDelayMs);
    this.#timer = setTimeout(() => this.#fire(), delayMs);
  }

  #fire(): void {
    this.#timer = null;
    const leftMs = this.#expiresAt - Date.now();
    if (leftMs <= 0) {
      this.#events.expired();
      return;
    }
    if (!this.#isWarned && leftMs <= limits.tokenWarnMs) {
      this.#isWarned = true;
      this.#events.expiring(leftMs);
    }
    this.#schedule();
  }
}
