/** The plain types of what a journal holds. */

/** Levels, from the least to the most severe; `success` stands between info and warn. */
export const levels = ["trace", "debug", "info", "success", "warn", "error", "fatal"] as const;
export type Level = (typeof levels)[number];

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** One line of a log. */
export interface LogEntry {
  readonly kind: "log";
  /** Epoch milliseconds. */
  readonly ts: number;
  readonly level: Level;
  /** The line without its line ending; escapes and a lone `\r` stay in it. */
  readonly line: string;
  readonly stage?: string;
  /** Where the line came from, `stdout` or `stderr` from `tailrace run`. */
  readonly stream?: string;
  /** Percent, 0 to 100. */
  readonly progress?: number;
  readonly step?: string;
  readonly currentStep?: number;
  readonly totalSteps?: number;
  readonly fields?: JsonObject;
  /** The line goes on in the next entry: it was longer than an entry holds. */
  readonly more?: true;
}

/** One event. */
export interface EventEntry {
  readonly kind: "event";
  /** Epoch milliseconds. */
  readonly ts: number;
  readonly event: string;
  readonly data: Json;
  readonly id?: string;
  readonly nodeId?: string;
  readonly from?: string;
}

export type Entry = LogEntry | EventEntry;

/** Makes some fields of a type optional. */
type Without<T, Field extends keyof T> = Omit<T, Field> & Partial<Pick<T, Field>>;

/** An entry as a producer may send it: `kind` defaults to log, `ts` to now, `level` to info. */
export type AppendEntry = Without<LogEntry, "kind" | "ts" | "level"> | Without<EventEntry, "ts">;

export function isLevel(value: unknown): value is Level {
  return typeof value === "string" && (levels as readonly string[]).includes(value);
}

/** The latest time a Date can hold, in epoch milliseconds (ECMA-262 21.4.1.1). */
export const maxTs = 8_640_000_000_000_000;
