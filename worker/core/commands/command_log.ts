import {
  type ExpiryCode,
  limits,
  ok,
  type Result,
  refuse,
  taskName,
  utf8Bytes,
} from "../../../protocol/mod.ts";
import { isDue } from "../due.ts";
import { refuseAnswer, refuseGroup, refuseMore, refuseSecond } from "./command_refusals.ts";
import {
  type Accepted,
  type Answer,
  changeOf,
  newRow,
  type SubjectCommand,
  withFate,
} from "./command_row.ts";
import type { CommandPlace, CommandRow, CommandStore, GroupRow, OpenCommand } from "./command_store.ts";

/** Rows that a step trims at most, and commands of one id that an answer looks through. */
const maxStepRows = 100;

/**
 * The second journal of a channel: what becomes of each command, and how far each group of agents is. It moves in
 * memory only after the store has taken it.
 */
export class CommandLog {
  readonly #store: CommandStore;
  readonly #ttlMs: number;
  readonly #groups = new Map<string, GroupRow>();
  /** What nobody has taken, in cursor order. */
  readonly #open = new Map<number, OpenCommand>();
  #openBytes = 0;
  #rows = 0;
  #place: CommandPlace;
  #isStored = false;

  /** Wakes from the store. `floor` is the last cursor of a journal that was deleted. */
  constructor(store: CommandStore, place: CommandPlace, ttlMs: number) {
    this.#store = store;
    this.#ttlMs = ttlMs;
    this.#place = place;
    const woken = store.wake();
    if (woken === null) return;
    this.#place = woken.place;
    this.#isStored = true;
    this.#rows = woken.rows;
    for (const group of woken.groups) this.#groups.set(group.name, group);
    for (const open of woken.open) this.#setOpen(open);
  }

  get channel(): string {
    return this.#place.channel;
  }

  /** The last command's cursor. */
  get cursor(): number {
    return this.#place.cursor;
  }

  /** Commands that are stored. */
  get count(): number {
    return this.#rows;
  }

  /** Whether anything is stored, commands or not. */
  get isStored(): boolean {
    return this.#isStored;
  }

  get groups(): ReadonlyMap<string, GroupRow> {
    return this.#groups;
  }

  /** When the oldest that is stored came, in epoch milliseconds; null: there is none. */
  get since(): number | null {
    return this.#rows === 0 ? null : (this.#store.oldest(1, "all")[0]?.ts ?? null);
  }

  /** The command that the channel is, where it has come. */
  get task(): CommandRow | null {
    if (this.#rows === 0 || taskName(this.channel) === null) return null;
    return this.#store.oldest(1, "all")[0] ?? null;
  }

  /** A subject's command of an id; without a subject the newest of anybody's. */
  find(id: string, subject?: string): CommandRow | null {
    if (subject !== undefined) return this.#store.find(subject, id);
    return this.#store.withId(id, maxStepRows).at(-1) ?? null;
  }

  /** Stores a command, or recognises it by its subject and id, whatever else it says. */
  accept(command: SubjectCommand, now: number): Result<Accepted> {
    const known = this.#store.find(command.subject, command.id);
    if (known !== null) return ok({ row: known, isNew: false });
    const bytes = utf8Bytes(command.data);
    const room = this.#roomFor(command, bytes, now);
    if (!room.ok) return room;
    const row = newRow(command, bytes, this.cursor + 1, now);
    const gone = this.#rowsBeyond(limits.commandRows - 1);
    const place = { ...this.#place, cursor: row.cursor };
    const groups = this.#isStored ? [] : [...this.#groups.values()];
    try {
      this.#store.insert(row, place, { groups, gone });
    } catch {
      return refuse("storage_failed", "The command could not be stored. Send it again.", {
        retryAfterMs: 1_000,
      });
    }
    this.#place = place;
    this.#isStored = true;
    this.#rows += 1 - gone.length;
    this.#setOpen({ cursor: row.cursor, bytes, ts: now });
    return ok({ row, isNew: true });
  }

  /** A group's place. One that joins for the first time begins with the oldest that nobody has taken. */
  join(name: string): Result<GroupRow> {
    const known = this.#groups.get(name);
    if (known !== undefined) return ok(known);
    if (this.#groups.size >= limits.channelGroups) {
      return refuseGroup(this.channel, this.#groups.size);
    }
    const [firstOpen] = this.#open.keys();
    const group = { name, cursor: (firstOpen ?? this.cursor + 1) - 1, since: this.cursor };
    if (this.#isStored) this.#store.change([], group);
    this.#groups.set(name, group);
    return ok(group);
  }

  /** What a group is to be sent after a cursor. */
  dueTo(group: GroupRow, after: number, max: number): CommandRow[] {
    if (after >= this.cursor) return [];
    return this.#store.dueTo(group, after, max);
  }

  /** A group's agent has taken everything up to a cursor; answers those whose state that changed. */
  ack(group: GroupRow, cursor: number, now: number): CommandRow[] {
    const taken = this.#store
      .dueTo(group, group.cursor, cursor - group.cursor)
      .filter((row) => row.cursor <= cursor && row.fate.state === "accepted")
      .map((row) => withFate(row, { state: "delivered", takenBy: group.name, changedAt: now }));
    const moved = { ...group, cursor };
    this.#change(taken, moved);
    this.#groups.set(group.name, moved);
    return taken;
  }

  /** Takes an answer of a group that was sent commands up to `sent`. */
  answer(group: GroupRow, sent: number, answer: Answer, now: number): Result<CommandRow> {
    const candidates = this.#candidates(answer).filter(
      (row) => row.cursor <= Math.max(sent, group.cursor) && (row.group ?? group.name) === group.name,
    );
    const open = candidates.find(({ fate }) => !fate.isFinal);
    if (open === undefined) return refuseAnswer(answer.id, candidates.at(-1));
    const answered = withFate(open, {
      state: "answered",
      takenBy: open.fate.takenBy ?? group.name,
      answer: answer.data,
      isFinal: answer.isFinal,
      lostAt: null,
      changedAt: now,
    });
    this.#change([answered], null);
    return ok(answered);
  }

  /** Lets those expire that nobody took in time; answers them. */
  expire(now: number): CommandRow[] {
    const due = [...this.#open.values()].filter(({ ts }) => isDue(ts + this.#ttlMs, now));
    return this.#expire(due, "command_expired", now);
  }

  /** Lets all expire that nobody took; answers them. */
  expireAll(code: ExpiryCode, now: number): CommandRow[] {
    return this.#expire([...this.#open.values()], code, now);
  }

  /** The agent that holds the task is gone, or (null) there is one again. */
  setLost(task: CommandRow, lostAt: number | null): void {
    this.#change([withFate(task, { lostAt })], null);
  }

  /** The last word on a task whose agent did not come back. */
  giveUp(task: CommandRow, answer: string, now: number): CommandRow {
    const lost = withFate(task, { state: "answered", answer, isFinal: true, lostAt: null, changedAt: now });
    this.#change([lost], null);
    return lost;
  }

  /** A subject's commands that a new subscriber of it is told of: the newest, in cursor order. */
  of(subject: string, now: number): CommandRow[] {
    if (this.#rows === 0) return [];
    const rows = this.#store.of(subject, now - limits.toldCommandsMs, limits.toldCommands);
    let bytes = 0;
    const first = rows.findLastIndex(({ fate }) => {
      bytes += fate.answer === null ? 0 : utf8Bytes(fate.answer);
      return bytes > limits.toldCommandsBytes;
    });
    return rows.slice(first + 1);
  }

  /** When the next of those that nobody took expires, in epoch milliseconds. */
  get expiresAt(): number | null {
    const [first] = this.#open.values();
    return first === undefined ? null : first.ts + this.#ttlMs;
  }

  /** When the oldest row is trimmed that waits for nobody, in epoch milliseconds. */
  trimAt(ageMs: number): number | null {
    if (this.#rows === 0) return null;
    const [oldest] = this.#store.oldest(1, "taken");
    return oldest === undefined ? null : oldest.fate.changedAt + ageMs;
  }

  /** Deletes the oldest rows that changed last so long ago; a bounded number. */
  trim(ageMs: number, now: number): void {
    const rows = this.#store.oldest(maxStepRows, "taken");
    const kept = rows.findIndex(({ fate }) => !isDue(fate.changedAt + ageMs, now));
    const gone = (kept < 0 ? rows : rows.slice(0, kept)).map(({ cursor }) => cursor);
    this.#store.remove(gone);
    this.#rows -= gone.length;
  }

  /** Empties the store; cursors count on for as long as this object knows, or the caller keeps them. */
  clear(): void {
    this.#store.clear();
    this.#forget();
  }

  /** Everything was erased, the last cursor too. */
  erased(): void {
    this.#store.erased();
    this.#forget();
    this.#place = { ...this.#place, cursor: 0 };
  }

  #forget(): void {
    this.#open.clear();
    this.#openBytes = 0;
    this.#rows = 0;
    this.#isStored = false;
    this.#groups.clear();
  }

  #roomFor({ name, id }: SubjectCommand, bytes: number, now: number): Result<true> {
    if (taskName(this.channel) === name && this.#rows > 0) return refuseSecond(this.channel, name, id);
    const isFull = this.#open.size >= limits.openCommands;
    if (!isFull && this.#openBytes + bytes <= limits.openCommandsBytes) return ok(true);
    const waiting = { count: this.#open.size, bytes: this.#openBytes };
    return refuseMore(this.channel, waiting, (this.expiresAt ?? now) - now);
  }

  #rowsBeyond(most: number): number[] {
    if (this.#rows <= most) return [];
    return this.#store.oldest(this.#rows - most, "taken").map(({ cursor }) => cursor);
  }

  #candidates({ id, cursor }: Answer): CommandRow[] {
    if (cursor === undefined) return this.#store.withId(id, maxStepRows);
    const row = this.#store.at(cursor);
    return row?.id === id ? [row] : [];
  }

  #expire(open: readonly OpenCommand[], code: ExpiryCode, now: number): CommandRow[] {
    const expired = open.flatMap(({ cursor }) => {
      const row = this.#store.at(cursor);
      return row === null ? [] : [withFate(row, { state: "expired", isFinal: true, code, changedAt: now })];
    });
    if (expired.length > 0) this.#change(expired, null);
    return expired;
  }

  #change(rows: readonly CommandRow[], group: GroupRow | null): void {
    this.#store.change(rows.map(changeOf), group);
    for (const { cursor, fate } of rows) if (fate.state !== "accepted") this.#close(cursor);
  }

  #setOpen(open: OpenCommand): void {
    this.#open.set(open.cursor, open);
    this.#openBytes += open.bytes;
  }

  #close(cursor: number): void {
    this.#openBytes -= this.#open.get(cursor)?.bytes ?? 0;
    this.#open.delete(cursor);
  }
}
