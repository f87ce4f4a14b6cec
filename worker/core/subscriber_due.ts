import { limits, type Problem } from "../../protocol/mod.ts";
import { silenceOf } from "./client_silence.ts";
import { isDue } from "./due.ts";
import { silenceProblems } from "./silence.ts";
import type { SubscriberState } from "./subscriber.ts";

/** What the alarm does about a subscriber. */
export type DueAction =
  | { readonly kind: "nothing" }
  | { readonly kind: "close"; readonly problem: Problem }
  /** Tell it that its token expires. */
  | { readonly kind: "warn"; readonly inMs: number };

const overdue: Problem = {
  code: "ack_overdue",
  message: `No acknowledgement came for ${limits.owedAckMs / 1000} seconds while half a window was on its way.`,
  retryAfterMs: 1_000,
};

const expired: Problem = { code: "token_expired", message: "The token of this socket has expired." };

/** What is due for a subscriber; `timeoutMs`: after so long without a frame either way it is closed. */
export function dueAction(state: SubscriberState, timeoutMs: number, now: number): DueAction {
  const { owesSince, expiresAt, warnAt } = state;
  if (owesSince !== null && isDue(owesSince + limits.owedAckMs, now))
    return { kind: "close", problem: overdue };
  if (expiresAt === null) return { kind: "nothing" };
  if (isDue(expiresAt, now)) return { kind: "close", problem: expired };
  const silence = silenceOf(state, timeoutMs, now);
  if (silence !== null) return { kind: "close", problem: silenceProblems[silence] };
  if (!isDue(warnAt, now)) return { kind: "nothing" };
  return { kind: "warn", inMs: Math.max(0, expiresAt - now) };
}

/** When the alarm is due for a subscriber, in epoch milliseconds; null: never. Silence is left to the sweeps. */
export function duesOf({ owesSince, expiresAt, warnAt }: SubscriberState): (number | null)[] {
  return [owesSince === null ? null : owesSince + limits.owedAckMs, warnAt ?? expiresAt];
}
