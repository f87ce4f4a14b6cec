import { useApp } from "../app.ts";
import { words } from "../i18n/language.ts";
import { told } from "../i18n/told.ts";

/** Says that a sign-in link did not work, to somebody whose session from before goes on. */
export function RefusedToken() {
  const { session } = useApp();
  const state = session.state.value;
  if (state.name !== "signedIn" || state.refusal === null) return null;
  const { dismiss, stillSignedIn, tokenRefused } = words.value;
  return (
    <div class="strip problem" role="alert">
      <span>
        {tokenRefused} {told(words.value, state.refusal)} {stillSignedIn(state.session.subject)}
      </span>
      <button type="button" class="quiet" onClick={() => session.dismiss()}>
        {dismiss}
      </button>
    </div>
  );
}
