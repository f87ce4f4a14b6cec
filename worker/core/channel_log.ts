import {
  crc32Hex,
  emptySum,
  limits,
  ok,
  type Result,
  refuse,
  type Status,
  SummaryReducer,
  type TextSum,
} from "../../protocol/mod.ts";
import type { AppendReceipt, AppendRequest, ChannelHead, EndReceipt, EndRequest } from "./contract.ts";
import type { Journal, JournalRow, ProducerState, Snapshot } from "./journal.ts";
import { judge, Producers, type Verdict } from "./producers.ts";
import { batchBytes, RowBuilder } from "./row_builder.ts";
import type { Border } from "./segment.ts";

/** Called once with what became of a batch, after its flush. */
export type Settle = (outcome: Result<AppendReceipt>) => void;

interface WaitingBatch {
  readonly request: AppendRequest;
  /** The sender's, then those of its repeats. */
  readonly settlers: Settle[];
}

/** What a flush did. */
export interface Flushed {
  readonly rows: readonly JournalRow[];
  readonly begins: boolean;
}

/**
 * The writing half of a channel: verdicts, waiting batches, and the flush that stores them. Memory moves only
 * after the journal has taken the rows.
 */
export class ChannelLog {
  readonly #journal: Journal;
  readonly #makeEpoch: () => string;
  #tenant: string;
  #channel: string;
  #project: string | undefined;
  #epoch: string | null = null;
  #first = 1;
  #tail = 0;
  #oldest: number | null = null;
  #offset = 0;
  #total: TextSum = emptySum;
  #startedAt = 0;
  #updatedAt = 0;
  #summary = new SummaryReducer();
  #producers = new Producers();
  #end: EndReceipt | undefined;
  #rowsSinceSnapshot = 0;
  #waiting: WaitingBatch[] = [];
  readonly #newestWaiting = new Map<string, WaitingBatch>();
  #waitingBytes = 0;

  /** Wakes from what the journal holds. `tenant` and `channel` count where it holds nothing yet. */
  constructor(journal: Journal, tenant: string, channel: string, makeEpoch: () => string) {
    this.#journal = journal;
    this.#makeEpoch = makeEpoch;
    this.#tenant = tenant;
    this.#channel = channel;
    const woken = journal.wake();
    if (woken === null) return;
    this.#restore(woken.snapshot);
    for (const { last, offset, bytes, meta } of woken.rows) {
      this.#tail = last;
      this.#offset = offset + bytes;
      this.#total = meta.total;
      this.#updatedAt = meta.at;
      this.#rowsSinceSnapshot += 1;
      for (const { before, delta } of meta.flush?.deltas ?? []) this.#summary.merge(delta, before);
      for (const [id, state] of Object.entries(meta.flush?.producers ?? {})) this.#producers.set(id, state);
    }
    this.#oldest = journal.oldest();
  }

  get tenant(): string {
    return this.#tenant;
  }

  get channel(): string {
    return this.#channel;
  }

  get head(): ChannelHead {
    return {
      channel: this.#channel,
      epoch: this.#epoch,
      first: this.#first,
      tail: this.#tail,
      oldest: this.#oldest ?? this.#tail + 1,
      ended: this.#end !== undefined,
      ...(this.#project !== undefined && { project: this.#project }),
    };
  }

  /** The tail as a border. */
  get place(): Border {
    return { cursor: this.#tail, offset: this.#offset };
  }

  get status(): Status {
    if (this.#end !== undefined) return this.#end.status;
    return this.#epoch === null ? "waiting" : "running";
  }

  get summary(): SummaryReducer["summary"] {
    return this.#summary.summary;
  }

  get total(): TextSum {
    return this.#total;
  }

  get end(): EndReceipt | undefined {
    return this.#end;
  }

  get startedAt(): number {
    return this.#startedAt;
  }

  get updatedAt(): number {
    return this.#updatedAt;
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  get isFull(): boolean {
    return this.#waitingBytes >= limits.waitingBytes;
  }

  /** Judges a batch: settles it at once, or lets it wait for the flush. */
  append(request: AppendRequest, settle: Settle): void {
    const verdict = this.#judge(request);
    switch (verdict.kind) {
      case "refused":
        settle({ ok: false, problem: verdict.problem });
        break;
      case "stored":
        settle(ok(this.#receipt(verdict.batch, true)));
        break;
      case "waiting":
        this.#waitWithRepeated(request, settle);
        break;
      case "append":
        this.#wait(request, settle);
        break;
    }
  }

  /**
   * Stores what waits, as one transaction. When that fails, every batch in it is refused as retryable and
   * nothing has changed. Receipts are due after the frames, see {@link settleAll}.
   */
  flush(now: number): { readonly flushed: Flushed; readonly settleAll: () => void } | null {
    const batches = this.#waiting;
    if (batches.length === 0) return null;
    this.#waiting = [];
    this.#newestWaiting.clear();
    this.#waitingBytes = 0;
    const begins = this.#epoch === null;
    const epoch = this.#epoch ?? this.#makeEpoch();
    const project = this.#project ?? batches[0]?.request.project;
    const { rows, place, deltas, producers, receipts } = this.#lay(batches, now);
    const startedAt = begins ? now : this.#startedAt;
    const isSnapshotDue = begins || this.#rowsSinceSnapshot >= limits.snapshotRows;
    const snapshot = isSnapshotDue
      ? { ...this.#snapshot(), epoch, startedAt, ...(project !== undefined && { project }) }
      : null;
    try {
      this.#journal.commit(rows, snapshot);
    } catch {
      return this.#refuseAll(batches);
    }
    this.#epoch = epoch;
    this.#project = project;
    this.#startedAt = startedAt;
    this.#updatedAt = now;
    this.#oldest ??= rows[0]?.first ?? null;
    this.#tail = place.tail;
    this.#offset = place.offset;
    this.#total = place.total;
    this.#rowsSinceSnapshot = (isSnapshotDue ? 0 : this.#rowsSinceSnapshot) + rows.length;
    for (const { before, delta } of deltas) this.#summary.merge(delta, before);
    for (const [id, state] of Object.entries(producers)) this.#producers.set(id, state);
    return {
      flushed: { rows, begins },
      settleAll: () => {
        for (const [index, batch] of batches.entries()) {
          const receipt = receipts[index];
          for (const [i, settle] of batch.settlers.entries()) settle(ok(this.#receipt(receipt, i > 0)));
        }
      },
    };
  }

  /** Ends the channel, once; a repeated end gets the first answer. What waits must have been flushed. */
  finish(
    request: EndRequest,
    now: number,
  ): Result<{ readonly receipt: EndReceipt; readonly isNew: boolean }> {
    if (this.#end !== undefined) return ok({ receipt: this.#end, isNew: false });
    const begins = this.#epoch === null;
    const epoch = this.#epoch ?? this.#makeEpoch();
    const receipt = this.#endReceipt(request, now);
    const summary = new SummaryReducer(this.#summary.summary);
    summary.end(now);
    const snapshot: Snapshot = {
      ...this.#snapshot(),
      epoch,
      startedAt: begins ? now : this.#startedAt,
      updatedAt: now,
      summary: summary.summary,
      end: receipt,
    };
    try {
      this.#journal.commit([], snapshot);
    } catch {
      return refuse("storage_failed", "The end could not be stored. Send it again.", { retryAfterMs: 1_000 });
    }
    this.#epoch = epoch;
    this.#startedAt = snapshot.startedAt;
    this.#updatedAt = now;
    this.#summary = summary;
    this.#end = receipt;
    this.#rowsSinceSnapshot = 0;
    return ok({ receipt, isNew: true });
  }

  /** Deletes the journal but for its last cursor: what is appended next counts on, under a new epoch. */
  clear(now: number): { readonly existed: boolean } {
    if (this.#epoch === null) return { existed: false };
    const kept: Snapshot = {
      tenant: this.#tenant,
      channel: this.#channel,
      epoch: null,
      first: this.#tail + 1,
      cursor: this.#tail,
      offset: this.#offset,
      total: emptySum,
      startedAt: 0,
      updatedAt: now,
      summary: new SummaryReducer().summary,
      producers: {},
    };
    this.#journal.clear(kept);
    this.#oldest = null;
    this.#project = undefined;
    this.#end = undefined;
    this.#rowsSinceSnapshot = 0;
    this.#restore(kept);
    return { existed: true };
  }

  #restore(snapshot: Snapshot): void {
    this.#tenant = snapshot.tenant;
    this.#channel = snapshot.channel;
    this.#project = snapshot.project;
    this.#epoch = snapshot.epoch;
    this.#first = snapshot.first;
    this.#tail = snapshot.cursor;
    this.#offset = snapshot.offset;
    this.#total = snapshot.total;
    this.#startedAt = snapshot.startedAt;
    this.#updatedAt = snapshot.updatedAt;
    this.#summary = new SummaryReducer(snapshot.summary);
    this.#producers = new Producers(snapshot.producers);
    this.#end = snapshot.end;
  }

  #snapshot(): Snapshot {
    return {
      tenant: this.#tenant,
      channel: this.#channel,
      ...(this.#project !== undefined && { project: this.#project }),
      epoch: this.#epoch,
      first: this.#first,
      cursor: this.#tail,
      offset: this.#offset,
      total: this.#total,
      startedAt: this.#startedAt,
      updatedAt: this.#updatedAt,
      summary: this.#summary.summary,
      producers: this.#producers.toRecord(),
      ...(this.#end !== undefined && { end: this.#end }),
    };
  }

  #lay(batches: readonly WaitingBatch[], now: number) {
    const builder = new RowBuilder({ tail: this.#tail, offset: this.#offset, total: this.#total }, now);
    const producers: Record<string, ProducerState> = {};
    const deltas = [];
    const receipts: { first: number; last: number }[] = [];
    let before = this.#tail;
    for (const { request } of batches) {
      const { batch, producer } = request;
      builder.add(batch);
      const range = { first: before + 1, last: before + batch.entries };
      deltas.push({ before, delta: batch.delta });
      receipts.push(range);
      if (producer !== undefined) {
        producers[producer.id] = { epoch: producer.epoch, seq: producer.seq, ...range, at: now };
      }
      before = range.last;
    }
    return { ...builder.finish({ deltas, producers }), deltas, producers, receipts };
  }

  #refuseAll(batches: readonly WaitingBatch[]): null {
    const refused: Result<AppendReceipt> = refuse(
      "storage_failed",
      "The journal could not be written and nothing was stored. Send the batch again.",
      { retryAfterMs: 1_000 },
    );
    for (const { settlers } of batches) for (const settle of settlers) settle(refused);
    return null;
  }

  #refuseEnded(end: EndReceipt): Verdict {
    const message = `Channel ${this.#channel} ended as ${end.status} at cursor ${end.cursor} and takes no more entries.`;
    return { kind: "refused", problem: { code: "channel_ended", message, received: end.status } };
  }

  #judge({ producer }: AppendRequest): Verdict {
    const waiting = producer && this.#newestWaiting.get(producer.id)?.request.producer;
    const verdict: Verdict =
      producer === undefined
        ? { kind: "append" }
        : judge(producer, this.#producers.get(producer.id), waiting);
    // A repeat of what was stored before the end is still acknowledged.
    if (verdict.kind === "append" && this.#end !== undefined) return this.#refuseEnded(this.#end);
    return verdict;
  }

  #wait(request: AppendRequest, settle: Settle): void {
    const batch = { request, settlers: [settle] };
    this.#waiting.push(batch);
    this.#waitingBytes += batchBytes(request.batch);
    if (request.producer !== undefined) this.#newestWaiting.set(request.producer.id, batch);
  }

  #waitWithRepeated({ producer: repeat }: AppendRequest, settle: Settle): void {
    const repeated = this.#waiting.find(({ request: { producer } }) => {
      return (
        producer?.id === repeat?.id && producer?.epoch === repeat?.epoch && producer?.seq === repeat?.seq
      );
    });
    if (repeated === undefined) settle(ok(this.#receipt(undefined, true)));
    else repeated.settlers.push(settle);
  }

  #receipt(
    range: { readonly first: number; readonly last: number } | undefined,
    duplicate: boolean,
  ): AppendReceipt {
    return {
      channel: this.#channel,
      epoch: this.#epoch ?? "",
      ...(range !== undefined && { first: range.first, last: range.last }),
      duplicate,
    };
  }

  #endReceipt(request: EndRequest, now: number): EndReceipt {
    return {
      channel: this.#channel,
      cursor: this.#tail,
      status: request.status,
      lines: this.#total.lines,
      bytes: this.#total.bytes,
      crc32: crc32Hex(this.#total.crc),
      ...(request.exitCode !== undefined && { exitCode: request.exitCode }),
      ...(request.signal !== undefined && { signal: request.signal }),
      ...(request.message !== undefined && { message: request.message }),
      endedAt: now,
    };
  }
}
