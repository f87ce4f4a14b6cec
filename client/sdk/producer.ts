import type { AppendReceipt } from "./api_types.ts";
import { backoffMs } from "./backoff.ts";
import { BatchProducer } from "./batch_producer.ts";
import { pause, withTimeout } from "./cancel.ts";
import type { ClientResult } from "./problem.ts";
import type { ProducerOptions } from "./producer_options.ts";
import { type Batch, defaultBatchBytes } from "./producer_queue.ts";
import { type BatchHistory, type Verdict, verdictOf } from "./producer_verdict.ts";

/**
 * Sends entries to a channel in order, exactly once: numbered batches, one in flight, each repeated with its own
 * number and text until the gateway answers. What ends the repeats: an answer, `close`, or a refusal for good.
 */
export class Producer extends BatchProducer {
  #epoch: number;
  #seq = 0;
  #isSending = false;
  /** The batch that is not answered yet. */
  #inFlight: Batch | null = null;

  constructor(options: ProducerOptions) {
    super(options, { bytes: options.batchBytes ?? defaultBatchBytes });
    this.#epoch = options.epoch ?? this.now();
  }

  protected override get hasUnanswered(): boolean {
    return this.#inFlight !== null;
  }

  protected override get unansweredEntries(): number {
    return this.#inFlight?.entries ?? 0;
  }

  protected override send(): void {
    if (!this.#isSending && !this.isStopped) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let batch = this.take(); batch !== null; batch = this.isStopped ? null : this.take()) {
      this.#inFlight = batch;
      await this.#sendBatch(batch);
      this.#inFlight = null;
    }
    this.#isSending = false;
    this.tellQuiet();
  }

  /** Sends one batch until it is answered. Its number is used up only when it is stored. */
  async #sendBatch(batch: Batch): Promise<void> {
    let tried: BatchHistory = { isRenewed: false, isRebegun: false };
    for (let attempt = 1; !this.isStopped; attempt++) {
      const result = await this.#post(batch, tried.isRenewed);
      if (this.isStopped && !result.ok) break;
      const verdict = this.#judge(result, tried);
      if (verdict === "stop") this.stop();
      if (verdict === "renew") tried = { ...tried, isRenewed: true };
      if (verdict === "rebegin") tried = { ...tried, isRebegun: true };
      if (verdict === "again") await this.#wait(attempt, result);
      if (verdict !== "done" && verdict !== "refused") continue;
      if (verdict === "done") this.#seq += 1;
      else this.leaveOut(batch.entries);
      return;
    }
  }

  #post(batch: Batch, renew: boolean): Promise<ClientResult<AppendReceipt>> {
    const { channel, project, requestTimeoutMs = 30_000 } = this.options;
    const producer = { id: this.id, epoch: this.#epoch, seq: this.#seq };
    const about = { producer, renew, ...(project !== undefined && { project }) };
    return withTimeout(
      (signal) => this.api.appendLines(channel, batch.ndjson, { ...about, signal }),
      requestTimeoutMs,
      this.startTimer,
      this.closed,
    );
  }

  #judge(result: ClientResult<AppendReceipt>, tried: BatchHistory): Verdict {
    const verdict = verdictOf(result, tried, typeof this.options.token === "function");
    if (verdict === "rebegin") {
      this.#epoch += 1;
      this.#seq = 0;
    }
    if (!result.ok && (verdict === "again" || verdict === "refused" || verdict === "stop")) {
      this.options.onProblem?.({ ...result.problem, ...(verdict === "stop" && { final: true }) });
    }
    return verdict;
  }

  #wait(attempt: number, result: ClientResult<unknown>): Promise<void> {
    const retryAfterMs = result.ok ? undefined : result.problem.retryAfterMs;
    return pause(backoffMs(attempt, this.random(), retryAfterMs), this.startTimer, this.closed);
  }
}
