import { SummaryReducer } from "../../protocol/mod.ts";
import type { JournalPlace, JournalRow, ProducerState } from "./journal.ts";
import { RowBuilder } from "./row_builder.ts";
import type { WaitingBatch } from "./waiting_batches.ts";

/** Where a batch lies. */
export interface CursorRange {
  readonly first: number;
  readonly last: number;
}

/** A flush as it is to be stored, and what memory must learn once it is. */
export interface LaidOut {
  readonly rows: readonly JournalRow[];
  readonly place: JournalPlace;
  readonly learned: NonNullable<JournalRow["meta"]["flush"]>;
  /** Of each batch. */
  readonly ranges: readonly CursorRange[];
}

/** Lays batches out as rows, from a place on. */
export function layOut(batches: readonly WaitingBatch[], from: JournalPlace, now: number): LaidOut {
  const { cursor, offset, total } = from;
  const builder = new RowBuilder({ cursor, offset, total }, now);
  const producers: Record<string, ProducerState> = {};
  const summary = new SummaryReducer();
  const ranges: CursorRange[] = [];
  let before = cursor;
  for (const { request } of batches) {
    const { batch, producer } = request;
    builder.add(batch);
    const range = { first: before + 1, last: before + batch.entries };
    summary.merge(batch.delta, before - cursor);
    ranges.push(range);
    if (producer !== undefined) {
      producers[producer.id] = { epoch: producer.epoch, seq: producer.seq, ...range, at: now };
    }
    before = range.last;
  }
  const learned = { before: cursor, delta: summary.delta, producers };
  return { ...builder.finish(learned), learned, ranges };
}
