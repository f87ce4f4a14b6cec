import type { SubjectCommand } from "./command_log.ts";
import type { CommandFate, CommandRow, FateChange } from "./command_store.ts";

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
