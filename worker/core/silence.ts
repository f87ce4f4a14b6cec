/** A pinging client is given so long at least, in milliseconds: three intervals of the default heartbeat. */
const minSilenceMs = 90_000;
const intervals = 3;

/** How long a client may be silent that has pinged, the longest interval it has shown being so long. */
export function patienceMs(longestPingMs: number): number {
  return Math.max(minSilenceMs, intervals * longestPingMs);
}

/**
 * Tells when a client has fallen silent: one that has pinged, and then sends nothing for three of the longest
 * intervals that it has shown. One that never pinged owes nothing.
 */
export class Silence {
  readonly #startedAt: number;
  #heardAt: number;
  #pingedAt: number | null = null;
  #longestMs = 0;

  constructor(now: number) {
    this.#startedAt = now;
    this.#heardAt = now;
  }

  heard(now: number): void {
    this.#heardAt = now;
  }

  pinged(now: number): void {
    // The first counts from the beginning: a client with a slow heartbeat shows it by its first ping.
    this.#longestMs = Math.max(this.#longestMs, now - (this.#pingedAt ?? this.#startedAt));
    this.#pingedAt = now;
    this.#heardAt = now;
  }

  /** When it counts as silent unless it is heard before, in epoch milliseconds. */
  get dueAt(): number | null {
    if (this.#pingedAt === null) return null;
    return this.#heardAt + patienceMs(this.#longestMs);
  }
}
