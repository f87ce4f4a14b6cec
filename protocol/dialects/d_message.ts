import type { Entry, Level } from "../entry.ts";
import type { EndFrame, GapFrame } from "../frames/down.ts";
import { eventLine } from "./as_line.ts";

/** A message of dialect D: what its socket sends for a line, and its history answers. Its keys never vanish. */

export const dLevels = ["INFO", "WARN", "ERROR", "SUCCESS"] as const;
export type DLevel = (typeof dLevels)[number];

/** How far a task has come, as the newest line that said so told it; null where nothing is known. */
export interface DProgress {
  /** Percent, 0 to 100. */
  readonly progress: number | null;
  readonly step: string | null;
  readonly current_step: number | null;
  readonly total_steps: number | null;
}

export interface DMessage extends DProgress {
  /** ISO 8601. */
  readonly timestamp: string;
  readonly level: DLevel;
  readonly message: string;
  /** The line's cursor: reading with it as `offset` goes on after the line. */
  readonly offset: number;
}

/** Before the first line of a task. */
export const dStart: DProgress = { progress: 0, step: null, current_step: null, total_steps: null };

/** Where reading begins in the middle, and what was said before is not known. */
export const dUnknown: DProgress = { ...dStart, progress: null };

/** What is known after an entry: what it does not say stays as it was. */
export function carryProgress(before: DProgress, entry: Entry): DProgress {
  if (entry.kind === "event") return before;
  const { progress, step, currentStep, totalSteps } = entry;
  if (progress === undefined && step === undefined && currentStep === undefined && totalSteps === undefined) {
    return before;
  }
  return {
    progress: progress ?? before.progress,
    step: step ?? before.step,
    current_step: currentStep ?? before.current_step,
    total_steps: totalSteps ?? before.total_steps,
  };
}

/** The message of an entry; `at` is what is known after it. An event is a line: its name and compact JSON data. */
export function dMessage(entry: Entry, offset: number, at: DProgress): DMessage {
  if (entry.kind === "event") {
    return messageOf(entry.ts, "INFO", eventLine(entry), at, offset);
  }
  return messageOf(entry.ts, levelOf(entry.level), entry.line, at, offset);
}

/** A gap as a message. `ts` is now, in epoch milliseconds: a gap has no time of its own. */
export function dGapMessage({ from, to, count, reason }: GapFrame, at: DProgress, ts: number): DMessage {
  const text =
    to === null
      ? `Lines after ${from - 1} are of a log that was deleted (${reason}); reading goes on from the oldest`
      : `${count} lines are missing here: ${from} to ${to} (${reason})`;
  return messageOf(ts, "WARN", text, at, to ?? 0);
}

/** The last message of a task's socket: SUCCESS, or ERROR for every other end. `ts` is now, in epoch milliseconds. */
export function dEndMessage(end: EndFrame, at: DProgress, ts: number): DMessage {
  const isSuccess = end.status === "success";
  const known = isSuccess ? { ...at, progress: 100 } : at;
  return messageOf(ts, isSuccess ? "SUCCESS" : "ERROR", endText(end), known, end.cursor);
}

/** A refusal as a message. `ts` is now, `offset` the last one that was told. */
export function dErrorMessage(message: string, offset: number, at: DProgress, ts: number): DMessage {
  return messageOf(ts, "ERROR", message, at, offset);
}

function endText({ status, exitCode, signal, message }: EndFrame): string {
  const how = [
    ...(exitCode !== undefined && exitCode !== 0 ? [`exit code ${exitCode}`] : []),
    ...(signal !== undefined ? [`signal ${signal}`] : []),
    ...(message !== undefined && message !== "" ? [message] : []),
  ];
  return how.length === 0 ? `Task ended: ${status}` : `Task ended: ${status} (${how.join(", ")})`;
}

function messageOf(ts: number, level: DLevel, message: string, at: DProgress, offset: number): DMessage {
  return { timestamp: new Date(ts).toISOString(), level, message, ...at, offset };
}

function levelOf(level: Level): DLevel {
  switch (level) {
    case "trace":
    case "debug":
    case "info":
      return "INFO";
    case "success":
      return "SUCCESS";
    case "warn":
      return "WARN";
    case "error":
    case "fatal":
      return "ERROR";
  }
}
