import { createDurable } from "itty-durable/itty-durable";
import type { ThrottleCalls, ThrottleVerdict } from "../core/contract.ts";
import { countFailure, type Failing } from "../core/failure_rate.ts";

/**
 * Counts failed handshakes and sign-ins, by keys that name nobody. All of its own fields are stored under one key
 * whenever it says so, and it is asked by {@link ThrottleCalls} alone: whoever could send it requests could call
 * any of its methods.
 */
export class ThrottleObject extends createDurable() implements ThrottleCalls {
  failing: readonly Failing[] = [];

  /** Without the environment, which the base class would copy onto the object's state, secret and all. */
  constructor(state: DurableObjectState) {
    super(state);
  }

  async fail(key: string, perMinute: number): Promise<ThrottleVerdict> {
    const { failing, retryAfterMs } = countFailure(this.failing, key, perMinute, Date.now());
    if (failing !== this.failing) {
      this.failing = failing;
      await this.persist();
    }
    return { retryAfterMs };
  }
}
