import type { CommandState, ExpiryCode } from "../../../protocol/mod.ts";

/** A command as the second journal keeps it. */
export interface CommandRow {
  /** Its place: 1, 2, 3 … */
  readonly cursor: number;
  /** The sender's name for it; with the subject it names the command. */
  readonly id: string;
  readonly subject: string;
  /** The one group that it is for; null: every group that has joined. */
  readonly group: string | null;
  readonly name: string;
  /** JSON text. */
  readonly data: string;
  /** Bytes of `data`. */
  readonly bytes: number;
  /** Epoch milliseconds. */
  readonly ts: number;
  readonly fate: CommandFate;
}

/** What became of a command: all of a row that changes. */
export interface CommandFate {
  readonly state: CommandState;
  /** When the state last changed, in epoch milliseconds. */
  readonly changedAt: number;
  /** The group whose agent acknowledged it first. */
  readonly takenBy: string | null;
  /** The newest answer, as JSON text. */
  readonly answer: string | null;
  /** Nothing more becomes of it. */
  readonly isFinal: boolean;
  readonly code: ExpiryCode | null;
  /** Since when the agent that holds a task is gone, in epoch milliseconds; null while it is there. */
  readonly lostAt: number | null;
}

/** A group of agents: its place is kept while none of them is there. */
export interface GroupRow {
  readonly name: string;
  /** Everything up to it was acknowledged. */
  readonly cursor: number;
  /** The channel's last command when the group first joined: of those before, it gets what nobody has taken. */
  readonly since: number;
}

/** What must be known of the second journal beside its rows. */
export interface CommandPlace {
  readonly tenant: string;
  readonly channel: string;
  /** The last command's. */
  readonly cursor: number;
}

/** A command that nobody has taken yet. */
export interface OpenCommand {
  readonly cursor: number;
  readonly bytes: number;
  readonly ts: number;
}

/** What a wake reads. */
export interface WokenCommands {
  readonly place: CommandPlace;
  readonly groups: readonly GroupRow[];
  /** In cursor order. */
  readonly open: readonly OpenCommand[];
  /** Rows that are stored. */
  readonly rows: number;
}

/** A row whose fate changes. */
export interface FateChange {
  readonly cursor: number;
  readonly fate: CommandFate;
}

/**
 * The second journal of a channel. All calls are synchronous; each writing one is one transaction, and throws with
 * nothing changed when the store refuses it. Contract: `test/core/command_store_suite.ts`.
 */
export interface CommandStore {
  /** Null where nothing was ever stored, or since it was cleared. Writes nothing. */
  wake(): WokenCommands | null;
  /** Stores a command at the place, with groups that are not stored yet, and deletes the commands at `gone`. */
  insert(
    row: CommandRow,
    place: CommandPlace,
    also: { readonly groups: readonly GroupRow[]; readonly gone: readonly number[] },
  ): void;
  /** Changes what became of some commands, and a group where one moves or joins. Something is stored already. */
  change(changes: readonly FateChange[], group: GroupRow | null): void;
  find(subject: string, id: string): CommandRow | null;
  at(cursor: number): CommandRow | null;
  /** Those with an id, whoever sent them, the oldest first, at most `max`. */
  withId(id: string, max: number): CommandRow[];
  /**
   * What a group is to be sent after a cursor, in cursor order, at most `max`: what is for it or for all and has not
   * expired; of what came before it first joined, what nobody has taken.
   */
  dueTo(group: GroupRow, after: number, max: number): CommandRow[];
  /** A subject's newest that are not final, or became so since `finalSince`; in cursor order, at most `max`. */
  of(subject: string, finalSince: number, max: number): CommandRow[];
  /** The oldest, in cursor order, at most `max`; `taken`: of those alone that wait for nobody any more. */
  oldest(max: number, which: "all" | "taken"): CommandRow[];
  /** Deletes some rows. */
  remove(cursors: readonly number[]): void;
  /** Deletes everything. */
  clear(): void;
  /** The database around it was emptied, its tables too. */
  erased(): void;
}
