import { type DownFrame, decodeDownFrame, type ErrorFrame, limits, pongText } from "../../protocol/mod.ts";
import { ApiClient } from "./api_client.ts";
import type { EndReceipt, EndRequest } from "./api_types.ts";
import { backoffMs } from "./backoff.ts";
import { Connection, problemOf } from "./connection.ts";
import type { ConnectionState } from "./connection_state.ts";
import { leftOutEntry } from "./left_out.ts";
import { type ClientProblem, type ClientResult, problemOfFrame, sentenceOf } from "./problem.ts";
import { type Batch, defaultBatchEntries, type ProducerEntry, ProducerQueue } from "./producer_queue.ts";
import { sealUntil } from "./seal.ts";
import { type NumberedBatch, SocketBatches } from "./socket_batches.ts";
import { producerUrl, type SocketProducerOptions } from "./socket_producer_options.ts";
import { type StartTimer, startTimer, TimerSlot } from "./timers.ts";
import { browserWakes } from "./wake.ts";

/** What a frame has beside its entries, at most: ids with every character escaped. */
const frameHeadBytes = 2 * 1024;
const maxBatchBytes = limits.upFrameBytes - frameHeadBytes;
const defaultBatchBytes = limits.upFrameBytes / 4;
/** Longest piece of a line, in UTF-16 units: as JSON at most six bytes each, and a frame must hold it. */
const pieceChars = 128 * 1024;

/**
 * Sends entries to a channel in order, exactly once, over a socket: numbered batches, many in flight, all
 * unacknowledged ones repeated on a new socket. What ends the repeats: an answer, `close`, or a refusal for good.
 */
export class SocketProducer {
  readonly #options: SocketProducerOptions;
  readonly #id: string;
  readonly #queue: ProducerQueue;
  readonly #batches: SocketBatches;
  readonly #connection: Connection;
  readonly #linger: TimerSlot;
  readonly #pause: TimerSlot;
  /** Runs while an answer is owed. */
  readonly #answer: TimerSlot;
  readonly #waiters = new Set<() => void>();
  #isDue = false;
  /** Refusals in a row that asked for another try. */
  #attempt = 0;
  #isStopped = false;

  constructor(options: SocketProducerOptions) {
    this.#options = options;
    this.#id = options.id ?? crypto.randomUUID();
    this.#linger = new TimerSlot(this.#startTimer);
    this.#pause = new TimerSlot(this.#startTimer);
    this.#answer = new TimerSlot(this.#startTimer);
    this.#batches = new SocketBatches(options.epoch ?? this.#now());
    const leftOut = (count: number): ProducerEntry => {
      options.onDropped?.(count);
      return leftOutEntry(count, this.#now());
    };
    this.#queue = new ProducerQueue(options.maxQueueBytes ?? 8 * 1024 * 1024, leftOut, pieceChars);
    this.#connection = new Connection(
      {
        token: options.token,
        heartbeatMs: options.heartbeatMs ?? 30_000,
        webSocket: options.webSocket ?? WebSocket,
        startTimer: this.#startTimer,
        random: options.random ?? Math.random,
        watchWakes: options.watchWakes ?? browserWakes,
      },
      {
        url: () => producerUrl(options),
        onOpen: () => this.#opened(),
        onText: (text) => this.#receive(text),
        onState: (state) => this.#changed(state),
      },
    );
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
      this.#options.onDropped?.(1);
      return;
    }
    this.#queue.push({ ...entry, ts: entry.ts ?? this.#now() });
    if (this.#connection.state.name === "idle") this.#connection.dispatch({ type: "start" });
    if (this.#queue.bytes >= this.#batchBytes) this.#pump();
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
      const cancel = this.#startTimer(finish, deadlineMs);
      this.#waiters.add(finish);
    });
  }

  /** Flushes and seals the channel, within the deadline, and stops. */
  async end(request: EndRequest, deadlineMs: number): Promise<ClientResult<EndReceipt>> {
    const endsAt = this.#now() + deadlineMs;
    const api = new ApiClient(this.#options);
    const result: ClientResult<EndReceipt> = (await this.flush(deadlineMs))
      ? await sealUntil((signal) => api.end(this.#options.channel, request, signal), endsAt, this.#options)
      : { ok: false, problem: this.#notFlushed(deadlineMs) };
    this.close();
    return result;
  }

  /** Stops at once; what waits is dropped and counted, and so is what may have been stored unanswered. */
  close(): void {
    this.#stop();
    this.#connection.dispatch({ type: "close" });
  }

  get #isQuiet(): boolean {
    return this.#isStopped || (this.#queue.isEmpty && this.#batches.isEmpty);
  }

  get #batchBytes(): number {
    return Math.min(this.#options.batchBytes ?? defaultBatchBytes, maxBatchBytes);
  }

  readonly #startTimer: StartTimer = (run, ms) => (this.#options.startTimer ?? startTimer)(run, ms);

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #sendLater(): void {
    if (!this.#linger.isSet) this.#linger.set(() => this.#sendNow(), this.#options.lingerMs ?? 50);
  }

  #sendNow(): void {
    this.#linger.clear();
    this.#isDue = !this.#queue.isEmpty;
    this.#pump();
  }

  #opened(): void {
    this.#pause.clear();
    this.#batches.reopened();
    this.#pump();
  }

  /** Sends what may be sent: first what was taken, then new batches while few bytes are unacknowledged. */
  #pump(): void {
    while (this.#connection.isOpen && !this.#pause.isSet && !this.#isStopped) {
      const next = this.#batches.next();
      if (next !== null) this.#send(next);
      else if (!this.#take()) break;
    }
    if (this.#batches.asked === 0) this.#answer.clear();
  }

  /** Takes a batch out of the queue, if there is one that waits for no more lines. */
  #take(): boolean {
    const maxEntries = this.#options.batchEntries ?? defaultBatchEntries;
    const isFull = this.#queue.bytes >= this.#batchBytes || this.#queue.length >= maxEntries;
    const isUrgent = isFull || this.#isDue || this.#waiters.size > 0;
    const hasRoom = this.#batches.bytes < (this.#options.maxUnackedBytes ?? 2 * 1024 * 1024);
    const batch = isUrgent && hasRoom ? this.#queue.take(maxEntries, this.#batchBytes) : null;
    if (batch === null) return false;
    if (this.#queue.bytes < this.#batchBytes) this.#isDue = false;
    if (!this.#queue.isEmpty) this.#sendLater();
    if (batch.bytes <= maxBatchBytes) this.#batches.add(batch);
    else this.#leaveOut(batch);
    return true;
  }

  /** One entry that no frame holds: the gateway would close the socket at it. */
  #leaveOut({ bytes, entries }: Batch): void {
    const message = `An entry has ${bytes.toLocaleString("en")} bytes and the limit of a frame is ${limits.upFrameBytes.toLocaleString("en")}.`;
    this.#options.onProblem?.({ code: "entry_too_large", message, expected: limits.entryBytes });
    this.#queue.leaveOut(entries);
    this.#sendLater();
  }

  #send({ epoch, seq, batch }: NumberedBatch): void {
    const { channel } = this.#options;
    const about = JSON.stringify({ type: "append", channel, producer: this.#id, epoch, seq });
    const entries = batch.ndjson.trimEnd().replaceAll("\n", ",");
    this.#connection.send(`${about.slice(0, -1)},"entries":[${entries}]}`);
    if (!this.#answer.isSet) this.#awaitAnswer();
  }

  #awaitAnswer(): void {
    const timeoutMs = this.#options.requestTimeoutMs ?? 30_000;
    this.#answer.set(() => {
      const message = `No answer came to a batch within ${timeoutMs} ms.`;
      this.#connection.dispatch({
        type: "broken",
        attempt: 1,
        problem: { code: "connection_lost", message },
      });
    }, timeoutMs);
  }

  #receive(text: string): void {
    if (text === pongText) return;
    const decoded = decodeDownFrame(text);
    if (decoded.ok) this.#route(decoded.value);
    else this.#options.onProblem?.(decoded.problem);
  }

  #route(frame: DownFrame): void {
    if (frame.type === "expiring") {
      void this.#renew();
    } else if (frame.type === "appended") {
      this.#attempt = 0;
      this.#connection.dispatch({ type: "subscribed" });
      this.#batches.appended();
      this.#answered();
    } else if (frame.type === "error" && frame.producer !== undefined && frame.seq !== undefined) {
      this.#refused(frame);
      this.#answered();
    } else if (frame.type === "error") {
      // About the whole connection: the reason of a close that follows at once.
      this.#connection.dispatch({ type: "refused", problem: problemOfFrame(frame) });
    }
  }

  #answered(): void {
    this.#answer.clear();
    if (this.#batches.asked > 0) this.#awaitAnswer();
    this.#pump();
    if (this.#isQuiet) this.#tellWaiters();
  }

  #refused(frame: ErrorFrame): void {
    const problem = problemOfFrame(frame);
    const before = this.#batches.entries;
    const refusal = this.#batches.refused(problem);
    if (refusal === "stale" || refusal === "rebegin") return;
    this.#options.onProblem?.({ ...problem, ...(refusal === "stop" && { final: true }) });
    if (refusal === "refused") {
      this.#queue.leaveOut(before - this.#batches.entries);
      this.#sendLater();
    }
    if (refusal === "stop") this.close();
    if (refusal === "again") {
      this.#attempt += 1;
      const delayMs = backoffMs(this.#attempt, (this.#options.random ?? Math.random)(), problem.retryAfterMs);
      this.#pause.set(() => this.#pump(), delayMs);
    }
  }

  async #renew(): Promise<void> {
    if (typeof this.#options.token !== "function") return;
    try {
      const token = await this.#connection.freshToken(true);
      if (token !== null) this.#connection.send(JSON.stringify({ type: "auth", token }));
    } catch (thrown) {
      const message = `The token expires and no new one could be had: ${sentenceOf(thrown)}`;
      this.#options.onProblem?.({ code: "token_unavailable", message });
    }
  }

  #changed(state: ConnectionState): void {
    if (state.name === "waiting" || state.name === "stopped") this.#answer.clear();
    const problem = problemOf(state);
    if (problem !== null) this.#options.onProblem?.(problem);
    if (state.name === "stopped") this.#stop();
  }

  #notFlushed(deadlineMs: number): ClientProblem {
    const message = `Not everything was taken by the gateway within ${deadlineMs} ms; ${this.waiting + this.#batches.entries} entries still wait.`;
    return { code: "network_failed", message };
  }

  #stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const timer of [this.#linger, this.#pause, this.#answer]) timer.clear();
    const dropped = this.#queue.clear() + this.#batches.entries;
    this.#batches.clear();
    if (dropped > 0) this.#options.onDropped?.(dropped);
    this.#tellWaiters();
  }

  #tellWaiters(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}
