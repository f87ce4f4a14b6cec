import { useEffect, useMemo } from "preact/hooks";
import { statuses } from "../../../protocol/mod.ts";
import { useApp } from "../app.ts";
import { words } from "../i18n/language.ts";
import { told } from "../i18n/told.ts";
import { ChannelList, refreshMs } from "../models/channel_list.ts";
import { ChannelRow } from "./ChannelRow.tsx";
import { SearchBox } from "./SearchBox.tsx";
import { useNow } from "./use_now.ts";
import { useTitle } from "./use_title.ts";

const kinds = ["build", "project", "plugin", "task", "session"] as const;

/** All channels that the session may read. */
export function ChannelsPage() {
  const { gateway, session } = useApp();
  const list = useMemo(() => new ChannelList(gateway, () => void session.expired()), []);
  useTitle(words.value.channels);
  useEffect(() => keepFresh(list), [list]);
  return (
    <main class="page">
      <div class="list-head">
        <h1>{words.value.channels}</h1>
        <ListFilters list={list} />
      </div>
      <ListProblem list={list} />
      <ListBody list={list} />
    </main>
  );
}

/** Looks again every few seconds while the page is in view; answers how to stop. */
function keepFresh(list: ChannelList): () => void {
  const refresh = (): void => {
    if (document.visibilityState === "visible") void list.refresh();
  };
  refresh();
  const timer = setInterval(refresh, refreshMs);
  document.addEventListener("visibilitychange", refresh);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", refresh);
  };
}

interface ListProps {
  readonly list: ChannelList;
}

function ListFilters({ list }: ListProps) {
  const { kind, status, text } = list.query.value;
  const { anyKind, anyStatus, kindLabel, statusLabel, statusNames, searchChannels } = words.value;
  return (
    <search class="filters">
      <SearchBox label={searchChannels} value={text} onSearch={(typed) => void list.ask({ text: typed })} />
      <select
        aria-label={kindLabel}
        value={kind}
        onChange={(event) => void list.ask({ kind: event.currentTarget.value })}
      >
        <option value="">{anyKind}</option>
        {kinds.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
      <select
        aria-label={statusLabel}
        value={status}
        onChange={(event) => {
          const chosen = statuses.find((each) => each === event.currentTarget.value);
          void list.ask({ status: chosen ?? "" });
        }}
      >
        <option value="">{anyStatus}</option>
        {statuses.map((each) => (
          <option key={each} value={each}>
            {statusNames[each]}
          </option>
        ))}
      </select>
    </search>
  );
}

function ListProblem({ list }: ListProps) {
  const refusal = list.refusal.value;
  if (refusal === null) return null;
  return (
    <p class="problem" role="alert">
      {words.value.listFailed} {told(words.value, refusal)}
    </p>
  );
}

function ListBody({ list }: ListProps) {
  const channels = list.channels.value;
  const now = useNow(true);
  if (channels === null) return <p class="hint">{words.value.loading}</p>;
  if (channels.length === 0) return <EmptyList list={list} />;
  return (
    <>
      <ul class="channels">
        {channels.map((channel) => (
          <ChannelRow key={channel.channel} channel={channel} now={now} />
        ))}
      </ul>
      {list.hasMore.value && (
        <button type="button" class="more" onClick={() => void list.showMore()}>
          {words.value.showMore}
        </button>
      )}
    </>
  );
}

function EmptyList({ list }: ListProps) {
  const { kind, status, text } = list.query.value;
  const { nothingFound, nothingYet, streamFirst } = words.value;
  if (kind !== "" || status !== "" || text !== "") return <p class="hint">{nothingFound}</p>;
  return (
    <section class="card empty">
      <h2>{nothingYet}</h2>
      <p>{streamFirst}</p>
      <pre>npx tailrace run build/1 -- npm run build</pre>
    </section>
  );
}
