import { limits, ok, type Problem, type Result, refuse } from "../../../protocol/mod.ts";
import type { AppendReceipt, AppendRequest } from "../../core/contract.ts";
import { channelObject, type Env } from "../../objects/env.ts";
import { problemOf } from "../failures.ts";

export type Answer = (outcome: Result<AppendReceipt>) => void;

/** What allows a batch: with `project`, a grant on that project alone. */
export type Granted = Promise<Result<{ readonly project?: string }>>;

/** How long a producer waits that has too much unacknowledged, in milliseconds. */
const retryAfterMs = 1_000;

/** Bytes of frames that a socket has sent and that were not answered yet. */
export class UnackedBytes {
  #bytes = 0;

  /** Whether `bytes` more may be unacknowledged. */
  admits(bytes: number): Result<true> {
    const unacked = this.#bytes + bytes;
    if (unacked <= limits.unackedBytes) return ok(true);
    const [found, most] = [unacked, limits.unackedBytes].map((count) => count.toLocaleString("en"));
    const message = `With this frame ${found} bytes of the socket would be unacknowledged and the limit is ${most}.`;
    return refuse("too_fast", message, { expected: limits.unackedBytes, retryAfterMs });
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }
}

/**
 * Hands batches to one channel's object without waiting for each other: calls of one stub arrive in order. Answers
 * are given in the order of the batches, whatever was refused where.
 */
export class AppendPipeline {
  readonly #env: Env;
  readonly #tenant: string;
  readonly #channel: string;
  readonly #unacked: UnackedBytes;
  #stub: ReturnType<typeof channelObject>;
  #unanswered = 0;
  #answered: Promise<void> = Promise.resolve();

  /** Pipelines of one socket share what may be unacknowledged. */
  constructor(env: Env, tenant: string, channel: string, unacked: UnackedBytes = new UnackedBytes()) {
    this.#env = env;
    this.#tenant = tenant;
    this.#channel = channel;
    this.#unacked = unacked;
    this.#stub = this.#makeStub();
  }

  /** Everything was answered. */
  get isIdle(): boolean {
    return this.#unanswered === 0;
  }

  admits(bytes: number): Result<true> {
    return this.#unacked.admits(bytes);
  }

  /** Hands on a batch whose frame had `bytes`, once it is granted; each waits for the grants before its own. */
  append(request: AppendRequest, bytes: number, answer: Answer, granted?: Granted): void {
    const outcome = granted === undefined ? this.#call(request) : this.#callGranted(request, granted);
    this.#answerInOrder(outcome, bytes, answer);
  }

  /** Answers what was refused here, in its turn. */
  refuse(problem: Problem, answer: Answer): void {
    const refused: Result<AppendReceipt> = { ok: false, problem };
    this.#answerInOrder(Promise.resolve(refused), 0, answer);
  }

  /** Runs what a frame of `bytes` asks, after all that came before it was answered. */
  after(bytes: number, run: () => void): void {
    this.#answerInOrder(Promise.resolve(), bytes, run);
  }

  /** Resolves when everything that came before this was answered. */
  settled(): Promise<void> {
    return this.#answered;
  }

  async #callGranted(request: AppendRequest, granted: Granted): Promise<Result<AppendReceipt>> {
    const verdict = await granted;
    if (!verdict.ok) return verdict;
    const { project } = verdict.value;
    return this.#call(project === undefined ? request : { ...request, grantedProject: project });
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

  #answerInOrder<T>(outcome: Promise<T>, bytes: number, answer: (outcome: T) => void): void {
    this.#unanswered += 1;
    this.#unacked.add(bytes);
    this.#answered = this.#answered.then(async () => {
      const result = await outcome;
      this.#unanswered -= 1;
      this.#unacked.add(-bytes);
      answer(result);
    });
  }

  #makeStub() {
    return channelObject(this.#env, this.#tenant, this.#channel);
  }
}
