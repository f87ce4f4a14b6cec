import { isDue } from "./due.ts";
import { type SilenceKind, type SocketUse, silenceDue } from "./silence.ts";
import type { SubscriberState } from "./subscriber.ts";

/** What a channel knows of when a direct socket was used, in epoch milliseconds. */
export type Usage = SocketUse & Pick<SubscriberState, "joinedAt" | "expiresAt">;

/**
 * Takes in when the platform last answered a ping. It tells of the newest alone: what lies between two looks
 * counts as one interval, so that nobody is taken to ping more often than it does. The same object where there is
 * nothing new.
 */
export function withPing<State extends Usage>(state: State, pingedAt: number | null): State {
  if (pingedAt === null || pingedAt <= (state.pingedAt ?? 0)) return state;
  const interval = pingedAt - (state.pingedAt ?? state.joinedAt);
  return { ...state, pingedAt, longestPingMs: Math.max(state.longestPingMs, interval) };
}

/**
 * Why a direct socket is to be closed for silence, if it is. A Worker's own leg never is: the Worker knows its
 * client, and ends it.
 */
export function silenceOf(usage: Usage, timeoutMs: number, now: number): SilenceKind | null {
  if (usage.expiresAt === null) return null;
  const due = silenceDue(usage, timeoutMs);
  return isDue(due.at, now) ? due.kind : null;
}
