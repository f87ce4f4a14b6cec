import type { DirectoryEntry } from "../gateway.ts";
import { counted, formatAgo, formatDateTime, formatDuration } from "../i18n/format.ts";
import { words } from "../i18n/language.ts";
import { pathOf } from "../models/routes.ts";
import { ProgressBar } from "./ProgressBar.tsx";
import { StatusBadge } from "./StatusBadge.tsx";

export interface ChannelRowProps {
  readonly channel: DirectoryEntry;
  readonly now: number;
}

/** One channel of the list: what it is, where it stands, how long it took. */
export function ChannelRow({ channel, now }: ChannelRowProps) {
  const [kind = "", id = ""] = channel.channel.split("/");
  const isRunning = channel.status === "running";
  return (
    <li class="channel">
      <StatusBadge status={channel.status} />
      <div class="channel-name">
        <a href={pathOf(channel.channel)}>
          <span class="kind">{kind}/</span>
          <b>{id}</b>
        </a>
        {isRunning && channel.step !== null && <span class="step">{channel.step}</span>}
        {isRunning && channel.progress !== null && <ProgressBar percent={channel.progress} />}
      </div>
      <Figures channel={channel} />
      <Times channel={channel} now={now} />
    </li>
  );
}

function Figures({ channel }: { readonly channel: DirectoryEntry }) {
  const { lines, errors, warnings, viewers } = words.value;
  return (
    <div class="figures">
      <span>{counted(words.value, lines, channel.lines)}</span>
      {channel.errors > 0 && <span class="bad">{counted(words.value, errors, channel.errors)}</span>}
      {channel.warnings > 0 && <span class="warn">{counted(words.value, warnings, channel.warnings)}</span>}
      {channel.viewers > 0 && <span>{counted(words.value, viewers, channel.viewers)}</span>}
    </div>
  );
}

function Times({ channel, now }: ChannelRowProps) {
  const { startedAt, endedAt } = channel;
  if (startedAt === null) return <div class="times" />;
  const duration = formatDuration((endedAt ?? now) - startedAt);
  const { runningFor, took } = words.value;
  return (
    <div class="times">
      {endedAt !== null && <span>{took(duration)}</span>}
      {endedAt === null && channel.status === "running" && <span>{runningFor(duration)}</span>}
      <time dateTime={new Date(startedAt).toISOString()} title={formatDateTime(words.value, startedAt)}>
        {formatAgo(words.value, startedAt, now)}
      </time>
    </div>
  );
}
