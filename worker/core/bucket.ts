/**
 * A token bucket as a value, small enough for a socket's attachment: what is there, and when that was so (epoch
 * milliseconds). Time is passed in; a clock that stands still fills nothing.
 */
export interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

export interface BucketRule {
  readonly perSecond: number;
  /** What a full one holds. */
  readonly burst: number;
}

export function fullBucket({ burst }: BucketRule, now: number): Bucket {
  return { tokens: burst, at: now };
}

/** The bucket as it is now; a clock that runs backwards changes nothing. */
export function refill({ tokens, at }: Bucket, { perSecond, burst }: BucketRule, now: number): Bucket {
  const gained = (Math.max(0, now - at) * perSecond) / 1000;
  return { tokens: Math.min(burst, tokens + gained), at: Math.max(at, now) };
}

/** Takes out so many tokens, below zero too: what is owed fills up first. */
export function spend({ tokens, at }: Bucket, count: number): Bucket {
  return { tokens: tokens - count, at };
}

/** Sums of fractions miss a whole by so little that nobody may be made to wait for it. */
const roundingError = 1e-9;

/** Milliseconds until it holds so many tokens; 0 when it does. */
export function waitMs({ tokens }: Bucket, { perSecond }: BucketRule, needed: number): number {
  const missing = needed - tokens;
  return missing <= roundingError ? 0 : Math.ceil((missing * 1000) / perSecond);
}
