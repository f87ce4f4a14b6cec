import { limits } from "../../protocol/mod.ts";

/**
 * What sending one frame of a flush costs, in microseconds: 1,000 sockets that each got one 12 KiB frame took
 * 45 ms of the runtime's CPU here, in the turn and after it. It is a constant because deployed clocks stand still
 * while code runs, so that nothing can be timed.
 */
export const frameCostUs = 45;

/**
 * The part of a core that frames may take. Less makes every line wait longer; all of it would do while nothing
 * else runs, but then any other load makes lines late. Measurements: `docs/ARCHITECTURE.md`.
 */
const coreShare = 0.7;

/**
 * How long the next batches wait to be flushed together, in milliseconds, after a flush that sent so many
 * frames: until those frames have taken no more than their share of a core. Nobody watching: not at all.
 */
export function flushIntervalMs(framesSent: number): number {
  return Math.min(limits.flushMaxMs, Math.ceil((framesSent * frameCostUs) / coreShare / 1000));
}
