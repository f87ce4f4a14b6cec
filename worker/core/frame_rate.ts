import { ok, type Result, refuse } from "../../protocol/mod.ts";
import { type Bucket, type BucketRule, fullBucket, refill, spend, waitMs } from "./bucket.ts";

/** So many seconds of frames may come at once: a client that resumes its channels, or a batch of small ones. */
const burstSeconds = 5;

/**
 * Bounds how fast a client sends. Acks that entries frames asked for are free: a client in the smallest window
 * owes one for every few KiB, and must not be closed for reading fast.
 */
export class FrameRate {
  readonly #rule: BucketRule;
  #bucket: Bucket;
  #freeAcks = 0;

  constructor(perSecond: number, now: number) {
    this.#rule = { perSecond, burst: perSecond * burstSeconds };
    this.#bucket = fullBucket(this.#rule, now);
  }

  /** An entries frame was sent: one ack may answer it. */
  entriesSent(): void {
    this.#freeAcks = Math.min(this.#freeAcks + 1, this.#rule.burst);
  }

  /** Counts a frame of the client's, or says how long it must wait. */
  take(text: string, now: number): Result<true> {
    if (this.#freeAcks > 0 && text.startsWith('{"type":"ack"')) {
      this.#freeAcks -= 1;
      return ok(true);
    }
    const bucket = refill(this.#bucket, this.#rule, now);
    const retryAfterMs = waitMs(bucket, this.#rule, 1);
    if (retryAfterMs > 0) {
      const { perSecond, burst } = this.#rule;
      const message = `The client sends more than ${perSecond} frames a second. Allowed: that, and ${burst} at once (the setting MAX_FRAMES_PER_SECOND). Try again in ${retryAfterMs} ms.`;
      return refuse("too_fast", message, { expected: perSecond, retryAfterMs });
    }
    this.#bucket = spend(bucket, 1);
    return ok(true);
  }
}
