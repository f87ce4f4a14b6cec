import { type ReadonlySignal, signal } from "@preact/signals";
import type { Gateway, Refusal, Session } from "../gateway.ts";
import { viewerLogin } from "./routes.ts";

/**
 *   unknown ──probe──► signedIn or signedOut, or unreachable
 *   signedIn ──401 anywhere, then probe──► signedOut ──signIn──► signedIn
 */
export type SessionState =
  | { readonly name: "unknown" }
  /** `refusal`: why the newest token of an address was not exchanged; the session is one from before. */
  | { readonly name: "signedIn"; readonly session: Session; readonly refusal: Refusal | null }
  /** `refusal`: why the newest sign-in failed. `loginUrl`: where the gateway wants one to sign in. */
  | { readonly name: "signedOut"; readonly refusal: Refusal | null; readonly loginUrl: string }
  | { readonly name: "unreachable"; readonly refusal: Refusal };

export class SessionModel {
  readonly #gateway: Gateway;
  readonly #state = signal<SessionState>({ name: "unknown" });

  readonly state: ReadonlySignal<SessionState> = this.#state;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** Asks who one is. A token from the address is exchanged first. */
  async begin(token: string | null): Promise<void> {
    const exchanged = token === null ? null : await this.#gateway.signIn(token);
    if (exchanged?.ok) this.#state.value = signedIn(exchanged.value);
    // A token that was refused may still meet a session from before.
    else await this.#probe(exchanged?.refusal ?? null);
  }

  /** Exchanges a token for the session's cookie. */
  async signIn(token: string): Promise<void> {
    const answer = await this.#gateway.signIn(token);
    const before = this.#state.value;
    const loginUrl = before.name === "signedOut" ? before.loginUrl : viewerLogin;
    this.#state.value = answer.ok
      ? signedIn(answer.value)
      : { name: "signedOut", refusal: answer.refusal, loginUrl };
  }

  /** The reader has seen why a token was refused. */
  dismiss(): void {
    const state = this.#state.value;
    if (state.name === "signedIn") this.#state.value = signedIn(state.session);
  }

  async signOut(): Promise<void> {
    await this.#gateway.signOut();
    await this.#probe(null);
  }

  /** A request or a socket was refused for want of a session. */
  async expired(): Promise<void> {
    if (this.#state.value.name !== "signedOut") await this.#probe(null);
  }

  async #probe(refused: Refusal | null): Promise<void> {
    const answer = await this.#gateway.session();
    this.#state.value = answer.ok
      ? signedIn(answer.value, refused)
      : answer.refusal.status === 401
        ? { name: "signedOut", refusal: refused, loginUrl: answer.refusal.loginUrl ?? viewerLogin }
        : { name: "unreachable", refusal: answer.refusal };
  }
}

function signedIn(session: Session, refusal: Refusal | null = null): SessionState {
  return { name: "signedIn", session, refusal };
}
