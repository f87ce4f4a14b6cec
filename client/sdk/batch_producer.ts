import { ApiClient } from "./api_client.ts";
import type { EndReceipt, EndRequest } from "./api_types.ts";
import { leftOutEntry } from "./left_out.ts";
import type { ClientProblem, ClientResult } from "./problem.ts";
import type { ProducerOptions } from "./producer_options.ts";
import { type Batch, defaultBatchEntries, type ProducerEntry, ProducerQueue } from "./producer_queue.ts";
import { sealUntil } from "./seal.ts";
import { type StartTimer, startTimer, TimerSlot } from "./timers.ts";

/** What a batch may be on the way that it is sent. */
export interface BatchSize {
  readonly bytes: number;
  /** The longest piece of a line, in UTF-16 units; the queue's own where it is absent. */
  readonly pieceChars?: number;
}

/**
 * What all producers share, whatever way their batches go: entries wait a moment for others, are taken in batches,
 * and may be waited for.
 */
export abstract class BatchProducer<Options extends ProducerOptions = ProducerOptions> {
  protected readonly options: Options;
  protected readonly api: ApiClient;
  protected readonly id: string;
  /** Aborts when the caller closes the producer. */
  protected readonly closed: AbortSignal;
  readonly #size: BatchSize;
  readonly #queue: ProducerQueue;
  readonly #linger: TimerSlot;
  readonly #closing = new AbortController();
  readonly #waiters = new Set<() => void>();
  /** What waits has waited for others long enough. */
  #isDue = false;
  #isStopped = false;

  constructor(options: Options, size: BatchSize) {
    this.options = options;
    this.api = new ApiClient(options);
    this.id = options.id ?? crypto.randomUUID();
    this.closed = this.#closing.signal;
    this.#size = size;
    this.#linger = new TimerSlot(this.startTimer);
    const maxBytes = options.maxQueueBytes ?? 8 * 1024 * 1024;
    this.#queue = new ProducerQueue(maxBytes, (count) => this.#leftOut(count), size.pieceChars);
  }

  /** Entries that wait and were not sent. */
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
      this.options.onDropped?.(1);
      return;
    }
    this.#queue.push({ ...entry, ts: entry.ts ?? this.now() });
    if (this.#queue.bytes >= this.#size.bytes) this.send();
    else this.#sendLater();
  }

  /** True when everything queued has been acknowledged; false at the deadline, or when the producer stopped. */
  flush(deadlineMs: number): Promise<boolean> {
    this.#sendNow();
    if (this.#isQuiet) return Promise.resolve(!this.#isStopped);
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        this.#waiters.delete(finish);
        resolve(this.#isQuiet && !this.#isStopped);
      };
      const cancel = this.startTimer(finish, deadlineMs);
      this.#waiters.add(finish);
      // Now that somebody waits for everything, no line waits for others.
      this.send();
    });
  }

  /** Flushes and seals the channel, within the deadline, and stops. */
  async end(request: EndRequest, deadlineMs: number): Promise<ClientResult<EndReceipt>> {
    const endsAt = this.now() + deadlineMs;
    const ask = (signal: AbortSignal) => this.api.end(this.options.channel, request, signal);
    const result: ClientResult<EndReceipt> = (await this.flush(deadlineMs))
      ? await sealUntil(ask, endsAt, this.closed, this.options)
      : { ok: false, problem: this.#notFlushed(deadlineMs) };
    this.close();
    return result;
  }

  /** Stops at once; what waits is dropped and counted, and so is what may have been stored unanswered. */
  close(): void {
    this.#closing.abort(new Error("The producer was closed."));
    this.stop();
  }

  /** Sends as many batches as may be sent now, each from {@link take}. */
  protected abstract send(): void;

  /** Whether batches were taken that are not answered for good. */
  protected abstract get hasUnanswered(): boolean;

  /** How many entries of the caller's are in these. */
  protected abstract get unansweredEntries(): number;

  protected readonly startTimer: StartTimer = (run, ms) => (this.options.startTimer ?? startTimer)(run, ms);

  protected now(): number {
    return (this.options.now ?? Date.now)();
  }

  /** A number in [0, 1). */
  protected random(): number {
    return (this.options.random ?? Math.random)();
  }

  /** Takes the next batch out of the queue; null while what there is may wait for others. */
  protected take(): Batch | null {
    const maxEntries = this.options.batchEntries ?? defaultBatchEntries;
    const isFull = this.#queue.bytes >= this.#size.bytes || this.#queue.length >= maxEntries;
    if (!isFull && !this.#isDue && this.#waiters.size === 0) return null;
    const batch = this.#queue.take(maxEntries, this.#size.bytes);
    if (this.#queue.bytes < this.#size.bytes) this.#isDue = false;
    if (!this.#queue.isEmpty) this.#sendLater();
    return batch;
  }

  /** Entries that will never arrive: a line in the channel is to say so. */
  protected leaveOut(count: number): void {
    this.#queue.leaveOut(count);
    this.#sendLater();
  }

  /** A batch was answered for good. */
  protected tellQuiet(): void {
    if (this.#isQuiet) for (const waiter of [...this.#waiters]) waiter();
  }

  /** Nothing more is sent, for whatever reason. */
  protected stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#linger.clear();
    this.#drop(this.#queue.clear() + this.unansweredEntries);
    this.tellQuiet();
  }

  get #isQuiet(): boolean {
    return this.#isStopped || (this.#queue.isEmpty && !this.hasUnanswered);
  }

  #sendLater(): void {
    if (this.#isStopped || this.#linger.isSet) return;
    this.#linger.set(() => this.#sendNow(), this.options.lingerMs ?? 50);
  }

  #sendNow(): void {
    this.#linger.clear();
    this.#isDue = !this.#queue.isEmpty;
    this.send();
  }

  #leftOut(count: number): ProducerEntry {
    this.#drop(count);
    return leftOutEntry(count, this.now());
  }

  #drop(count: number): void {
    if (count > 0) this.options.onDropped?.(count);
  }

  #notFlushed(deadlineMs: number): ClientProblem {
    const message = this.#isStopped
      ? "The producer stopped before the gateway had taken everything."
      : `Not everything was taken by the gateway within ${deadlineMs} ms; ${this.#whatWaits()}.`;
    return { code: "network_failed", message };
  }

  #whatWaits(): string {
    const count = this.waiting + this.unansweredEntries;
    if (count === 0) return "the line that says how many were left out still waits";
    return count === 1 ? "1 entry still waits" : `${count} entries still wait`;
  }
}
