import type { Problem, ProblemCode } from "../../../protocol/mod.ts";
import { networkOf } from "../../core/network_of.ts";
import { WaitList } from "../../core/wait_list.ts";
import { countFailure, throttleKey } from "../../objects/throttle_calls.ts";
import type { RouteContext } from "../context.ts";
import { clientAddress } from "./client_address.ts";
import { signedSubject } from "./signed_subject.ts";

/** Refusals for who asks. A foreign Origin is none of them: it is refused before anything is looked at. */
const failures: ReadonlySet<ProblemCode> = new Set([
  "token_missing",
  "token_invalid",
  "token_expired",
  "forbidden",
]);

/** Whom this isolate has told to wait: until then their failures cost no call. */
const waiting = new WaitList();

/**
 * Counts a refused handshake or sign-in by address and subject, and answers what to tell: the refusal, or past
 * the rate how long to wait. What succeeds never comes here, so nobody who may is kept out by those who may not.
 */
export async function throttleFailure(
  c: RouteContext,
  problem: Problem,
  token: string | null,
): Promise<Problem> {
  if (!failures.has(problem.code)) return problem;
  const keys = await keysOf(c, token);
  const now = Date.now();
  const known = Math.max(0, ...keys.map((key) => waiting.waitMs(key, now)));
  const retryAfterMs = known > 0 ? known : await countAll(c, keys);
  return retryAfterMs > 0 ? tooManyFailures(c, retryAfterMs) : problem;
}

/** Milliseconds to wait by the strictest verdict. A throttle that cannot be asked holds nobody up. */
async function countAll(c: RouteContext, keys: readonly string[]): Promise<number> {
  const perMinute = c.get("settings").MAX_FAILURES_PER_MINUTE;
  const waits = await Promise.all(
    keys.map(async (key) => {
      try {
        const { retryAfterMs } = await countFailure(c.env, key, perMinute);
        if (retryAfterMs > 0) waiting.put(key, retryAfterMs, Date.now());
        return retryAfterMs;
      } catch (error) {
        console.warn("A failed attempt could not be counted", error);
        return 0;
      }
    }),
  );
  return Math.max(0, ...waits);
}

/** Nobody is known by a bad token from an unknown address: then there is none to count. */
async function keysOf(c: RouteContext, token: string | null): Promise<string[]> {
  const secret = c.get("secret");
  const address = clientAddress(c.req.raw);
  const subject = token === null ? null : await signedSubject(token, secret);
  const names = [
    ...(address === null ? [] : [`address ${networkOf(address)}`]),
    ...(subject === null ? [] : [`subject ${subject}`]),
  ];
  return Promise.all(names.map((name) => throttleKey(secret, name)));
}

function tooManyFailures(c: RouteContext, retryAfterMs: number): Problem {
  const perMinute = c.get("settings").MAX_FAILURES_PER_MINUTE;
  return {
    code: "too_many_failures",
    message: `This address or subject has failed more than ${perMinute} times a minute. Allowed: that (the setting MAX_FAILURES_PER_MINUTE). Try again in ${retryAfterMs} ms; a token that is valid here is taken at once.`,
    expected: perMinute,
    retryAfterMs,
  };
}
