import type { ClientProblem, ClientResult } from "./problem.ts";

/**
 * What the answer to a batch means. `again`: the same batch and number after a backoff. `renew`: with a new token.
 * `rebegin`: in a new epoch, for the gateway has forgotten this one. `refused`: for good, its number goes to the
 * next batch. `stop`: no batch of this producer will ever be taken.
 */
export type Verdict = "done" | "again" | "renew" | "rebegin" | "refused" | "stop";

/** What was tried for a batch already: each at most once. */
export interface BatchHistory {
  readonly isRenewed: boolean;
  readonly isRebegun: boolean;
}

/** After these no batch of this producer will ever be taken. */
const finalCodes: readonly string[] = [
  "channel_ended",
  "producer_fenced",
  "forbidden",
  "token_missing",
  "token_invalid",
  "token_expired",
];

/** The gateway does not know what it acknowledged before: the channel was deleted in between. */
const forgottenCodes: readonly string[] = ["sequence_hole", "producer_unknown"];

export function verdictOf(result: ClientResult<unknown>, tried: BatchHistory, canRenew: boolean): Verdict {
  if (result.ok) return "done";
  const { problem } = result;
  if (isTransient(problem)) return "again";
  if (problem.status === 401 && canRenew && !tried.isRenewed) return "renew";
  if (forgottenCodes.includes(problem.code) && !tried.isRebegun) return "rebegin";
  return isFinal(problem) ? "stop" : "refused";
}

/** No batch of this producer will ever be taken. */
export function isFinal({ code }: ClientProblem): boolean {
  return finalCodes.includes(code);
}

/**
 * Worth another try with the same number and text: no answer, too busy, out of order for now, or an answer that
 * is not the gateway's but of something in between.
 */
export function isTransient(problem: ClientProblem): boolean {
  const status = problem.status ?? 0;
  return isUnanswered(problem) || status === 408 || status === 429 || status >= 500;
}

function isUnanswered({ code }: ClientProblem): boolean {
  return code === "network_failed" || code === "answer_invalid";
}
