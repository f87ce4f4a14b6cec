import { type Bucket, type BucketRule, fullBucket, refill, spend, waitMs } from "./bucket.ts";

/**
 * So many seconds' worth may come at once. An object sleeps after ten seconds without any event: a bucket that only
 * memory knows is full again by then, and nothing is lost by sleeping.
 */
const burstSeconds = 10;

/** Subjects remembered at most; whoever came longest ago is forgotten first. */
const maxSubjects = 1_000;

/** A bucket for each subject, in memory alone. */
export class SubjectBuckets {
  readonly rule: BucketRule;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number) {
    this.rule = { perSecond, burst: perSecond * burstSeconds };
  }

  /** Counts one; answers how many milliseconds its subject must wait instead, 0 where it was counted. */
  take(subject: string, now: number): number {
    const bucket = this.#bucketOf(subject, now);
    const retryAfterMs = waitMs(bucket, this.rule, 1);
    if (retryAfterMs === 0) this.#keep(subject, spend(bucket, 1));
    return retryAfterMs;
  }

  /** Counts one that was taken before, at its time. */
  recall(subject: string, at: number): void {
    this.#keep(subject, spend(this.#bucketOf(subject, at), 1));
  }

  #bucketOf(subject: string, now: number): Bucket {
    return refill(this.#buckets.get(subject) ?? fullBucket(this.rule, now), this.rule, now);
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
