import { firstWarningAt, nextWarningAt } from "../../core/token_warning.ts";

/** Longest delay of a timer, in milliseconds: a longer one would fire at once. */
const maxDelayMs = 2 ** 31 - 1;

export interface TokenTimerEvents {
  expiring(inMs: number): void;
  expired(): void;
}

/** Warns once of each token that expires, and tells when it has. */
export class TokenTimer {
  readonly #events: TokenTimerEvents;
  #expiresAt: number;
  /** Null: it was warned of this token. */
  #warnAt: number | null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(expiresAt: number, events: TokenTimerEvents) {
    this.#expiresAt = expiresAt;
    this.#warnAt = firstWarningAt(expiresAt);
    this.#events = events;
    this.#schedule();
  }

  /** A new token goes on with the socket. */
  renew(expiresAt: number): void {
    this.#expiresAt = expiresAt;
    this.#warnAt = nextWarningAt(expiresAt, Date.now());
    this.#schedule();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #schedule(): void {
    this.stop();
    const delayMs = Math.min(Math.max(0, (this.#warnAt ?? this.#expiresAt) - Date.now()), maxDelayMs);
    this.#timer = setTimeout(() => this.#fire(), delayMs);
  }

  #fire(): void {
    this.#timer = null;
    const now = Date.now();
    const leftMs = this.#expiresAt - now;
    if (leftMs <= 0) {
      this.#events.expired();
      return;
    }
    if (this.#warnAt !== null && now >= this.#warnAt) {
      this.#warnAt = null;
      this.#events.expiring(leftMs);
    }
    this.#schedule();
  }
}
