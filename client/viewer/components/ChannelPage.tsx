import { useEffect, useMemo } from "preact/hooks";
import { useApp } from "../app.ts";
import { LogModel } from "../models/log_model.ts";
import { cursorOf } from "../models/routes.ts";
import { sdkSource } from "../sdk_source.ts";
import { ChannelHead } from "./ChannelHead.tsx";
import { EndProofLine } from "./EndProofLine.tsx";
import { LogRows } from "./LogRows.tsx";
import { LogToolbar } from "./LogToolbar.tsx";
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
  const state = model.connection.value;
  const isSignedOut =
    state.name === "stopped" && state.reason.kind === "refused" && state.reason.closeCode === 4401;
  useEffect(() => {
    if (isSignedOut) void session.expired();
  }, [isSignedOut]);
  return (
    <main class="reader">
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
