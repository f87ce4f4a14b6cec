import {
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
import type { Journal, JournalRow, Snapshot } from "./journal.ts";
import { type CursorRange, layOut } from "./lay_out.ts";
import { endReceipt, type LogState, placeAfter, unbegun } from "./log_state.ts";
import { judge, Producers, type Verdict } from "./producers.ts";
import { channelEnded, refuseAll, wrongProject } from "./refusals.ts";
import { ageOf, goneRows, maxTrimmedRows, type Retained, type Retention, type RowAge } from "./retention.ts";
import type { Border } from "./segment.ts";
import { type Settle, WaitingBatches } from "./waiting_batches.ts";

/** What a flush did. `settle` gives the senders their receipts. */
export interface Flushed {
  readonly rows: readonly JournalRow[];
  /** The channel's first: an epoch begins. */
  readonly begins: boolean;
  readonly settle: () => void;
}

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
  #oldestRow: RowAge | null = null;
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
    for (const row of woken.rows) {
      this.#state = { ...this.#state, ...placeAfter(row), updatedAt: row.meta.at };
      this.#rowsSinceSnapshot += 1;
      if (row.meta.flush !== undefined) this.#learn(row.meta.flush);
    }
    this.#oldestRow = this.#findOldestRow();
  }

  get tenant(): string {
    return this.#state.tenant;
  }

  get channel(): string {
    return this.#state.channel;
  }

  get head(): ChannelHead {
    const { channel, epoch, first, cursor, trimmed, project } = this.#state;
    return {
      channel,
      epoch,
      first,
      tail: cursor,
      oldest: trimmed.cursor + 1,
      ended: this.end !== undefined,
      ...(project !== undefined && { project }),
    };
  }

  /** The tail as a border. */
  get place(): Border {
    const { cursor, offset } = this.#state;
    return { cursor, offset };
  }

  /** Where the last trimmed row ended: what is retained begins after it. */
  get trimmed(): Border {
    const { cursor, offset } = this.#state.trimmed;
    return { cursor, offset };
  }

  get retained(): Retained {
    const { epoch, updatedAt } = this.#state;
    return {
      tail: this.place,
      oldestRow: this.#oldestRow,
      endedAt: this.end?.endedAt ?? null,
      deletedAt: epoch === null && updatedAt > 0 ? updatedAt : null,
    };
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
  append(request: AppendRequest, now: number, settle: Settle): void {
    const verdict = this.#judge(request, now);
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
    const { rows, place, learned, ranges } = layOut(batches, this.#state, now);
    const isSnapshotDue = begins || this.#rowsSinceSnapshot >= limits.snapshotRows;
    try {
      this.#journal.commit(rows, isSnapshotDue ? this.#snapshotOf(begun) : null);
    } catch {
      refuseAll(batches);
      return null;
    }
    this.#state = { ...begun, ...place, updatedAt: now };
    if (rows[0] !== undefined) this.#oldestRow ??= ageOf(rows[0]);
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

  /** The last command's cursor when the channel was last deleted. */
  get lastCommand(): number {
    return this.#state.lastCommand ?? 0;
  }

  /**
   * Deletes the journal but for the last cursors, its own and that of the commands: what is appended next counts on,
   * under a new epoch.
   */
  clear(lastCommand: number, now: number): void {
    const unbegan = unbegun(this.tenant, this.channel, this.place);
    const cleared = { ...unbegan, updatedAt: now, ...(lastCommand > 0 && { lastCommand }) };
    this.#journal.clear({ ...cleared, summary: emptySummary(), producers: {} });
    this.#state = cleared;
    this.#summary = new SummaryReducer();
    this.#producers = new Producers();
    this.#oldestRow = null;
    this.#rowsSinceSnapshot = 0;
  }

  /**
   * Lets the oldest rows go that retention does not keep, a bounded number of them. Throws with nothing changed
   * when the journal refuses it.
   */
  trim(retention: Retention, now: number): void {
    const last = goneRows(this.#journal.oldest(maxTrimmedRows), this.place, retention, now).at(-1);
    if (last === undefined) return;
    const trimmed = { ...this.#state, trimmed: placeAfter(last) };
    this.#journal.trim(last.last, this.#snapshotOf(trimmed));
    this.#state = trimmed;
    this.#rowsSinceSnapshot = 0;
    this.#oldestRow = this.#findOldestRow();
  }

  /** Forgets the last cursor of a deleted journal: what is appended next counts from 1. */
  erase(): void {
    this.#journal.erase();
    this.#state = unbegun(this.tenant, this.channel, { cursor: 0, offset: 0 });
  }

  #findOldestRow(): RowAge | null {
    const [row] = this.#journal.oldest(1);
    return row === undefined ? null : ageOf(row);
  }

  #judge(request: AppendRequest, now: number): Verdict {
    const { producer, grantedProject } = request;
    if (grantedProject !== undefined && grantedProject !== this.#projectFor(request)) {
      return wrongProject(this.channel, grantedProject);
    }
    const verdict: Verdict =
      producer === undefined
        ? { kind: "append" }
        : judge(producer, this.#producers.get(producer.id, now), this.#waiting.newestOf(producer.id));
    if (verdict.kind === "stored" || this.end === undefined) return verdict;
    // Only now: a repeat of what was stored before the end is still acknowledged.
    return channelEnded(this.end);
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

  #learn({ before, delta, producers }: NonNullable<JournalRow["meta"]["flush"]>): void {
    this.#summary.merge(delta, before);
    for (const [id, state] of Object.entries(producers)) this.#producers.set(id, state);
  }

  #receipt({ first, last }: Partial<CursorRange>, duplicate: boolean): AppendReceipt {
    return {
      channel: this.channel,
      epoch: this.#state.epoch ?? "",
      ...(first !== undefined && { first }),
      ...(last !== undefined && { last }),
      duplicate,
    };
  }
}
