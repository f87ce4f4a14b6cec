import type { Problem } from "../../protocol/mod.ts";

/** A pinging client is given so long at least, in milliseconds: three intervals of the default heartbeat. */
const minSilenceMs = 90_000;
const intervals = 3;

/** When a socket was used, in epoch milliseconds. */
export interface SocketUse {
  readonly heardAt: number;
  readonly sentAt: number;
  /** Null: it never pinged. */
  readonly pingedAt: number | null;
  /** The longest interval between its pings, in milliseconds. */
  readonly longestPingMs: number;
}

/** `idle`: nothing was sent either way; `stale`: the client has pinged and fell silent. */
export type SilenceKind = "idle" | "stale";

export interface SilenceDue {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly kind: SilenceKind;
}

export const silenceProblems: Readonly<Record<SilenceKind, Problem>> = {
  idle: { code: "timeout", message: "Nothing was sent either way for too long.", retryAfterMs: 1_000 },
  stale: {
    code: "timeout",
    message: "The client has pinged, and then sent nothing for three of its longest intervals.",
    retryAfterMs: 1_000,
  },
};

/**
 * When a socket is to be closed for silence unless it is used before: after `timeoutMs` in which nothing was sent
 * either way, pings and pongs included, or after three of the longest intervals that its client has shown, if it
 * has pinged and sends nothing more. One that never pinged does not owe a ping.
 */
export function silenceDue(use: SocketUse, timeoutMs: number): SilenceDue {
  const { heardAt, sentAt, pingedAt, longestPingMs } = use;
  const spokeAt = Math.max(heardAt, pingedAt ?? 0);
  const idleAt = Math.max(spokeAt, sentAt) + timeoutMs;
  const staleAt = spokeAt + Math.max(minSilenceMs, intervals * longestPingMs);
  return pingedAt !== null && staleAt < idleAt
    ? { at: staleAt, kind: "stale" }
    : { at: idleAt, kind: "idle" };
}

/** Notes when a socket is used by whoever sees each of its frames. */
export class Silence {
  readonly #startedAt: number;
  readonly #timeoutMs: number;
  #heardAt: number;
  #sentAt: number;
  #pingedAt: number | null = null;
  #longestPingMs = 0;

  constructor(timeoutMs: number, now: number) {
    this.#timeoutMs = timeoutMs;
    this.#startedAt = now;
    this.#heardAt = now;
    this.#sentAt = now;
  }

  heard(now: number): void {
    this.#heardAt = now;
  }

  sent(now: number): void {
    this.#sentAt = now;
  }

  pinged(now: number): void {
    // The first counts from the beginning: a client with a slow heartbeat shows it by its first ping.
    this.#longestPingMs = Math.max(this.#longestPingMs, now - (this.#pingedAt ?? this.#startedAt));
    this.#pingedAt = now;
    this.#heardAt = now;
  }

  /** When it counts as silent unless it is used before, and as what. */
  get due(): SilenceDue {
    const use = {
      heardAt: this.#heardAt,
      sentAt: this.#sentAt,
      pingedAt: this.#pingedAt,
      longestPingMs: this.#longestPingMs,
    };
    return silenceDue(use, this.#timeoutMs);
  }
}
