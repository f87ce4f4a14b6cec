import { ok, type Result, refuse } from "../../protocol/mod.ts";
import { type Bucket, type BucketRule, fullBucket, refill, spend, waitMs } from "./bucket.ts";

/**
 * So many seconds of connects may come at once. An object sleeps after ten seconds without any event: a bucket
 * that only memory knows is full again by then, and nothing is lost by sleeping.
 */
const burstSeconds = 10;

/** Subjects remembered at most; whoever connected longest ago is forgotten first. */
const maxSubjects = 1_000;

/** A socket that outlived the object's memory, as far as this counts it. */
export interface Connected {
  readonly subject: string;
  /** Epoch milliseconds. */
  readonly joinedAt: number;
}

/** Bounds how fast one subject opens sockets on a channel. */
export class ConnectRate {
  readonly #rule: BucketRule;
  readonly #buckets = new Map<string, Bucket>();

  /** After an eviction the sockets that are still there are counted again. */
  constructor(perSecond: number, connected: readonly Connected[]) {
    this.#rule = { perSecond, burst: perSecond * burstSeconds };
    for (const { subject, joinedAt } of connected.toSorted((a, b) => a.joinedAt - b.joinedAt)) {
      this.#keep(subject, spend(this.#bucketOf(subject, joinedAt), 1));
    }
  }

  /** Counts a connect, or says how long its subject must wait. */
  take(subject: string, now: number): Result<true> {
    const bucket = this.#bucketOf(subject, now);
    const retryAfterMs = waitMs(bucket, this.#rule, 1);
    if (retryAfterMs > 0) {
      const { perSecond, burst } = this.#rule;
      const message = `The token's subject opens more than ${perSecond} sockets a second on this channel. Allowed: that, and ${burst} at once (the setting MAX_CONNECTS_PER_SECOND). Try again in ${retryAfterMs} ms.`;
      return refuse("too_fast", message, { expected: perSecond, retryAfterMs });
    }
    this.#keep(subject, spend(bucket, 1));
    return ok(true);
  }

  #bucketOf(subject: string, now: number): Bucket {
    return refill(this.#buckets.get(subject) ?? fullBucket(this.#rule, now), this.#rule, now);
  }

  #keep(subject: string, bucket: Bucket): void {
    this.#buckets.delete(subject);
    this.#buckets.set(subject, bucket);
    if (this.#buckets.size <= maxSubjects) return;
    for (const oldest of this.#buckets.keys()) {
      this.#buckets.delete(oldest);
      return;
    }
  }
}
