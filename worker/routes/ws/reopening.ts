import { backoffMs, maxAttempts } from "../../core/backoff.ts";

/** What held for so long, in milliseconds, is no sign of an object that cannot be reached. */
const steadyMs = 60_000;

/** When a lost connection to an object is opened again: soon, then ever later, at most {@link maxAttempts} times in a row. */
export class Reopening {
  #attempts = 0;
  #openedAt = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** It is being opened now. */
  opens(): void {
    this.stop();
    this.#openedAt = Date.now();
  }

  /** It was lost, or refused for `waitMs`: runs `open` in its time; false where it failed too often. */
  again(open: () => void, waitMs = 0): boolean {
    if (Date.now() - this.#openedAt > steadyMs) this.#attempts = 0;
    if (this.#attempts >= maxAttempts) return false;
    this.#timer = setTimeout(open, waitMs + backoffMs(this.#attempts, Math.random()));
    this.#attempts += 1;
    return true;
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** What is told where it is opened no more. */
export function lostTooOften(name: string): { readonly code: "restarting"; readonly message: string } {
  return {
    code: "restarting",
    message: `The connection to ${name} failed ${maxAttempts} times. Connect again.`,
  };
}
