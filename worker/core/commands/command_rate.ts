import { ok, type Result, refuse } from "../../../protocol/mod.ts";
import { SubjectBuckets } from "../subject_buckets.ts";

/** Bounds how fast one subject sends commands to a channel, refused ones and repeats included. */
export class CommandRate {
  readonly #buckets: SubjectBuckets;

  constructor(perSecond: number) {
    this.#buckets = new SubjectBuckets(perSecond);
  }

  /** Counts a command, or says how long its subject must wait. */
  take(subject: string, now: number): Result<true> {
    const retryAfterMs = this.#buckets.take(subject, now);
    if (retryAfterMs === 0) return ok(true);
    const { perSecond, burst } = this.#buckets.rule;
    const message = `The token's subject sends more than ${perSecond} commands a second to this channel. Allowed: that, and ${burst} at once (the setting MAX_COMMANDS_PER_SECOND). Try again in ${retryAfterMs} ms.`;
    return refuse("too_fast", message, { expected: perSecond, retryAfterMs });
  }
}
