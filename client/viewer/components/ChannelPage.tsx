import { useEffect, useMemo } from "preact/hooks";
import { closeCodes } from "../../../protocol/mod.ts";
import { useApp } from "../app.ts";
import { words } from "../i18n/language.ts";
import { told } from "../i18n/told.ts";
import { type ChannelRefusal, LogModel } from "../models/log_model.ts";
import { cursorOf } from "../models/routes.ts";
import { sdkSource } from "../sdk_source.ts";
import { ChannelHead } from "./ChannelHead.tsx";
import { EndProofLine } from "./EndProofLine.tsx";
import { LogRows } from "./LogRows.tsx";
import { LogToolbar } from "./LogToolbar.tsx";
import { Notice } from "./Notice.tsx";
import { SessionOver } from "./SessionOver.tsx";
import { StageList } from "./StageList.tsx";
import { useTitle } from "./use_title.ts";

/** One channel, live. */
export function ChannelPage({ channel }: { readonly channel: string }) {
  const { navigation, session, origin, nextFrame } = useApp();
  const model = useMemo(() => {
    const signedIn = session.state.peek();
    const heartbeatMs = signedIn.name === "signedIn" ? signedIn.session.heartbeatMs : null;
    return new LogModel(channel, sdkSource(origin, heartbeatMs), nextFrame);
  }, [channel]);
  useTitle(channel);
  useEffect(() => () => model.close(), [model]);
  const target = cursorOf(navigation.url.value.hash);
  useEffect(() => {
    if (target !== null) model.view.goTo(target);
  }, [model, target]);
  const isSignedOut = model.stop.value?.closeCode === closeCodes.token.code;
  // Past its end a channel has nothing more to tell: a page that has it stays, whatever becomes of the session.
  const isKept = isSignedOut && model.facts.end.value !== null;
  useEffect(() => {
    if (isSignedOut && !isKept) void session.expired();
  }, [isSignedOut, isKept]);
  const refusal = model.refusal.value;
  if (refusal !== null && !isSignedOut) return <RefusedChannel model={model} refusal={refusal} />;
  return (
    <main class="reader">
      {isKept && <SessionOver model={model} />}
      <ChannelHead model={model} />
      <div class="reader-body">
        <StageList model={model} />
        <section class="log-pane">
          <LogToolbar model={model} />
          <LogRows model={model} />
          <EndProofLine model={model} />
        </section>
      </div>
    </main>
  );
}

interface RefusedProps {
  readonly model: LogModel;
  readonly refusal: ChannelRefusal;
}

/** In place of a log of which nothing may be shown. */
function RefusedChannel({ model, refusal }: RefusedProps) {
  const { navigation } = useApp();
  const { channelForbidden, channelRefused, toChannels, tryAgain } = words.value;
  const isForbidden = refusal.closeCode === closeCodes.forbidden.code;
  const action = isForbidden
    ? { name: toChannels, run: () => navigation.go("/builds") }
    : { name: tryAgain, run: () => model.reconnect() };
  const title = isForbidden ? channelForbidden(model.channel) : channelRefused(model.channel);
  return <Notice title={title} text={told(words.value, refusal.problem)} action={action} />;
}
