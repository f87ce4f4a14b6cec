import { limits } from "../../protocol/mod.ts";

/** When the holder of a socket's first token is warned, in epoch milliseconds. */
export function firstWarningAt(expiresAt: number): number {
  return expiresAt - limits.tokenWarnMs;
}

/**
 * When the holder of a renewed token is warned next, in epoch milliseconds: never sooner than after half of its
 * life, so that tokens shorter than the warning time are not asked for again at once, for ever.
 */
export function nextWarningAt(expiresAt: number, now: number): number {
  return expiresAt - Math.min(limits.tokenWarnMs, Math.max(0, expiresAt - now) / 2);
}
