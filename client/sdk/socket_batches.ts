import { problemTable } from "../../protocol/mod.ts";
import { type ClientProblem, isProblemCode } from "./problem.ts";
import type { Batch } from "./producer_queue.ts";
import { isFinal, isTransient } from "./producer_verdict.ts";

/** A batch as it is sent now: its number may change until it is stored. */
export interface NumberedBatch {
  readonly epoch: number;
  readonly seq: number;
  readonly batch: Batch;
}

/**
 * What a refusal means for what is sent next. `again`: all unacknowledged batches, after a backoff. `rebegin`: all
 * of them at once, in a new epoch. `refused`: this batch is left out and its number goes to the next. `stop`: no
 * batch of this producer will ever be taken. `stale`: nothing, the batch has been numbered anew since.
 */
export type Refusal = "again" | "rebegin" | "refused" | "stop" | "stale";

interface Asked extends NumberedBatch {
  readonly generation: number;
}

/**
 * The unacknowledged batches of a producer's socket, in order. The gateway answers in the order of the frames, so
 * that an answer is the oldest question's; one that was asked before batches were numbered anew means nothing, and
 * nothing is sent until these answers have come. `appended` covers all batches before its own.
 */
export class SocketBatches {
  #epoch: number;
  /** The number of the first unacknowledged batch. */
  #first = 0;
  #unacked: Batch[] = [];
  /** How many of these were sent, with the numbers they have now. */
  #sent = 0;
  #bytes = 0;
  #asked: Asked[] = [];
  #generation = 0;
  #isRebegun = false;

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  get isEmpty(): boolean {
    return this.#unacked.length === 0;
  }

  /** Bytes of all that is unacknowledged, sent or not. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Entries of the caller's in it. */
  get entries(): number {
    return this.#unacked.reduce((sum, { entries }) => sum + entries, 0);
  }

  /** Frames on this socket whose answer has not come. */
  get asked(): number {
    return this.#asked.length;
  }

  add(batch: Batch): void {
    this.#unacked.push(batch);
    this.#bytes += batch.bytes;
  }

  /** The next batch to send; null when all were sent, or answers from before must come first. */
  next(): NumberedBatch | null {
    const [oldest] = this.#asked;
    if (oldest !== undefined && oldest.generation !== this.#generation) return null;
    const batch = this.#unacked[this.#sent];
    if (batch === undefined) return null;
    const numbered = { epoch: this.#epoch, seq: this.#first + this.#sent, batch };
    this.#asked.push({ ...numbered, generation: this.#generation });
    this.#sent += 1;
    return numbered;
  }

  /** A new socket: no answer will come to what was asked on the old one, and all is sent again. */
  reopened(): void {
    this.#asked = [];
    this.#sent = 0;
  }

  /** The oldest question is answered: its batch and all before it are on disk. */
  appended(): void {
    const asked = this.#asked.shift();
    if (asked === undefined) return;
    const count = this.#unacked.indexOf(asked.batch) + 1;
    this.#forget(0, count);
    if (asked.epoch === this.#epoch) this.#first += count;
    this.#isRebegun = false;
  }

  /** The oldest question is answered by a refusal. */
  refused(problem: ClientProblem): Refusal {
    const asked = this.#asked.shift();
    if (asked === undefined || asked.generation !== this.#generation) return "stale";
    const refusal = this.#judge(problem);
    if (refusal === "stop") return refusal;
    if (refusal === "refused") this.#forget(this.#unacked.indexOf(asked.batch), 1);
    if (refusal === "rebegin") {
      this.#isRebegun = true;
      this.#epoch += 1;
      this.#first = 0;
    }
    this.#generation += 1;
    this.#sent = 0;
    return refusal;
  }

  clear(): void {
    this.#forget(0, this.#unacked.length);
    this.#asked = [];
  }

  #judge(problem: ClientProblem): Refusal {
    const { code, expected } = problem;
    const isHole = code === "sequence_hole";
    // It does not know what it acknowledged: the channel was deleted, or this producer forgotten.
    const isForgotten = code === "producer_unknown" || (isHole && Number(expected) < this.#first);
    if (isForgotten && !this.#isRebegun) return "rebegin";
    if (isForgotten || isHole || !isProblemCode(code)) return "again";
    if (isTransient({ ...problem, status: problemTable[code].status })) return "again";
    return isFinal(problem) ? "stop" : "refused";
  }

  #forget(from: number, count: number): void {
    const gone = this.#unacked.splice(from, count);
    this.#bytes -= gone.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#sent = Math.max(0, this.#sent - gone.length);
  }
}
