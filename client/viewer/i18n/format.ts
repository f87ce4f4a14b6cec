import type { Dictionary } from "./en.ts";

type Counted = (count: string, isOne: boolean) => string;

/** A count in words: "1 line", "12,345 lines". */
export function counted(words: Dictionary, phrase: Counted, count: number): string {
  return phrase(formatNumber(words, count), count === 1);
}

export function formatNumber(words: Dictionary, value: number): string {
  return value.toLocaleString(words.locale);
}

/** `0.4s`, `12s`, `3m 05s`, `2h 07m`. A negative span, from two clocks, is none. */
export function formatDuration(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  if (ms < 1000) return `${(Math.max(0, ms) / 1000).toFixed(1)}s`;
  const pad = (part: number): string => String(part).padStart(2, "0");
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h ${pad(Math.floor(seconds / 60) % 60)}m`;
}

/** The time of day, to the millisecond. */
export function formatTime(ts: number): string {
  const date = new Date(ts);
  const pad = (part: number, width = 2): string => String(part).padStart(width, "0");
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part)).join(":");
  return `${clock}.${pad(date.getMilliseconds(), 3)}`;
}

const units = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
] as const;

/** "5 minutes ago". */
export function formatAgo(words: Dictionary, ts: number, now: number): string {
  const ms = Math.max(0, now - ts);
  const [unit, size] = units.find(([, each]) => ms >= each) ?? units[3];
  const format = new Intl.RelativeTimeFormat(words.locale, { numeric: "auto" });
  return format.format(-Math.floor(ms / size), unit);
}

export function formatDateTime(words: Dictionary, ts: number): string {
  return new Date(ts).toLocaleString(words.locale);
}
