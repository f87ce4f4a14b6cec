import { useState } from "preact/hooks";
import { useApp } from "../app.ts";
import type { Refusal } from "../gateway.ts";
import { words } from "../i18n/language.ts";
import { told } from "../i18n/told.ts";
import { useTitle } from "./use_title.ts";

/** Exchanges a token for the session's cookie; the frame then goes where the address says. */
export function LoginPage() {
  const { session } = useApp();
  const state = session.state.value;
  const [token, setToken] = useState("");
  const [isBusy, setBusy] = useState(false);
  const { signIn, signInIntro, signingIn } = words.value;
  useTitle(signIn);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    await session.signIn(token.trim());
    setBusy(false);
  };
  return (
    <main class="page narrow">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <h1>{signIn}</h1>
        <p>{signInIntro}</p>
        <TokenField token={token} onToken={setToken} />
        {state.name === "signedOut" && state.refusal !== null && <Refused refusal={state.refusal} />}
        <button type="submit" class="primary" disabled={isBusy || token.trim() === ""}>
          {isBusy ? signingIn : signIn}
        </button>
        <p class="hint">
          {words.value.tokenHint} <code>npx tailrace token --grant 'read:*/*' --ttl 8h</code>
        </p>
      </form>
    </main>
  );
}

interface TokenFieldProps {
  readonly token: string;
  readonly onToken: (token: string) => void;
}

function TokenField({ token, onToken }: TokenFieldProps) {
  return (
    <label class="field">
      <span>{words.value.token}</span>
      <input
        type="password"
        name="token"
        autoComplete="off"
        spellcheck={false}
        required
        value={token}
        onInput={(event) => onToken(event.currentTarget.value)}
      />
    </label>
  );
}

function Refused({ refusal }: { readonly refusal: Refusal }) {
  return (
    <p class="problem" role="alert">
      {words.value.tokenRefused} {told(words.value, refusal)}
    </p>
  );
}
