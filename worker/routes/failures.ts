import type { Problem } from "../../protocol/mod.ts";
import type { RouteContext } from "./context.ts";
import { problemResponse } from "./problem.ts";
import { isUpgrade, refuseHandshake } from "./ws/refuse_handshake.ts";

/** The one place that catches: bugs and the platform's failures. What happened is logged and never sent. */
export function failed(error: unknown, c: RouteContext): Response {
  const problem = problemOf(error);
  console.error(`${c.req.method} ${new URL(c.req.url).pathname} failed: ${problem.code}`, error);
  return isUpgrade(c.req.raw) ? refuseHandshake(c.req.raw, problem) : problemResponse(problem);
}

/** The platform marks what its objects' stubs throw (`overloaded`, `retryable`). */
export function problemOf(error: unknown): Problem {
  if (hasMark(error, "overloaded")) {
    return {
      code: "channel_overloaded",
      message: "The channel takes no more requests just now. Try again.",
      retryAfterMs: 2_000,
    };
  }
  if (hasMark(error, "retryable")) {
    return { code: "restarting", message: "The channel's object restarts. Try again.", retryAfterMs: 1_000 };
  }
  return { code: "internal", message: "The gateway failed at this request; its log says more." };
}

function hasMark(error: unknown, mark: "overloaded" | "retryable"): boolean {
  return (
    error instanceof Error && mark in error && (error as unknown as Record<string, unknown>)[mark] === true
  );
}
