import { type Entry, type JsonObject, type Level, levels } from "../entry.ts";
import { eventLine } from "./as_line.ts";

/** A log object of dialect C: an element of `logs` on its socket and in its history. */

/** Native levels in upper case. */
export type CLevel = Uppercase<Level>;
export const cLevels: readonly CLevel[] = levels.map(upper);

export interface CLog {
  /** ISO 8601. */
  readonly timestamp: string;
  readonly level: CLevel;
  readonly message: string;
  readonly cursor: number;
  readonly stage?: string;
  readonly fields?: JsonObject;
}

/** The log object of an entry. An event is a line: its name and compact JSON data, level info. */
export function cLog(entry: Entry, cursor: number): CLog {
  const timestamp = new Date(entry.ts).toISOString();
  if (entry.kind === "event") {
    return { timestamp, level: "INFO", message: eventLine(entry), cursor };
  }
  const { level, line, stage, fields } = entry;
  return {
    timestamp,
    level: upper(level),
    message: line,
    cursor,
    ...(stage !== undefined && { stage }),
    ...(fields !== undefined && { fields }),
  };
}

function upper(level: Level): CLevel {
  return level.toUpperCase() as CLevel;
}
