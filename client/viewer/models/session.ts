import { type ReadonlySignal, signal } from "@preact/signals";
import type { Answer, Gateway, Refusal, Session } from "../gateway.ts";

/**
 *   unknown ──probe──► signedIn or signedOut, or unreachable
 *   signedIn ──401 anywhere──► signedOut ──signIn──► signedIn
 */
export type SessionState =
  | { readonly name: "unknown" }
  | { readonly name: "signedIn"; readonly session: Session }
  /** `refusal`: why the newest sign-in failed. */
  | { readonly name: "signedOut"; readonly refusal: Refusal | null }
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
    if (token !== null && (await this.signIn(token))) return;
    // A token that was refused may still meet a session from before.
    const answer = await this.#gateway.session();
    if (answer.ok || this.#state.value.name === "unknown") this.#take(answer);
  }

  /** Exchanges a token for the session's cookie; answers whether it was taken. */
  async signIn(token: string): Promise<boolean> {
    const answer = await this.#gateway.signIn(token);
    if (answer.ok) this.#take(answer);
    else this.#state.value = { name: "signedOut", refusal: answer.refusal };
    return answer.ok;
  }

  async signOut(): Promise<void> {
    await this.#gateway.signOut();
    this.#state.value = { name: "signedOut", refusal: null };
  }

  /** A request or a socket was refused for want of a session. */
  expired(): void {
    if (this.#state.value.name !== "signedOut") this.#state.value = { name: "signedOut", refusal: null };
  }

  #take(answer: Answer<Session>): void {
    if (answer.ok) this.#state.value = { name: "signedIn", session: answer.value };
    else if (answer.refusal.status === 401) this.#state.value = { name: "signedOut", refusal: null };
    else this.#state.value = { name: "unreachable", refusal: answer.refusal };
  }
}
