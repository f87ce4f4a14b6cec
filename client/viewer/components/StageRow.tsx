import { counted, formatDuration } from "../i18n/format.ts";
import { words } from "../i18n/language.ts";
import type { LogModel } from "../models/log_model.ts";
import { stageState } from "./stage_state.ts";
import { useNow } from "./use_now.ts";

export interface StageRowProps {
  readonly model: LogModel;
  readonly stage: number;
}

/** Heads the lines of a stage, and folds them. */
export function StageRow({ model, stage }: StageRowProps) {
  void model.view.version.value;
  const name = model.buffer.stageName(stage);
  const isFolded = model.view.isFolded(stage);
  const { fold, unfold, errors, warnings } = words.value;
  const tally = model.buffer.tallyOf(stage);
  return (
    <div class="row row-stage">
      <button
        type="button"
        aria-expanded={!isFolded}
        title={isFolded ? unfold(name) : fold(name)}
        onClick={() => model.view.setFolded([stage], !isFolded)}
      >
        <span class="chevron" aria-hidden="true">
          {isFolded ? "▸" : "▾"}
        </span>
        <b>{name}</b>
        <StageFigures model={model} name={name} />
        {tally.errors > 0 && <span class="bad">{counted(words.value, errors, tally.errors)}</span>}
        {tally.warnings > 0 && <span class="warn">{counted(words.value, warnings, tally.warnings)}</span>}
      </button>
    </div>
  );
}

function StageFigures({ model, name }: { readonly model: LogModel; readonly name: string }) {
  const { stages } = model.facts.summary.value;
  const summary = stages.find((each) => each.name === name);
  const status = model.facts.status.value;
  const state = summary === undefined ? null : stageState(summary, status, model.buffer);
  const now = useNow(state?.name === "running");
  if (summary === undefined || state === null) return null;
  const until = summary.endedAt ?? (state.name === "running" ? now : model.buffer.lastTs) ?? now;
  return (
    <>
      <span class={`stage-mark stage-${state.name}`} aria-hidden="true">
        {state.mark}
      </span>
      <span class="stage-figures">
        {counted(words.value, words.value.lines, summary.lines)} · {formatDuration(until - summary.startedAt)}
      </span>
    </>
  );
}
