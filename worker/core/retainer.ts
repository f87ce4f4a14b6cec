import type { ChannelLog } from "./channel_log.ts";
import { isDue } from "./due.ts";
import { nextStep, type Retention, type RetentionStep } from "./retention.ts";

/** When a store that refused to trim is asked again, in milliseconds. */
const retryMs = 60_000;

/** When a deleted channel that is still used is looked at again, in milliseconds. */
const usedMs = 24 * 60 * 60 * 1000;

/** What was done to a channel's journal. */
export type Retired = "trimmed" | "removed" | "erased";

/** Lets a channel's oldest entries go, a bounded step at a time, and at last the channel. */
export class Retainer {
  readonly #log: ChannelLog;
  readonly #retention: Retention;
  readonly #clear: (now: number) => void;
  #retryAt: number | null = null;

  /** `clear` removes a channel: all of it but its last cursors. */
  constructor(log: ChannelLog, retention: Retention, clear: (now: number) => void) {
    this.#log = log;
    this.#retention = retention;
    this.#clear = clear;
  }

  /** When the next step is due, in epoch milliseconds. */
  due(now: number): number | null {
    return this.#retryAt ?? nextStep(this.#log.retained, this.#retention, now)?.due ?? null;
  }

  /** Does the step that is due, if any. Nothing is erased while it is used: cursors would run backwards. */
  step(now: number, isUsed: boolean): Retired | null {
    if (this.#retryAt !== null && !isDue(this.#retryAt, now)) return null;
    this.#retryAt = null;
    const next = nextStep(this.#log.retained, this.#retention, now);
    if (next === null || !isDue(next.due, now)) return null;
    if (next.step === "erase" && isUsed) return this.#waitUntil(now + usedMs);
    try {
      return this.#do(next.step, now);
    } catch {
      return this.#waitUntil(now + retryMs);
    }
  }

  #do(step: RetentionStep, now: number): Retired {
    switch (step) {
      case "trim":
        this.#log.trim(this.#retention, now);
        return "trimmed";
      case "remove":
        this.#clear(now);
        return "removed";
      case "erase":
        this.#log.erase();
        return "erased";
    }
  }

  #waitUntil(due: number): null {
    this.#retryAt = due;
    return null;
  }
}
