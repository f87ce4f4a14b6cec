import { counted, formatDuration } from "../i18n/format.ts";
import { words } from "../i18n/language.ts";
import type { LogModel } from "../models/log_model.ts";
import { ConnectionBadge } from "./ConnectionBadge.tsx";
import { ProgressBar } from "./ProgressBar.tsx";
import { StatusBadge } from "./StatusBadge.tsx";
import { useNow } from "./use_now.ts";

interface HeadProps {
  readonly model: LogModel;
}

/** What the channel is, where it stands, and whether the page is connected to it. */
export function ChannelHead({ model }: HeadProps) {
  const [kind = "", id = ""] = model.channel.split("/");
  const viewers = model.facts.viewers.value;
  return (
    <div class="channel-head">
      <h1>
        <span class="kind">{kind}/</span>
        {id}
      </h1>
      <StatusBadge status={model.facts.status.value} />
      <Duration model={model} />
      {viewers > 1 && <span class="hint">{counted(words.value, words.value.viewers, viewers)}</span>}
      <Outcome model={model} />
      <span class="push" />
      <ConnectionBadge model={model} />
      <Progress model={model} />
    </div>
  );
}

function Duration({ model }: HeadProps) {
  const isRunning = model.facts.status.value === "running";
  const now = useNow(isRunning);
  // Lines move these times on; the version says that some have come.
  void model.view.version.value;
  const startedAt = model.facts.summary.value.stages[0]?.startedAt ?? model.buffer.firstTs;
  if (startedAt === null) return null;
  const first = Math.min(startedAt, model.buffer.firstTs ?? startedAt);
  const until = isRunning ? now : (model.buffer.lastTs ?? first);
  return <span class="duration">{formatDuration(until - first)}</span>;
}

/** How the command ended. */
function Outcome({ model }: HeadProps) {
  const end = model.facts.end.value?.frame;
  if (end === undefined) return null;
  const { exitCode, signal } = words.value;
  const parts = [
    end.exitCode !== undefined && end.exitCode !== 0 ? exitCode(end.exitCode) : "",
    end.signal !== undefined ? signal(end.signal) : "",
    end.message ?? "",
  ].filter((part) => part !== "");
  return parts.length === 0 ? null : <span class="outcome">{parts.join(" · ")}</span>;
}

function Progress({ model }: HeadProps) {
  const { progress, step, currentStep, totalSteps } = model.facts.summary.value;
  if (model.facts.status.value !== "running" || (progress === undefined && step === undefined)) return null;
  const parts = [
    progress === undefined ? "" : `${Math.round(progress)}%`,
    currentStep === undefined || totalSteps === undefined ? "" : words.value.step(currentStep, totalSteps),
    step ?? "",
  ];
  return (
    <div class="head-progress">
      {progress !== undefined && <ProgressBar percent={progress} />}
      <span class="step">{parts.filter((part) => part !== "").join(" · ")}</span>
    </div>
  );
}
