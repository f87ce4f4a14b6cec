import { limits } from "../../protocol/mod.ts";

/** The arithmetic of windows: how much may be on its way to one subscriber, and to all. */

/** The largest window is this part of the default total, and stays so of a larger one. */
const windowsInTotal = limits.windowTotalBytes / limits.windowMaxBytes;

/** A subscriber's window: its share of the total, between the least and the most, and at most what it asked for. */
export function windowFor(totalBytes: number, subscribers: number, askedBytes: number | null): number {
  const share = Math.floor(totalBytes / Math.max(1, subscribers));
  const most = Math.max(limits.windowMaxBytes, Math.floor(totalBytes / windowsInTotal));
  const window = Math.min(most, Math.max(limits.windowMinBytes, share));
  return askedBytes === null ? window : Math.min(window, Math.max(limits.windowMinBytes, askedBytes));
}

/** Whether a subscriber is told of a new window: it changed by half or more. */
export function isWorthTelling(toldBytes: number, newBytes: number): boolean {
  return newBytes * 2 <= toldBytes || newBytes >= toldBytes * 1.5;
}

/** The largest frame for a window: half of it, at most 64 KiB, in whole chunks' sizes so that cuts are shared. */
export function frameBytesFor(windowBytes: number): number {
  const half = Math.min(limits.frameBytes, Math.floor(windowBytes / 2));
  return Math.max(limits.chunkBytes, half - (half % limits.chunkBytes));
}

/** What decides whether a frame may be sent to a subscriber now. */
export interface InFlight {
  readonly windowBytes: number;
  readonly inFlightBytes: number;
  /** To all subscribers of the channel. */
  readonly totalInFlightBytes: number;
  readonly totalWindowBytes: number;
}

/** `later`: when the subscriber has acknowledged. `inTurn`: when others have, for the frame is a large one. */
export function mayTake(frameBytes: number, state: InFlight): "now" | "later" | "inTurn" {
  const half = state.windowBytes / 2;
  if (state.inFlightBytes > half) return "later";
  if (frameBytes > half && state.totalInFlightBytes > state.totalWindowBytes) return "inTurn";
  return "now";
}
