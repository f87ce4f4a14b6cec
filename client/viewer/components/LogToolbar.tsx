import { formatNumber } from "../i18n/format.ts";
import { words } from "../i18n/language.ts";
import type { LogModel } from "../models/log_model.ts";
import { SearchBox } from "./SearchBox.tsx";

interface ToolbarProps {
  readonly model: LogModel;
}

/** What one does with a log. */
export function LogToolbar({ model }: ToolbarProps) {
  const { filter } = words.value;
  return (
    <div class="toolbar">
      <SearchBox
        label={filter}
        value={model.view.keyword.value}
        onSearch={(keyword) => model.setKeyword(keyword)}
      />
      <MatchCount model={model} />
      <span class="push" />
      <FoldButtons model={model} />
      <FollowButton model={model} />
      <DownloadMenu channel={model.channel} />
    </div>
  );
}

/** How many lines match, told also to those who do not see it. */
function MatchCount({ model }: ToolbarProps) {
  void model.view.version.value;
  const { matched } = model.view;
  const { searching, matched: phrase } = words.value;
  return (
    <span class="hint count" role="status">
      {matched !== null &&
        phrase(formatNumber(words.value, matched), formatNumber(words.value, model.buffer.store.lines))}
      {model.view.isSearching && ` ${searching}`}
    </span>
  );
}

function FoldButtons({ model }: ToolbarProps) {
  const { stages } = model.facts.summary.value;
  if (stages.length === 0 || model.view.keyword.value !== "") return null;
  const numbers = (): number[] => stages.map((stage) => model.buffer.stageNumber(stage.name));
  void model.view.version.value;
  const areFolded = numbers().every((number) => model.view.isFolded(number));
  return (
    <button type="button" class="quiet" onClick={() => model.view.setFolded(numbers(), !areFolded)}>
      {areFolded ? words.value.unfoldAll : words.value.foldAll}
    </button>
  );
}

function FollowButton({ model }: ToolbarProps) {
  const isFollowing = model.view.following.value;
  return (
    <button
      type="button"
      class="quiet toggle"
      aria-pressed={isFollowing}
      title={words.value.followHint}
      onClick={() => (isFollowing ? model.view.turnedUp() : model.view.follow())}
    >
      {isFollowing ? words.value.following : words.value.follow}
    </button>
  );
}

function DownloadMenu({ channel }: { readonly channel: string }) {
  const { download, downloadJson, downloadPlain, downloadText } = words.value;
  const formats = [
    ["text", downloadText],
    ["plain", downloadPlain],
    ["ndjson", downloadJson],
  ] as const;
  return (
    <details
      class="menu"
      onFocusOut={(event) => {
        const menu = event.currentTarget;
        const isWithin = event.relatedTarget instanceof Node && menu.contains(event.relatedTarget);
        if (!isWithin) menu.open = false;
      }}
    >
      <summary>{download}</summary>
      <div>
        {formats.map(([format, name]) => (
          <a key={format} href={`/v1/channels/${channel}/download?format=${format}`} download>
            {name}
          </a>
        ))}
      </div>
    </details>
  );
}
