import { limits, type Problem } from "../../protocol/mod.ts";
import type { ProducerSeq } from "./contract.ts";
import type { ProducerState } from "./journal.ts";

/** What becomes of a numbered batch (promise 2). */
export type Verdict =
  | { readonly kind: "append" }
  /** Stored before; where it lies is known for the newest one only. */
  | { readonly kind: "stored"; readonly batch: Partial<ProducerState> }
  /** A repeat, and newer ones of its producer still wait for their flush. */
  | { readonly kind: "waiting"; readonly batch: ProducerSeq }
  | { readonly kind: "refused"; readonly problem: Problem };

/** How long an idle producer is remembered, in milliseconds. After it, its next batch is `producer_unknown`. */
export const producerIdleMs = 24 * 60 * 60 * 1000;

type Numbered = { readonly epoch: number; readonly seq: number };

/** Judges a batch by the newest stored one of its producer and the newest that waits, if there are any. */
export function judge(
  batch: ProducerSeq,
  stored: ProducerState | undefined,
  waiting: Numbered | undefined,
): Verdict {
  const newest = waiting ?? stored;
  if (newest === undefined) return batch.seq === 0 ? { kind: "append" } : unknownProducer(batch);
  if (batch.epoch < newest.epoch) return fenced(batch, newest);
  const next = batch.epoch > newest.epoch ? 0 : newest.seq + 1;
  if (batch.seq > next) return hole(batch, next);
  if (batch.seq === next) return { kind: "append" };
  if (waiting !== undefined && !isStored(batch, stored)) return { kind: "waiting", batch };
  return stored?.epoch === batch.epoch && stored.seq === batch.seq
    ? { kind: "stored", batch: stored }
    : { kind: "stored", batch: {} };
}

function isStored(batch: ProducerSeq, stored: ProducerState | undefined): boolean {
  return stored !== undefined && stored.epoch === batch.epoch && batch.seq <= stored.seq;
}

function unknownProducer(batch: ProducerSeq): Verdict {
  return {
    kind: "refused",
    problem: {
      code: "producer_unknown",
      message: `Producer ${batch.id} is not known here and sent seq ${batch.seq}. Expected: seq 0 of a new epoch.`,
      expected: 0,
      received: batch.seq,
    },
  };
}

function fenced(batch: ProducerSeq, newest: Numbered): Verdict {
  return {
    kind: "refused",
    problem: {
      code: "producer_fenced",
      message: `Producer ${batch.id} sent epoch ${batch.epoch}, but epoch ${newest.epoch} has begun. Only the highest may append.`,
      expected: newest.epoch,
      received: batch.epoch,
    },
  };
}

function hole(batch: ProducerSeq, expected: number): Verdict {
  return {
    kind: "refused",
    problem: {
      code: "sequence_hole",
      message: `Producer ${batch.id} sent seq ${batch.seq} of epoch ${batch.epoch}. Expected: seq ${expected}.`,
      expected,
      received: batch.seq,
    },
  };
}

/** The newest batch of each producer, the longest idle one first; bounded by number and by time. */
export class Producers {
  readonly #states: Map<string, ProducerState>;

  constructor(states: Readonly<Record<string, ProducerState>> = {}) {
    const byAge = Object.entries(states).sort(([, a], [, b]) => a.at - b.at);
    this.#states = new Map(byAge);
  }

  /** Its newest batch; nothing where it has been idle for too long, whether or not others came meanwhile. */
  get(id: string, now: number): ProducerState | undefined {
    const state = this.#states.get(id);
    return state !== undefined && now - state.at < producerIdleMs ? state : undefined;
  }

  set(id: string, state: ProducerState): void {
    this.#states.delete(id);
    this.#states.set(id, state);
    for (const [oldest, { at }] of this.#states) {
      if (this.#states.size <= limits.producers && state.at - at < producerIdleMs) break;
      this.#states.delete(oldest);
    }
  }

  toRecord(): Readonly<Record<string, ProducerState>> {
    return Object.fromEntries(this.#states);
  }
}
