import type { EndFrame, GapFrame, SubscribedFrame, SummaryFrame } from "../../protocol/mod.ts";
import type { ChannelLog } from "./channel_log.ts";
import type { ChannelHead, ChannelSummary, EndReceipt } from "./contract.ts";

/** What a channel says of itself, as frames and as the answer of its summary. */

export function subscribedFrame(
  { channel, epoch, first, tail, oldest, ended }: ChannelHead,
  cursor: number,
  resumed: boolean,
  windowBytes: number,
): SubscribedFrame {
  return { type: "subscribed", channel, epoch, first, cursor, tail, oldest, ended, resumed, windowBytes };
}

/** Everything: sent once, after `subscribed`. */
export function summaryFrame(log: ChannelLog, viewers: number, agents: number): SummaryFrame {
  return { type: "summary", channel: log.channel, status: log.status, ...log.summary, viewers, agents };
}

/** Status and who is there: sent as these change. */
export function presenceFrame(log: ChannelLog, viewers: number, agents: number): SummaryFrame {
  return { type: "summary", channel: log.channel, status: log.status, viewers, agents };
}

/** Trimmed before they were sent: entries that a subscriber will not get, both cursors included. */
export function retentionGapFrame(channel: string, from: number, to: number): GapFrame {
  return { type: "gap", channel, from, to, count: to - from + 1, reason: "retention" };
}

/** The journal was deleted: nothing of it that was not sent yet will come. */
export function epochGapFrame(channel: string, from: number): GapFrame {
  return { type: "gap", channel, from, to: null, count: null, reason: "epoch" };
}

export function endFrame({ endedAt: _, ...end }: EndReceipt): EndFrame {
  return { type: "end", ...end };
}

export function summaryOf(log: ChannelLog, viewers: number, agents: number): ChannelSummary {
  const { lines, bytes } = log.total;
  const { channel, epoch, first, tail, oldest, project } = log.head;
  return {
    channel,
    ...(project !== undefined && { project }),
    status: log.status,
    epoch,
    first,
    tail,
    oldest,
    ...(epoch !== null && log.times),
    lines,
    bytes,
    ...log.summary,
    viewers,
    agents,
    ...(log.end !== undefined && { end: log.end }),
  };
}
