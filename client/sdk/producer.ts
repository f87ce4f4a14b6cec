import { ApiClient } from "./api_client.ts";
import type { AppendReceipt, EndReceipt, EndRequest } from "./api_types.ts";
import { backoffMs } from "./backoff.ts";
import { leftOutEntry } from "./left_out.ts";
import type { ClientResult } from "./problem.ts";
import type { ProducerOptions } from "./producer_options.ts";
import {
  type Batch,
  defaultBatchBytes,
  defaultBatchEntries,
  type ProducerEntry,
  ProducerQueue,
} from "./producer_queue.ts";
import { type BatchHistory, isTransient, type Verdict, verdictOf } from "./producer_verdict.ts";
import { startTimer, TimerSlot } from "./timers.ts";

/**
 * Sends entries to a channel in order, exactly once: numbered batches, one in flight, each repeated with its own
 * number and text until the gateway answers. What ends the repeats: an answer, `close`, or a refusal for good.
 */
export class Producer {
  readonly #options: ProducerOptions;
  readonly #api: ApiClient;
  readonly #queue: ProducerQueue;
  readonly #linger: TimerSlot;
  readonly #pause: TimerSlot;
  readonly #id: string;
  #epoch: number;
  #seq = 0;
  #isSending = false;
  /** Entries of the batch that is not answered yet. */
  #inFlight = 0;
  #isStopped = false;
  #request: AbortController | null = null;
  #endPause: (() => void) | null = null;
  readonly #waiters = new Set<() => void>();

  constructor(options: ProducerOptions) {
    this.#options = options;
    this.#api = new ApiClient(options);
    const start = options.startTimer ?? startTimer;
    this.#linger = new TimerSlot(start);
    this.#pause = new TimerSlot(start);
    this.#id = options.id ?? crypto.randomUUID();
    this.#epoch = options.epoch ?? this.#now();
    this.#queue = new ProducerQueue(options.maxQueueBytes ?? 8 * 1024 * 1024, (count) =>
      this.#leftOut(count),
    );
  }

  /** Entries that wait and are not in flight. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Their bytes, of `maxQueueBytes`. */
  get waitingBytes(): number {
    return this.#queue.bytes;
  }

  /** Nothing more will be sent. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Queues one entry; never blocks and never throws. Its `ts` is now unless it says otherwise. */
  append(entry: ProducerEntry): void {
    if (this.#isStopped) {
      this.#options.onDropped?.(1);
      return;
    }
    this.#queue.push({ ...entry, ts: entry.ts ?? this.#now() });
    if (this.#isSending) return;
    if (this.#queue.bytes >= this.#batchBytes) this.#start();
    else this.#startLater();
  }

  /** True when everything queued has been acknowledged; false at the deadline, or when the producer stopped. */
  flush(deadlineMs: number): Promise<boolean> {
    this.#start();
    if (this.#isQuiet) return Promise.resolve(!this.#isStopped);
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        this.#waiters.delete(finish);
        resolve(this.#isQuiet && !this.#isStopped);
      };
      const cancel = (this.#options.startTimer ?? startTimer)(finish, deadlineMs);
      this.#waiters.add(finish);
    });
  }

  /** Flushes and seals the channel, within the deadline, and stops. */
  async end(request: EndRequest, deadlineMs: number): Promise<ClientResult<EndReceipt>> {
    const endsAt = this.#now() + deadlineMs;
    const isFlushed = await this.flush(deadlineMs);
    const result: ClientResult<EndReceipt> = isFlushed
      ? await this.#seal(request, endsAt)
      : this.#notFlushed<EndReceipt>(deadlineMs);
    this.close();
    return result;
  }

  /** Stops at once; what waits is dropped and counted, and so is a batch that may have been stored unanswered. */
  close(): void {
    if (this.#isStopped) return;
    this.#stop();
  }

  get #isQuiet(): boolean {
    return this.#isStopped || (!this.#isSending && this.#queue.isEmpty);
  }

  get #batchBytes(): number {
    return this.#options.batchBytes ?? defaultBatchBytes;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #start(): void {
    this.#linger.clear();
    if (!this.#isSending && !this.#isStopped && !this.#queue.isEmpty) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    const maxEntries = this.#options.batchEntries ?? defaultBatchEntries;
    for (let isUrgent = true; isUrgent && !this.#isStopped; isUrgent = this.#isUrgent(maxEntries)) {
      const batch = this.#queue.take(maxEntries, this.#batchBytes);
      if (batch === null) break;
      await this.#sendBatch(batch);
    }
    this.#isSending = false;
    this.#tellQuiet();
    if (!this.#isStopped && !this.#queue.isEmpty) this.#startLater();
  }

  /** A batch is full, or somebody waits for everything: no line waits for others then. */
  #isUrgent(maxEntries: number): boolean {
    const isFull = this.#queue.bytes >= this.#batchBytes || this.#queue.length >= maxEntries;
    return isFull || this.#waiters.size > 0;
  }

  #startLater(): void {
    if (!this.#linger.isSet) this.#linger.set(() => this.#start(), this.#options.lingerMs ?? 50);
  }

  #tellQuiet(): void {
    if (this.#isQuiet) for (const waiter of [...this.#waiters]) waiter();
  }

  /** Sends one batch until it is answered. Its number is used up only when it is stored. */
  async #sendBatch(batch: Batch): Promise<void> {
    this.#inFlight = batch.entries;
    let tried: BatchHistory = { isRenewed: false, isRebegun: false };
    for (let attempt = 1; !this.#isStopped; attempt++) {
      const result = await this.#post(batch, tried.isRenewed);
      if (this.#isStopped && !result.ok) break;
      const verdict = this.#judge(result, tried);
      if (verdict === "stop") this.#stop();
      if (verdict === "renew") tried = { ...tried, isRenewed: true };
      if (verdict === "rebegin") tried = { ...tried, isRebegun: true };
      if (verdict === "again") await this.#wait(attempt, result.ok ? undefined : result.problem.retryAfterMs);
      if (verdict !== "done" && verdict !== "refused") continue;
      if (verdict === "done") this.#seq += 1;
      else this.#queue.leaveOut(batch.entries);
      this.#inFlight = 0;
      return;
    }
  }

  async #post(batch: Batch, renew: boolean): Promise<ClientResult<AppendReceipt>> {
    const { channel, project } = this.#options;
    const producer = { id: this.#id, epoch: this.#epoch, seq: this.#seq };
    return this.#timed((signal) =>
      this.#api.appendLines(channel, batch.ndjson, {
        producer,
        renew,
        signal,
        ...(project !== undefined && { project }),
      }),
    );
  }

  #judge(result: ClientResult<AppendReceipt>, tried: BatchHistory): Verdict {
    const verdict = verdictOf(result, tried, typeof this.#options.token === "function");
    if (verdict === "rebegin") {
      this.#epoch += 1;
      this.#seq = 0;
    }
    if (!result.ok && (verdict === "again" || verdict === "refused" || verdict === "stop")) {
      this.#options.onProblem?.({ ...result.problem, ...(verdict === "stop" && { final: true }) });
    }
    return verdict;
  }

  async #seal(request: EndRequest, endsAt: number): Promise<ClientResult<EndReceipt>> {
    for (let attempt = 1; ; attempt++) {
      const leftMs = Math.max(1, endsAt - this.#now());
      const result = await this.#timed(
        (signal) => this.#api.end(this.#options.channel, request, signal),
        leftMs,
      );
      if (result.ok || !isTransient(result.problem) || this.#isStopped || this.#now() >= endsAt)
        return result;
      await this.#wait(attempt, result.problem.retryAfterMs, endsAt - this.#now());
    }
  }

  /** Runs one request, cut off after its time or by `close`. */
  async #timed<T>(run: (signal: AbortSignal) => Promise<T>, maxMs = Number.POSITIVE_INFINITY): Promise<T> {
    const request = new AbortController();
    this.#request = request;
    const timeoutMs = Math.min(maxMs, this.#options.requestTimeoutMs ?? 30_000);
    const cancel = (this.#options.startTimer ?? startTimer)(
      () => request.abort(new Error(`No answer within ${timeoutMs} ms.`)),
      timeoutMs,
    );
    try {
      return await run(request.signal);
    } finally {
      cancel();
      this.#request = null;
    }
  }

  #wait(attempt: number, retryAfterMs?: number, maxMs = Number.POSITIVE_INFINITY): Promise<void> {
    const delayMs = Math.min(
      maxMs,
      backoffMs(attempt, (this.#options.random ?? Math.random)(), retryAfterMs),
    );
    // A callback may have closed the producer just now.
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#endPause = resolve;
      this.#pause.set(resolve, Math.max(0, delayMs));
    });
  }

  #leftOut(count: number): ProducerEntry {
    this.#drop(count);
    return leftOutEntry(count, this.#now());
  }

  #drop(count: number): void {
    if (count > 0) this.#options.onDropped?.(count);
  }

  #notFlushed<T>(deadlineMs: number): ClientResult<T> {
    const message = `Not everything was taken by the gateway within ${deadlineMs} ms; ${this.waiting} entries still wait.`;
    return { ok: false, problem: { code: "network_failed", message } };
  }

  #stop(): void {
    this.#isStopped = true;
    this.#linger.clear();
    this.#pause.clear();
    this.#request?.abort(new Error("The producer was closed."));
    this.#drop(this.#queue.clear() + this.#inFlight);
    this.#inFlight = 0;
    this.#endPause?.();
    this.#tellQuiet();
  }
}
