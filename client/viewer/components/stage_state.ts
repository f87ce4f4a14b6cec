import type { StageSummary, Status } from "../../../protocol/mod.ts";

/** Where a stage stands, as far as a log tells: which one failed is known only of the last. */
export interface StageState {
  readonly name: "running" | "done" | "failed";
  readonly mark: string;
}

export function stageState(stage: StageSummary, stages: readonly StageSummary[], status: Status): StageState {
  if (status === "failure" && stage === lastBegun(stages)) return { name: "failed", mark: "✕" };
  if (status === "running" && stage.endedAt === undefined) return { name: "running", mark: "●" };
  return { name: "done", mark: "✓" };
}

function lastBegun(stages: readonly StageSummary[]): StageSummary | undefined {
  return stages.reduce<StageSummary | undefined>(
    (last, stage) => (last === undefined || stage.first > last.first ? stage : last),
    undefined,
  );
}
