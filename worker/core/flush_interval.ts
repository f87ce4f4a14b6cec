import { limits } from "../../protocol/mod.ts";

/**
 * What sending one frame of a flush costs, in microseconds: 1,000 sockets that each got one 12 KiB frame took
 * 45 ms of CPU here, in the turn and after it (`npm run bench`). It is a constant because deployed clocks
 * stand still while code runs, so that nothing can be timed.
 */
export const frameCostUs = 45;

/**
 * How long the next batches wait to be flushed together, in milliseconds, after a flush that sent so many
 * frames: as long as those frames keep a core busy. Nobody watching: not at all.
 */
export function flushIntervalMs(framesSent: number): number {
  return Math.min(limits.flushMaxMs, Math.ceil((framesSent * frameCostUs) / 1000));
}
