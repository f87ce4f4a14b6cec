import { type DownFrame, decodeDownFrame, type ErrorFrame, limits, pongText } from "../../protocol/mod.ts";
import { backoffMs } from "./backoff.ts";
import { BatchProducer } from "./batch_producer.ts";
import { Connection, problemOf } from "./connection.ts";
import type { ConnectionState } from "./connection_state.ts";
import { problemOfFrame } from "./problem.ts";
import type { Batch, ProducerEntry } from "./producer_queue.ts";
import { type NumberedBatch, SocketBatches } from "./socket_batches.ts";
import { producerUrl, type SocketProducerOptions } from "./socket_producer_options.ts";
import { TimerSlot } from "./timers.ts";
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
export class SocketProducer extends BatchProducer<SocketProducerOptions> {
  readonly #batches: SocketBatches;
  readonly #connection: Connection;
  readonly #pause: TimerSlot;
  /** Runs while an answer is owed. */
  readonly #answer: TimerSlot;
  /** Refusals in a row that asked for another try. */
  #attempt = 0;

  constructor(options: SocketProducerOptions) {
    super(options, { bytes: Math.min(options.batchBytes ?? defaultBatchBytes, maxBatchBytes), pieceChars });
    this.#pause = new TimerSlot(this.startTimer);
    this.#answer = new TimerSlot(this.startTimer);
    this.#batches = new SocketBatches(options.epoch ?? this.now());
    this.#connection = new Connection(
      {
        token: options.token,
        heartbeatMs: options.heartbeatMs ?? 30_000,
        webSocket: options.webSocket ?? WebSocket,
        startTimer: this.startTimer,
        random: () => this.random(),
        watchWakes: options.watchWakes ?? browserWakes,
      },
      {
        url: () => producerUrl(options),
        onOpen: () => this.#opened(),
        onText: (text) => this.#receive(text),
        onState: (state) => this.#changed(state),
        onProblem: (problem) => options.onProblem?.(problem),
      },
    );
  }

  override append(entry: ProducerEntry): void {
    super.append(entry);
    if (!this.isStopped) this.#connection.dispatch({ type: "start" });
  }

  override close(): void {
    super.close();
    this.#leave();
  }

  protected override get hasUnanswered(): boolean {
    return !this.#batches.isEmpty;
  }

  protected override get unansweredEntries(): number {
    return this.#batches.entries;
  }

  /** First what was taken, then new batches while few bytes are unacknowledged. */
  protected override send(): void {
    while (this.#connection.isOpen && !this.#pause.isSet && !this.isStopped) {
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

  /** Another way to the gateway may still be used, to seal the channel. */
  #leave(): void {
    this.stop();
    this.#connection.dispatch({ type: "close" });
  }

  #opened(): void {
    this.#pause.clear();
    this.#batches.reopened();
    this.send();
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
    this.#connection.send(`${about.slice(0, -1)},"entries":[${entries}]}`);
    if (!this.#answer.isSet) this.#awaitAnswer();
  }

  #awaitAnswer(): void {
    const timeoutMs = this.options.requestTimeoutMs ?? 30_000;
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
    else this.options.onProblem?.(decoded.problem);
  }

  #route(frame: DownFrame): void {
    if (frame.type === "expiring") {
      this.#connection.tokenExpires(frame.inMs);
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
    this.send();
    this.tellQuiet();
  }

  #refused(frame: ErrorFrame): void {
    const problem = problemOfFrame(frame);
    const before = this.#batches.entries;
    const refusal = this.#batches.refused(problem);
    if (refusal === "stale" || refusal === "rebegin") return;
    this.options.onProblem?.({ ...problem, ...(refusal === "stop" && { final: true }) });
    if (refusal === "refused") this.leaveOut(before - this.#batches.entries);
    if (refusal === "stop") this.#leave();
    if (refusal === "again") {
      this.#attempt += 1;
      const delayMs = backoffMs(this.#attempt, this.random(), problem.retryAfterMs);
      this.#pause.set(() => this.send(), delayMs);
    }
  }

  #changed(state: ConnectionState): void {
    if (state.name === "waiting" || state.name === "stopped") this.#answer.clear();
    const problem = problemOf(state);
    if (problem !== null) this.options.onProblem?.(problem);
    if (state.name === "stopped") this.stop();
  }
}
