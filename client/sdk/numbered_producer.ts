import { type AppendedFrame, type ErrorFrame, limits } from "../../protocol/mod.ts";
import { backoffMs } from "./backoff.ts";
import { BatchProducer } from "./batch_producer.ts";
import { type ClientProblem, problemOfFrame } from "./problem.ts";
import type { ProducerOptions } from "./producer_options.ts";
import type { Batch } from "./producer_queue.ts";
import { type NumberedBatch, SocketBatches } from "./socket_batches.ts";
import { TimerSlot } from "./timers.ts";

export interface NumberedProducerOptions extends ProducerOptions {
  /** Sent and not acknowledged, in bytes, at most; 2 MiB by default. It comes on top of `maxQueueBytes`. */
  readonly maxUnackedBytes?: number;
  /** The gateway has a batch, and all before it, on disk; `duplicate`: it had one of this number already. */
  readonly onAppended?: (frame: AppendedFrame) => void;
}

/** What a frame has beside its entries, at most: ids with every character escaped. */
const frameHeadBytes = 2 * 1024;
const maxBatchBytes = limits.upFrameBytes - frameHeadBytes;
const defaultBatchBytes = limits.upFrameBytes / 4;
/** Longest piece of a line, in UTF-16 units: as JSON at most six bytes each, and a frame must hold it. */
const pieceChars = 128 * 1024;

/**
 * Numbered batches on a socket, whosever it is: many in flight, all unacknowledged ones repeated on a new socket.
 * What ends the repeats: an answer, `close`, or a refusal for good.
 */
export abstract class NumberedProducer<
  Options extends NumberedProducerOptions,
> extends BatchProducer<Options> {
  readonly #batches: SocketBatches;
  readonly #pause: TimerSlot;
  /** Runs while an answer is owed. */
  readonly #answer: TimerSlot;
  /** Refusals in a row that asked for another try. */
  #attempt = 0;

  constructor(options: Options) {
    super(options, { bytes: Math.min(options.batchBytes ?? defaultBatchBytes, maxBatchBytes), pieceChars });
    this.#pause = new TimerSlot(this.startTimer);
    this.#answer = new TimerSlot(this.startTimer);
    this.#batches = new SocketBatches(options.epoch ?? this.now());
  }

  /** True while frames can be sent. */
  protected abstract get isOpen(): boolean;

  protected abstract sendFrame(text: string): void;

  /** The socket is of no more use: no answer comes. */
  protected abstract giveUpSocket(problem: ClientProblem): void;

  /** No batch will ever be taken. */
  protected abstract leave(): void;

  protected override get hasUnanswered(): boolean {
    return !this.#batches.isEmpty;
  }

  protected override get unansweredEntries(): number {
    return this.#batches.entries;
  }

  /** First what was taken, then new batches while few bytes are unacknowledged. */
  protected override send(): void {
    while (this.isOpen && !this.#pause.isSet && !this.isStopped) {
      const next = this.#batches.next();
      if (next !== null) this.#post(next);
      else if (!this.#takeNext()) break;
    }
    if (this.#batches.asked === 0) this.#answer.clear();
  }

  protected override stop(): void {
    super.stop();
    this.#pause.clear();
    this.#answer.clear();
    this.#batches.clear();
  }

  /** A new socket is open: all that is unacknowledged is sent on it. */
  protected reopened(): void {
    this.#pause.clear();
    this.#batches.reopened();
    this.send();
  }

  /** The socket is gone: nothing answers on it any more. */
  protected lost(): void {
    this.#answer.clear();
  }

  /** The oldest batch on its way was answered with `appended`. */
  protected taken(frame: AppendedFrame): void {
    this.#attempt = 0;
    this.#batches.appended();
    this.options.onAppended?.(frame);
    this.#answered();
  }

  /** The oldest batch on its way was answered with an `error`. */
  protected refused(frame: ErrorFrame): void {
    this.#judge(frame);
    this.#answered();
  }

  /** Takes a batch out of the queue, if there is one that waits for no more lines. */
  #takeNext(): boolean {
    const hasRoom = this.#batches.bytes < (this.options.maxUnackedBytes ?? 2 * 1024 * 1024);
    const batch = hasRoom ? this.take() : null;
    if (batch === null) return false;
    if (batch.bytes <= maxBatchBytes) this.#batches.add(batch);
    else this.#tooLarge(batch);
    return true;
  }

  /** One entry that no frame holds: the gateway would close the socket at it. */
  #tooLarge({ bytes, entries }: Batch): void {
    const message = `An entry has ${bytes.toLocaleString("en")} bytes and the limit of a frame is ${limits.upFrameBytes.toLocaleString("en")}.`;
    this.options.onProblem?.({ code: "entry_too_large", message, expected: limits.entryBytes });
    this.leaveOut(entries);
  }

  #post({ epoch, seq, batch }: NumberedBatch): void {
    const { channel } = this.options;
    const about = JSON.stringify({ type: "append", channel, producer: this.id, epoch, seq });
    const entries = batch.ndjson.trimEnd().replaceAll("\n", ",");
    this.sendFrame(`${about.slice(0, -1)},"entries":[${entries}]}`);
    if (!this.#answer.isSet) this.#awaitAnswer();
  }

  #awaitAnswer(): void {
    const timeoutMs = this.options.requestTimeoutMs ?? 30_000;
    this.#answer.set(() => {
      const message = `No answer came to a batch within ${timeoutMs} ms.`;
      this.giveUpSocket({ code: "connection_lost", message });
    }, timeoutMs);
  }

  #answered(): void {
    this.#answer.clear();
    if (this.#batches.asked > 0) this.#awaitAnswer();
    this.send();
    this.tellQuiet();
  }

  #judge(frame: ErrorFrame): void {
    const problem = problemOfFrame(frame);
    const before = this.#batches.entries;
    const refusal = this.#batches.refused(problem);
    if (refusal === "stale" || refusal === "rebegin") return;
    this.options.onProblem?.({ ...problem, ...(refusal === "stop" && { final: true }) });
    if (refusal === "refused") this.leaveOut(before - this.#batches.entries);
    if (refusal === "stop") this.leave();
    if (refusal === "again") {
      this.#attempt += 1;
      const delayMs = backoffMs(this.#attempt, this.random(), problem.retryAfterMs);
      this.#pause.set(() => this.send(), delayMs);
    }
  }
}
