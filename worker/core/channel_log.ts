import {
  crc32Hex,
  emptySum,
  emptySummary,
  limits,
  ok,
  type Result,
  refuse,
  type Status,
  type Summary,
  SummaryReducer,
  type TextSum,
} from "../../protocol/mod.ts";
import type { AppendReceipt, AppendRequest, ChannelHead, EndReceipt, EndRequest } from "./contract.ts";
import type { Journal, JournalRow, ProducerState, Snapshot } from "./journal.ts";
import { judge, Producers, type Verdict } from "./producers.ts";
import { RowBuilder } from "./row_builder.ts";
import type { Border } from "./segment.ts";
import { type Settle, type WaitingBatch, WaitingBatches } from "./waiting_batches.ts";

/** What a flush did. `settle` gives the senders their receipts. */
export interface Flushed {
  readonly rows: readonly JournalRow[];
  /** The channel's first: an epoch begins. */
  readonly begins: boolean;
  readonly settle: () => void;
}

/** What is known of a channel but for its summary and producers, which change in place. */
type LogState = Omit<Snapshot, "summary" | "producers">;

type Range = Pick<AppendReceipt, "first" | "last">;

/**
 * The writing half of a channel: verdicts, waiting batches, and the flush that stores them. Memory moves only
 * after the journal has taken the rows.
 */
export class ChannelLog {
  readonly #journal: Journal;
  readonly #makeEpoch: () => string;
  readonly #waiting = new WaitingBatches();
  #state: LogState;
  #summary = new SummaryReducer();
  #producers = new Producers();
  #oldest: number | null = null;
  #rowsSinceSnapshot = 0;

  /** Wakes from what the journal holds. `tenant` and `channel` count where it holds nothing yet. */
  constructor(journal: Journal, tenant: string, channel: string, makeEpoch: () => string) {
    this.#journal = journal;
    this.#makeEpoch = makeEpoch;
    this.#state = unbegun(tenant, channel, { cursor: 0, offset: 0 });
    const woken = journal.wake();
    if (woken === null) return;
    const { summary, producers, ...state } = woken.snapshot;
    this.#state = state;
    this.#summary = new SummaryReducer(summary);
    this.#producers = new Producers(producers);
    for (const { last, offset, bytes, meta } of woken.rows) {
      const moved = { cursor: last, offset: offset + bytes, total: meta.total, updatedAt: meta.at };
      this.#state = { ...this.#state, ...moved };
      this.#rowsSinceSnapshot += 1;
      if (meta.flush !== undefined) this.#learn(meta.flush);
    }
    this.#oldest = journal.oldest();
  }

  get tenant(): string {
    return this.#state.tenant;
  }

  get channel(): string {
    return this.#state.channel;
  }

  get head(): ChannelHead {
    const { channel, epoch, first, cursor, project } = this.#state;
    return {
      channel,
      epoch,
      first,
      tail: cursor,
      oldest: this.#oldest ?? cursor + 1,
      ended: this.end !== undefined,
      ...(project !== undefined && { project }),
    };
  }

  /** The tail as a border. */
  get place(): Border {
    const { cursor, offset } = this.#state;
    return { cursor, offset };
  }

  get status(): Status {
    return this.end?.status ?? (this.#state.epoch === null ? "waiting" : "running");
  }

  get summary(): Summary {
    return this.#summary.summary;
  }

  get total(): TextSum {
    return this.#state.total;
  }

  get end(): EndReceipt | undefined {
    return this.#state.end;
  }

  /** Epoch milliseconds; nothing to be read before the first append. */
  get times(): Pick<Snapshot, "startedAt" | "updatedAt"> {
    const { startedAt, updatedAt } = this.#state;
    return { startedAt, updatedAt };
  }

  /** So much waits that it must be flushed at once. */
  get isFull(): boolean {
    return this.#waiting.isFull;
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
        // Older than the newest that waits and not found among them: it was stored before they came.
        if (!this.#waiting.addRepeat(verdict.batch, settle)) settle(ok(this.#receipt({}, true)));
        break;
      case "append":
        this.#waiting.add(request, settle);
        break;
    }
  }

  /**
   * Stores what waits, as one transaction. When that fails, every batch in it is refused as retryable and
   * nothing has changed.
   */
  flush(now: number): Flushed | null {
    const batches = this.#waiting.take();
    if (batches.length === 0) return null;
    const begins = this.#state.epoch === null;
    const begun = begins ? this.#begin(now, batches[0]?.request.project) : this.#state;
    const { rows, place, learned, ranges } = this.#lay(batches, now);
    const isSnapshotDue = begins || this.#rowsSinceSnapshot >= limits.snapshotRows;
    try {
      this.#journal.commit(rows, isSnapshotDue ? this.#snapshotOf(begun) : null);
    } catch {
      refuseAll(batches);
      return null;
    }
    this.#state = { ...begun, ...place, updatedAt: now };
    this.#oldest ??= rows[0]?.first ?? null;
    this.#rowsSinceSnapshot = (isSnapshotDue ? 0 : this.#rowsSinceSnapshot) + rows.length;
    this.#learn(learned);
    const settle = () => {
      for (const [i, { settlers }] of batches.entries()) {
        for (const [repeat, settle] of settlers.entries())
          settle(ok(this.#receipt(ranges[i] ?? {}, repeat > 0)));
      }
    };
    return { rows, begins, settle };
  }

  /** Ends the channel, once; a repeated end gets the first answer. What waits must have been flushed. */
  finish(
    request: EndRequest,
    now: number,
  ): Result<{ readonly receipt: EndReceipt; readonly isNew: boolean }> {
    if (this.end !== undefined) return ok({ receipt: this.end, isNew: false });
    const begun = this.#state.epoch === null ? this.#begin(now, undefined) : this.#state;
    const receipt = endReceipt(begun, request, now);
    const ended: LogState = { ...begun, updatedAt: now, end: receipt };
    const summary = new SummaryReducer(this.#summary.summary);
    summary.end(now);
    try {
      this.#journal.commit([], { ...this.#snapshotOf(ended), summary: summary.summary });
    } catch {
      return refuse("storage_failed", "The end could not be stored. Send it again.", { retryAfterMs: 1_000 });
    }
    this.#state = ended;
    this.#summary = summary;
    this.#rowsSinceSnapshot = 0;
    return ok({ receipt, isNew: true });
  }

  /** Deletes the journal but for its last cursor: what is appended next counts on, under a new epoch. */
  clear(now: number): { readonly existed: boolean } {
    if (this.#state.epoch === null) return { existed: false };
    const cleared = { ...unbegun(this.tenant, this.channel, this.place), updatedAt: now };
    this.#journal.clear({ ...cleared, summary: emptySummary(), producers: {} });
    this.#state = cleared;
    this.#summary = new SummaryReducer();
    this.#producers = new Producers();
    this.#oldest = null;
    this.#rowsSinceSnapshot = 0;
    return { existed: true };
  }

  #judge(request: AppendRequest): Verdict {
    const { producer, grantedProject } = request;
    if (grantedProject !== undefined && grantedProject !== this.#projectFor(request)) {
      return wrongProject(this.channel, grantedProject);
    }
    const verdict: Verdict =
      producer === undefined
        ? { kind: "append" }
        : judge(producer, this.#producers.get(producer.id), this.#waiting.newestOf(producer.id));
    if (verdict.kind !== "append" || this.end === undefined) return verdict;
    // Only now: a repeat of what was stored before the end is still acknowledged.
    const { status, cursor } = this.end;
    const message = `Channel ${this.channel} ended as ${status} at cursor ${cursor} and takes no more entries.`;
    return { kind: "refused", problem: { code: "channel_ended", message, received: status } };
  }

  /** The project that the channel has, or that its first batch gives it. */
  #projectFor(request: AppendRequest): string | undefined {
    if (this.#state.epoch !== null) return this.#state.project;
    return this.#waiting.isEmpty ? request.project : this.#waiting.project;
  }

  #begin(now: number, project: string | undefined): LogState {
    return {
      ...this.#state,
      epoch: this.#makeEpoch(),
      startedAt: now,
      updatedAt: now,
      ...(project !== undefined && { project }),
    };
  }

  #snapshotOf(state: LogState): Snapshot {
    return { ...state, summary: this.#summary.summary, producers: this.#producers.toRecord() };
  }

  /** Lays the batches out as rows, and says what memory must learn once they are stored. */
  #lay(batches: readonly WaitingBatch[], now: number) {
    const { cursor, offset, total } = this.#state;
    const builder = new RowBuilder({ cursor, offset, total }, now);
    const producers: Record<string, ProducerState> = {};
    const deltas = [];
    const ranges = [];
    let before = cursor;
    for (const { request } of batches) {
      const { batch, producer } = request;
      builder.add(batch);
      const range = { first: before + 1, last: before + batch.entries };
      deltas.push({ before, delta: batch.delta });
      ranges.push(range);
      if (producer !== undefined) {
        producers[producer.id] = { epoch: producer.epoch, seq: producer.seq, ...range, at: now };
      }
      before = range.last;
    }
    const learned = { deltas, producers };
    return { ...builder.finish(learned), learned, ranges };
  }

  #learn({ deltas, producers }: NonNullable<JournalRow["meta"]["flush"]>): void {
    for (const { before, delta } of deltas) this.#summary.merge(delta, before);
    for (const [id, state] of Object.entries(producers)) this.#producers.set(id, state);
  }

  #receipt({ first, last }: Range, duplicate: boolean): AppendReceipt {
    return {
      channel: this.channel,
      epoch: this.#state.epoch ?? "",
      ...(first !== undefined && { first }),
      ...(last !== undefined && { last }),
      duplicate,
    };
  }
}

/** A channel that nothing was appended to, at a place: the beginning, or where a deleted one left off. */
function unbegun(tenant: string, channel: string, { cursor, offset }: Border): LogState {
  return {
    tenant,
    channel,
    epoch: null,
    first: cursor + 1,
    cursor,
    offset,
    total: emptySum,
    startedAt: 0,
    updatedAt: 0,
  };
}

function endReceipt({ cursor, total }: LogState, request: EndRequest, now: number): EndReceipt {
  const { tenant: _, ...said } = request;
  return {
    ...said,
    cursor,
    lines: total.lines,
    bytes: total.bytes,
    crc32: crc32Hex(total.crc),
    endedAt: now,
  };
}

function wrongProject(channel: string, granted: string): Verdict {
  const message = `The token grants writing to project ${granted}, and channel ${channel} has begun as none of it.`;
  return { kind: "refused", problem: { code: "forbidden", message, received: granted } };
}

function refuseAll(batches: readonly WaitingBatch[]): void {
  const message = "The journal could not be written and nothing was stored. Send the batch again.";
  for (const { settlers } of batches) {
    for (const settle of settlers) settle(refuse("storage_failed", message, { retryAfterMs: 1_000 }));
  }
}
