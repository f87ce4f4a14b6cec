/** How a lost leg is opened again: soon at first, then ever less often, at random so that many do not come at once. */
const firstMs = 250;
const maxMs = 10_000;

/** After so many failures in a row it is given up. */
export const maxAttempts = 10;

/** How long to wait before attempt `attempt` (from 0), in milliseconds; `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** attempt);
  return Math.round(ceiling / 2 + (random * ceiling) / 2);
}
