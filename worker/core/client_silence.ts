import { isDue } from "./due.ts";
import { patienceMs } from "./silence.ts";
import type { SubscriberState } from "./subscriber.ts";

/** What is known of when a socket was used, in epoch milliseconds. */
export type Usage = Pick<
  SubscriberState,
  "joinedAt" | "heardAt" | "sentAt" | "pingedAt" | "longestPingMs" | "expiresAt"
>;

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
 * Why a socket is to be closed for silence, if it is: nothing was sent either way for `timeoutMs`, or its client
 * has pinged and has been silent for three of the longest intervals it has shown. A Worker's own leg never is: the
 * Worker knows its client, and ends it.
 */
export function silenceOf(
  { heardAt, sentAt, pingedAt, longestPingMs, expiresAt }: Usage,
  timeoutMs: number,
  now: number,
): "idle" | "stale" | null {
  if (expiresAt === null) return null;
  const spokeAt = Math.max(heardAt, pingedAt ?? 0);
  if (isDue(Math.max(spokeAt, sentAt) + timeoutMs, now)) return "idle";
  if (pingedAt === null) return null;
  return isDue(spokeAt + patienceMs(longestPingMs), now) ? "stale" : null;
}
