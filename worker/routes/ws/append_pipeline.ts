import { limits, type Problem, type Result, refuse } from "../../../protocol/mod.ts";
import type { AppendReceipt, AppendRequest } from "../../core/contract.ts";
import { channelObject, type Env } from "../../objects/env.ts";
import { problemOf } from "../failures.ts";

export type Answer = (outcome: Result<AppendReceipt>) => void;

/** How long a producer waits that has too much unacknowledged, in milliseconds. */
const retryAfterMs = 1_000;

/**
 * Hands batches to one channel's object without waiting for each other: calls of one stub arrive in order. Answers
 * are given in the order of the batches, whatever was refused where.
 */
export class AppendPipeline {
  readonly #env: Env;
  readonly #tenant: string;
  readonly #channel: string;
  #stub: ReturnType<typeof channelObject>;
  #unackedBytes = 0;
  #answered: Promise<void> = Promise.resolve();

  constructor(env: Env, tenant: string, channel: string) {
    this.#env = env;
    this.#tenant = tenant;
    this.#channel = channel;
    this.#stub = this.#makeStub();
  }

  /** Whether `bytes` more may be unacknowledged. */
  admits(bytes: number): Result<true> {
    const unacked = this.#unackedBytes + bytes;
    if (unacked <= limits.unackedBytes) return { ok: true, value: true };
    const [found, most] = [unacked, limits.unackedBytes].map((count) => count.toLocaleString("en"));
    const message = `With this batch ${found} bytes of the socket would be unacknowledged and the limit is ${most}.`;
    return refuse("too_fast", message, { expected: limits.unackedBytes, retryAfterMs });
  }

  /** Hands on a batch whose frame had `bytes`. */
  append(request: AppendRequest, bytes: number, answer: Answer): void {
    this.#unackedBytes += bytes;
    const outcome = this.#call(request);
    this.#answerInOrder(outcome, (result) => {
      this.#unackedBytes -= bytes;
      answer(result);
    });
  }

  /** Answers what was refused here, in its turn. */
  refuse(problem: Problem, answer: Answer): void {
    this.#answerInOrder(Promise.resolve({ ok: false, problem }), answer);
  }

  async #call(request: AppendRequest): Promise<Result<AppendReceipt>> {
    const stub = this.#stub;
    try {
      return await stub.append(request);
    } catch (error) {
      // A stub whose object failed may fail for ever; what is called after this goes by a new one.
      if (stub === this.#stub) {
        this.#stub = this.#makeStub();
        console.warn(`Batches for ${this.#channel} could not be handed on`, error);
      }
      return { ok: false, problem: problemOf(error) };
    }
  }

  #answerInOrder(outcome: Promise<Result<AppendReceipt>>, answer: Answer): void {
    this.#answered = this.#answered.then(async () => answer(await outcome));
  }

  #makeStub() {
    return channelObject(this.#env, this.#tenant, this.#channel);
  }
}
