import type { EndReceipt } from "./api_types.ts";
import { backoffMs } from "./backoff.ts";
import type { ClientResult } from "./problem.ts";
import type { ProducerOptions } from "./producer_options.ts";
import { isTransient } from "./producer_verdict.ts";
import { startTimer } from "./timers.ts";

/** Asks for a channel's end until it is answered for good, or until `endsAt` in epoch milliseconds. */
export async function sealUntil(
  ask: (signal: AbortSignal) => Promise<ClientResult<EndReceipt>>,
  endsAt: number,
  options: Pick<ProducerOptions, "now" | "random" | "startTimer" | "requestTimeoutMs">,
): Promise<ClientResult<EndReceipt>> {
  const { now = Date.now, random = Math.random, requestTimeoutMs = 30_000 } = options;
  const start = options.startTimer ?? startTimer;
  for (let attempt = 1; ; attempt++) {
    const request = new AbortController();
    const timeoutMs = Math.min(Math.max(1, endsAt - now()), requestTimeoutMs);
    const cancel = start(() => request.abort(new Error(`No answer within ${timeoutMs} ms.`)), timeoutMs);
    const result = await ask(request.signal);
    cancel();
    const leftMs = endsAt - now();
    if (result.ok || !isTransient(result.problem) || leftMs <= 0) return result;
    const pauseMs = Math.min(leftMs, backoffMs(attempt, random(), result.problem.retryAfterMs));
    await new Promise<void>((resolve) => {
      start(resolve, pauseMs);
    });
  }
}
