/** Waiting before trying again: exponential with full jitter, so that clients cut off together come back apart. */

/** The ceiling of the first wait, in milliseconds. */
export const backoffBaseMs = 500;
/** The ceiling of every wait, in milliseconds. */
export const backoffCapMs = 30_000;
/** The longest wait taken from a gateway, in milliseconds: a wrong one must not silence a client for days. */
export const retryAfterCapMs = 3_600_000;

/**
 * Milliseconds to wait before attempt `attempt` (from 1). `chance` is in [0, 1). What the gateway asked for in
 * `retryAfterMs` comes on top, so that the whole crowd does not return at that one moment.
 */
export function backoffMs(attempt: number, chance: number, retryAfterMs = 0): number {
  const doublings = Math.min(Math.max(attempt, 1) - 1, 16);
  const ceiling = Math.min(backoffCapMs, backoffBaseMs * 2 ** doublings);
  return Math.min(Math.max(retryAfterMs, 0), retryAfterCapMs) + Math.floor(chance * ceiling);
}
