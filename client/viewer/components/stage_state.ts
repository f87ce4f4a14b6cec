import type { StageSummary, Status } from "../../../protocol/mod.ts";
import type { LogBuffer } from "../models/log_buffer.ts";

/** Where a stage stands, as far as a log tells: which one failed is known only of the one that ran last. */
export interface StageState {
  /** `flawed`: it is over, did not end the channel, and has said something fatal. */
  readonly name: "running" | "done" | "flawed" | "failed";
  readonly mark: string;
}

/** `buffer` has read the stage: ends in the same millisecond do not tell which stage ran last, lines do. */
export function stageState(stage: StageSummary, status: Status, buffer: LogBuffer): StageState {
  const number = buffer.stageNumber(stage.name);
  if (status === "failure" && number === buffer.lastStage) return { name: "failed", mark: "✕" };
  if (status === "running" && stage.endedAt === undefined) return { name: "running", mark: "●" };
  return buffer.tallyOf(number).fatals > 0 ? { name: "flawed", mark: "⚠" } : { name: "done", mark: "✓" };
}
