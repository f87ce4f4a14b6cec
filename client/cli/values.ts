import { usageError } from "./exit.ts";

/** Values of options, read strictly. */

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads `500ms`, `5s`, `10m`, `1h` or `7d` as milliseconds. */
export function parseDuration(name: string, text: string): number {
  const [, count, unit = ""] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const factor = unitMs[unit];
  if (count === undefined || factor === undefined) {
    throw usageError(
      `${name} is ${JSON.stringify(text)}. Allowed: a number and ms, s, m, h or d, as in 500ms, 5s or 1h.`,
    );
  }
  return Number(count) * factor;
}

export function parseInteger(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  throw usageError(`${name} is ${JSON.stringify(text)}. Allowed: an integer ${range}.`);
}
