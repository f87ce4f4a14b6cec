import type { ChannelSummary, DirectoryEntry } from "./contract.ts";

/**
 * What the directory lists of a channel; null where it has neither a journal nor commands, so that it is listed no
 * longer. `commandedAt`: when its oldest stored command came, in epoch milliseconds.
 */
export function directoryEntryOf(summary: ChannelSummary, commandedAt: number | null): DirectoryEntry | null {
  const startedAt = summary.startedAt ?? commandedAt;
  if (startedAt === null) return null;
  const { updatedAt = startedAt } = summary;
  return {
    channel: summary.channel,
    ...(summary.project !== undefined && { project: summary.project }),
    status: summary.status,
    epoch: summary.epoch,
    tail: summary.tail,
    lines: summary.lines,
    bytes: summary.bytes,
    errors: summary.levels.error + summary.levels.fatal,
    warnings: summary.levels.warn,
    stages: summary.stages.length,
    ...(summary.progress !== undefined && { progress: summary.progress }),
    ...(summary.step !== undefined && { step: summary.step }),
    viewers: summary.viewers,
    startedAt,
    updatedAt,
    ...(summary.end !== undefined && { endedAt: summary.end.endedAt }),
  };
}
