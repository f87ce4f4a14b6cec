import type { EndReceipt } from "./api_types.ts";
import { backoffMs } from "./backoff.ts";
import { pause, withTimeout } from "./cancel.ts";
import type { ClientResult } from "./problem.ts";
import type { ProducerOptions } from "./producer_options.ts";
import { isTransient } from "./producer_verdict.ts";
import { startTimer } from "./timers.ts";

/** Asks for a channel's end until it is answered for good, until `endsAt` in epoch milliseconds, or until `stop`. */
export async function sealUntil(
  ask: (signal: AbortSignal) => Promise<ClientResult<EndReceipt>>,
  endsAt: number,
  stop: AbortSignal,
  options: Pick<ProducerOptions, "now" | "random" | "startTimer" | "requestTimeoutMs">,
): Promise<ClientResult<EndReceipt>> {
  const { now = Date.now, random = Math.random, requestTimeoutMs = 30_000 } = options;
  const start = options.startTimer ?? startTimer;
  for (let attempt = 1; ; attempt++) {
    const timeoutMs = Math.min(Math.max(1, endsAt - now()), requestTimeoutMs);
    const result = await withTimeout(ask, timeoutMs, start, stop);
    const leftMs = endsAt - now();
    if (result.ok || !isTransient(result.problem) || stop.aborted || leftMs <= 0) return result;
    await pause(Math.min(leftMs, backoffMs(attempt, random(), result.problem.retryAfterMs)), start, stop);
  }
}
