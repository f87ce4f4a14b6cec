import type { StartTimer } from "./timers.ts";

/** Runs a request whose signal aborts after `timeoutMs`, or when `stop` does; what runs is told why. */
export async function withTimeout<T>(
  run: (signal: AbortSignal) => Promise<T>,
  timeoutMs: number,
  start: StartTimer,
  stop: AbortSignal,
): Promise<T> {
  const request = new AbortController();
  const onStop = (): void => request.abort(stop.reason);
  if (stop.aborted) onStop();
  stop.addEventListener("abort", onStop);
  const cancel = start(() => request.abort(new Error(`No answer within ${timeoutMs} ms.`)), timeoutMs);
  try {
    return await run(request.signal);
  } finally {
    cancel();
    stop.removeEventListener("abort", onStop);
  }
}

/** Resolves after `ms`, or at once when `stop` aborts. */
export function pause(ms: number, start: StartTimer, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      stop.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = start(finish, Math.max(0, ms));
    stop.addEventListener("abort", finish);
  });
}
