import type { StageSummary } from "../../../protocol/mod.ts";
import { counted, formatDuration } from "../i18n/format.ts";
import { words } from "../i18n/language.ts";
import type { LogModel } from "../models/log_model.ts";
import { stageState } from "./stage_state.ts";
import { useNow } from "./use_now.ts";

/** The stages, to jump to. */
export function StageList({ model }: { readonly model: LogModel }) {
  const { stages } = model.facts.summary.value;
  const status = model.facts.status.value;
  const now = useNow(status === "running");
  if (stages.length === 0) return null;
  return (
    <nav class="stages" aria-label={words.value.stages}>
      <h2>{words.value.stages}</h2>
      <ol>
        {stages.map((stage) => (
          <StageLink key={stage.name} model={model} stage={stage} now={now} />
        ))}
      </ol>
    </nav>
  );
}

interface StageLinkProps {
  readonly model: LogModel;
  readonly stage: StageSummary;
  readonly now: number;
}

function StageLink({ model, stage, now }: StageLinkProps) {
  const { errors } = model.buffer.tallyOf(model.buffer.stageNumber(stage.name));
  const state = stageState(stage, model.facts.status.value, model.buffer);
  const isOver = stage.endedAt !== undefined || state.name !== "running";
  const until = stage.endedAt ?? (isOver ? (model.buffer.lastTs ?? stage.startedAt) : now);
  return (
    <li>
      <button type="button" onClick={() => model.view.goToStage(stage.first)} title={stage.name}>
        <span class={`stage-mark stage-${state.name}`} aria-hidden="true">
          {state.mark}
        </span>
        <span class="stage-name">{stage.name}</span>
        {errors > 0 && (
          <span class="bad" title={counted(words.value, words.value.errors, errors)}>
            {errors}
          </span>
        )}
        <span class="stage-time">{formatDuration(until - stage.startedAt)}</span>
      </button>
    </li>
  );
}
