import { limits, type Result } from "../../protocol/mod.ts";
import type { AppendReceipt, AppendRequest, ProducerSeq } from "./contract.ts";
import { batchBytes } from "./row_builder.ts";

/** Called once with what became of a batch, after its flush. */
export type Settle = (outcome: Result<AppendReceipt>) => void;

export interface WaitingBatch {
  readonly request: AppendRequest;
  /** The sender's, then those of its repeats. */
  readonly settlers: Settle[];
}

/** The batches that wait for the next flush, in order. */
export class WaitingBatches {
  #batches: WaitingBatch[] = [];
  #bytes = 0;
  readonly #newest = new Map<string, ProducerSeq>();

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** It holds as much as it may: they are flushed at once. A flush names each of its producers in one row. */
  get isFull(): boolean {
    return this.#bytes >= limits.waitingBytes || this.#batches.length >= limits.producers;
  }

  /** The project that the first of them gives to a channel that begins with it. */
  get project(): string | undefined {
    return this.#batches[0]?.request.project;
  }

  /** The newest batch of a producer that waits. */
  newestOf(id: string): ProducerSeq | undefined {
    return this.#newest.get(id);
  }

  add(request: AppendRequest, settle: Settle): void {
    this.#batches.push({ request, settlers: [settle] });
    this.#bytes += batchBytes(request.batch);
    if (request.producer !== undefined) this.#newest.set(request.producer.id, request.producer);
  }

  /** Lets a repeat wait with the batch it repeats; false where that one does not wait. */
  addRepeat({ id, epoch, seq }: ProducerSeq, settle: Settle): boolean {
    const repeated = this.#batches.find(({ request: { producer } }) => {
      return producer?.id === id && producer.epoch === epoch && producer.seq === seq;
    });
    repeated?.settlers.push(settle);
    return repeated !== undefined;
  }

  /** Takes all of them out. */
  take(): readonly WaitingBatch[] {
    const batches = this.#batches;
    this.#batches = [];
    this.#bytes = 0;
    this.#newest.clear();
    return batches;
  }
}
