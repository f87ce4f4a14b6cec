import { ok, type Result, refuse } from "../../protocol/mod.ts";
import { SubjectBuckets } from "./subject_buckets.ts";

/** A socket that outlived the object's memory, as far as this counts it. */
export interface Connected {
  readonly subject: string;
  /** Epoch milliseconds. */
  readonly joinedAt: number;
}

/** Bounds how fast one subject opens sockets on a channel. */
export class ConnectRate {
  readonly #buckets: SubjectBuckets;

  /** After an eviction the sockets that are still there are counted again. */
  constructor(perSecond: number, connected: readonly Connected[]) {
    this.#buckets = new SubjectBuckets(perSecond);
    for (const { subject, joinedAt } of connected.toSorted((a, b) => a.joinedAt - b.joinedAt)) {
      this.#buckets.recall(subject, joinedAt);
    }
  }

  /** Counts a connect, or says how long its subject must wait. */
  take(subject: string, now: number): Result<true> {
    const retryAfterMs = this.#buckets.take(subject, now);
    if (retryAfterMs === 0) return ok(true);
    const { perSecond, burst } = this.#buckets.rule;
    const message = `The token's subject opens more than ${perSecond} sockets a second on this channel. Allowed: that, and ${burst} at once (the setting MAX_CONNECTS_PER_SECOND). Try again in ${retryAfterMs} ms.`;
    return refuse("too_fast", message, { expected: perSecond, retryAfterMs });
  }
}
