import { useApp } from "../app.ts";
import { words } from "../i18n/language.ts";
import type { LogModel } from "../models/log_model.ts";

/** Says over a page that is kept that its session is over, and leads to where one signs in, by the gateway's word. */
export function SessionOver({ model }: { readonly model: LogModel }) {
  const { session } = useApp();
  const { sessionOver, signIn } = words.value;
  const renew = async (): Promise<void> => {
    await session.expired();
    // Another tab may have signed in meanwhile.
    if (session.state.value.name === "signedIn") model.reconnect();
  };
  return (
    <div class="strip session-over" role="status">
      <span>{sessionOver}</span>
      <button type="button" class="quiet" onClick={() => void renew()}>
        {signIn}
      </button>
    </div>
  );
}
