import type {
  CommandPlace,
  CommandRow,
  CommandStore,
  FateChange,
  GroupRow,
  WokenCommands,
} from "./command_store.ts";

/** A second journal in memory: the contract at its plainest, for tests and models. */
export class MemoryCommandStore implements CommandStore {
  #place: CommandPlace | null = null;
  readonly #groups = new Map<string, GroupRow>();
  #rows: CommandRow[] = [];

  wake(): WokenCommands | null {
    if (this.#place === null) return null;
    return {
      place: this.#place,
      groups: [...this.#groups.values()],
      open: this.#rows
        .filter(({ fate }) => fate.state === "accepted")
        .map(({ cursor, bytes, ts }) => ({ cursor, bytes, ts })),
      rows: this.#rows.length,
    };
  }

  insert(
    row: CommandRow,
    place: CommandPlace,
    { groups, gone }: { readonly groups: readonly GroupRow[]; readonly gone: readonly number[] },
  ): void {
    if (this.find(row.subject, row.id) !== null) throw new Error(`${row.id} is stored already.`);
    this.remove(gone);
    for (const group of groups) this.#groups.set(group.name, group);
    this.#rows.push(row);
    this.#place = place;
  }

  change(changes: readonly FateChange[], group: GroupRow | null): void {
    const fates = new Map(changes.map(({ cursor, fate }) => [cursor, fate]));
    this.#rows = this.#rows.map((row) => ({ ...row, fate: fates.get(row.cursor) ?? row.fate }));
    if (group !== null) this.#groups.set(group.name, group);
  }

  find(subject: string, id: string): CommandRow | null {
    return this.#rows.find((row) => row.subject === subject && row.id === id) ?? null;
  }

  at(cursor: number): CommandRow | null {
    return this.#rows.find((row) => row.cursor === cursor) ?? null;
  }

  withId(id: string, max: number): CommandRow[] {
    return this.#rows.filter((row) => row.id === id).slice(0, max);
  }

  dueTo(group: GroupRow, after: number, max: number): CommandRow[] {
    return this.#rows.filter((row) => row.cursor > after && isDueTo(row, group)).slice(0, max);
  }

  of(subject: string, finalSince: number, max: number): CommandRow[] {
    return this.#rows
      .filter(({ subject: of, fate }) => of === subject && (!fate.isFinal || fate.changedAt >= finalSince))
      .slice(-max);
  }

  oldest(max: number, which: "all" | "taken"): CommandRow[] {
    return this.#rows.filter(({ fate }) => which === "all" || fate.state !== "accepted").slice(0, max);
  }

  remove(cursors: readonly number[]): void {
    this.#rows = this.#rows.filter(({ cursor }) => !cursors.includes(cursor));
  }

  clear(): void {
    this.#rows = [];
    this.#groups.clear();
    this.#place = null;
  }

  erased(): void {
    this.clear();
  }
}

function isDueTo({ cursor, group, fate }: CommandRow, to: GroupRow): boolean {
  if (fate.state === "expired" || (group !== null && group !== to.name)) return false;
  return cursor > to.since || fate.state === "accepted" || group === to.name;
}
