import type { CheckedCommand } from "../../../protocol/mod.ts";
import type { CommandFate, CommandRow, FateChange } from "./command_store.ts";

/** A command of a sender. */
export interface SubjectCommand extends CheckedCommand {
  readonly subject: string;
}

export interface Accepted {
  readonly row: CommandRow;
  /** It was stored now; else it is a repeat, and stands where the first does. */
  readonly isNew: boolean;
}

/** An agent's answer. */
export interface Answer {
  readonly id: string;
  readonly cursor?: number;
  /** JSON text. */
  readonly data: string;
  readonly isFinal: boolean;
}

/** A command as it is stored first. */
export function newRow(command: SubjectCommand, bytes: number, cursor: number, now: number): CommandRow {
  const { id, subject, group = null, name, data } = command;
  const fate: CommandFate = {
    state: "accepted",
    changedAt: now,
    takenBy: null,
    answer: null,
    isFinal: false,
    code: null,
    lostAt: null,
  };
  return { cursor, id, subject, group, name, data, bytes, ts: now, fate };
}

/** A command to which something more has come. */
export function withFate(row: CommandRow, change: Partial<CommandFate>): CommandRow {
  return { ...row, fate: { ...row.fate, ...change } };
}

export function changeOf({ cursor, fate }: CommandRow): FateChange {
  return { cursor, fate };
}
