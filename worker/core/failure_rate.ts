import { type Bucket, fullBucket, refill, spend, waitMs } from "./bucket.ts";

/** Somebody who failed lately, and how many more failures they have left. */
export interface Failing extends Bucket {
  readonly key: string;
}

/** Remembered at most in one object, which is stored whole with each count; the longest silent are forgotten first. */
export const maxFailing = 256;

export interface FailureCount {
  /** The same list where nothing changed, so that nothing need be stored. */
  readonly failing: readonly Failing[];
  /** Milliseconds to wait; 0 where the failure is within the rate, and counted. */
  readonly retryAfterMs: number;
}

/**
 * Counts a failure of `key`: `perMinute` may come at once, and so many a minute. One past them is not counted, so
 * that who goes on failing waits no longer than who stops. Whoever has all their failures left is forgotten.
 */
export function countFailure(
  failing: readonly Failing[],
  key: string,
  perMinute: number,
  now: number,
): FailureCount {
  const rule = { perSecond: perMinute / 60, burst: perMinute };
  const known = failing.find((each) => each.key === key);
  const bucket = refill(known ?? fullBucket(rule, now), rule, now);
  const retryAfterMs = waitMs(bucket, rule, 1);
  if (retryAfterMs > 0) return { failing, retryAfterMs };
  const others = failing.filter((each) => each.key !== key && refill(each, rule, now).tokens < rule.burst);
  return { failing: [...others, { key, ...spend(bucket, 1) }].slice(-maxFailing), retryAfterMs: 0 };
}
