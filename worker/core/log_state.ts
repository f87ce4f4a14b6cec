import { crc32Hex, emptySum } from "../../protocol/mod.ts";
import type { EndReceipt, EndRequest } from "./contract.ts";
import type { JournalPlace, RowHead, Snapshot } from "./journal.ts";
import type { Border } from "./segment.ts";

/** What is known of a channel but for its summary and producers, which change in place. */
export type LogState = Omit<Snapshot, "summary" | "producers">;

/** A channel that nothing was appended to, at a place: the beginning, or where a deleted one left off. */
export function unbegun(tenant: string, channel: string, { cursor, offset }: Border): LogState {
  const place: JournalPlace = { cursor, offset, total: emptySum };
  return {
    tenant,
    channel,
    epoch: null,
    first: cursor + 1,
    ...place,
    trimmed: place,
    startedAt: 0,
    updatedAt: 0,
  };
}

/** Where a row ends. */
export function placeAfter({ last, offset, bytes, meta }: RowHead): JournalPlace {
  return { cursor: last, offset: offset + bytes, total: meta.total };
}

export function endReceipt({ cursor, total }: LogState, request: EndRequest, now: number): EndReceipt {
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
