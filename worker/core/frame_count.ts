import { type Bucket, type BucketRule, refill, spend, waitMs } from "./bucket.ts";

/** So many seconds of frames may come at once. */
const burstSeconds = 5;

export function frameRule(perSecond: number): BucketRule {
  return { perSecond, burst: perSecond * burstSeconds };
}

/** What becomes of a frame by the bucket of its socket, and the bucket after it. */
export type FrameVerdict =
  | { readonly kind: "take"; readonly bucket: Bucket }
  | { readonly kind: "refuse"; readonly bucket: Bucket; readonly retryAfterMs: number }
  /** It was told, and went on for a second's worth. */
  | { readonly kind: "close"; readonly bucket: Bucket; readonly retryAfterMs: number };

/** Counts a frame: past the rate each is refused, and what goes on all the same is owed and ends the socket. */
export function countFrame(before: Bucket, rule: BucketRule, now: number): FrameVerdict {
  const filled = refill(before, rule, now);
  const bucket = spend(filled, 1);
  const retryAfterMs = waitMs(filled, rule, 1);
  if (retryAfterMs === 0) return { kind: "take", bucket };
  return { kind: bucket.tokens < -rule.perSecond ? "close" : "refuse", bucket, retryAfterMs };
}
