import type { GapReason } from "../../protocol/mod.ts";
import type { ChannelHead, SocketPlan } from "./contract.ts";

/** Where a subscriber begins. */
export interface Start {
  /** Reading goes on after this cursor. */
  readonly after: number;
  /** The cursor asked for was taken up, without a gap. */
  readonly isResumed: boolean;
  /** What the subscriber will not get, if anything. */
  readonly gap: {
    readonly from: number;
    readonly to: number | null;
    readonly count: number | null;
    readonly reason: GapReason;
  } | null;
}

/**
 * Finds where to begin: after a cursor, with the last n entries, or from the oldest. A cursor of another epoch,
 * or past the tail, is of a journal that was deleted: a gap of reason `epoch`, then the oldest. One from before
 * the oldest gets a gap of reason `retention` for what was trimmed.
 */
export function startOf(head: ChannelHead, asked: Pick<SocketPlan, "cursor" | "epoch" | "last">): Start {
  const { cursor, epoch, last } = asked;
  const beforeOldest = head.oldest - 1;
  if (cursor === undefined) {
    const after = last === undefined ? beforeOldest : Math.max(beforeOldest, head.tail - last);
    return { after, isResumed: false, gap: null };
  }
  const isOfOldEpoch = epoch !== undefined && epoch !== head.epoch;
  // Cursor 0 is the beginning of any journal.
  const isBeforeEpoch = cursor > 0 && cursor < head.first - 1;
  if (cursor > head.tail || isOfOldEpoch || isBeforeEpoch) {
    return {
      after: beforeOldest,
      isResumed: false,
      gap: { from: cursor + 1, to: null, count: null, reason: "epoch" },
    };
  }
  const from = Math.max(cursor + 1, head.first);
  if (from > beforeOldest) return { after: Math.max(cursor, head.first - 1), isResumed: true, gap: null };
  const gap = { from, to: beforeOldest, count: head.oldest - from, reason: "retention" as const };
  return { after: beforeOldest, isResumed: false, gap };
}
