import { describe, expect, it } from "vitest";
import type {
  CommandFate,
  CommandRow,
  CommandStore,
  GroupRow,
} from "../../worker/core/commands/command_store.ts";

export function fateOf(change: Partial<CommandFate> = {}): CommandFate {
  return {
    state: "accepted",
    changedAt: 1,
    takenBy: null,
    answer: null,
    isFinal: false,
    code: null,
    lostAt: null,
    ...change,
  };
}

export function commandRow(cursor: number, more: Partial<CommandRow> = {}): CommandRow {
  const data = `{"n":${cursor}}`;
  return {
    cursor,
    id: `c-${cursor}`,
    subject: "ada",
    group: null,
    name: "pause",
    data,
    bytes: data.length,
    ts: cursor,
    fate: fateOf(),
    ...more,
  };
}

const placeAt = (cursor: number) => ({ tenant: "t", channel: "project/1", cursor });
const groupAt = (name: string, cursor: number, since = 0): GroupRow => ({ name, cursor, since });
const none = { groups: [], gone: [] };
const cursors = (rows: readonly { readonly cursor: number }[]) => rows.map(({ cursor }) => cursor);

/** Puts commands into a store, one after the other. */
export function fill(store: CommandStore, rows: readonly CommandRow[]): void {
  for (const row of rows) store.insert(row, placeAt(row.cursor), none);
}

/** The contract of a second journal: every implementation passes it. `reopen` wakes another one on the same store. */
export function commandStoreSuite(
  name: string,
  make: () => { store: CommandStore; reopen: () => CommandStore },
): void {
  describe(`command store: ${name}`, () => {
    it("[CST1] knows nothing before the first command, and reads as empty", () => {
      const { store } = make();
      expect(store.wake()).toBeNull();
      expect(store.find("ada", "c-1")).toBeNull();
      expect(store.at(1)).toBeNull();
      expect(store.withId("c-1", 9)).toEqual([]);
      expect(store.dueTo(groupAt("g", 0), 0, 9)).toEqual([]);
      expect(store.of("ada", 0, 9)).toEqual([]);
      expect(store.oldest(9, "all")).toEqual([]);
      store.clear();
      expect(store.wake()).toBeNull();
    });

    it("[CST2] gives commands and groups back exactly as they were stored, after a reopen too", () => {
      const { store, reopen } = make();
      const rows = [
        commandRow(1, { group: "g", subject: "" }),
        commandRow(2, { data: '{"text":"ünï"}', bytes: 16 }),
        commandRow(3, {
          fate: fateOf({
            state: "answered",
            takenBy: "g",
            answer: "null",
            isFinal: true,
            lostAt: 7,
            changedAt: 9,
          }),
        }),
      ];
      fill(store, rows);
      store.change([], groupAt("g", 2, 1));
      for (const each of [store, reopen()]) {
        expect(each.oldest(9, "all")).toEqual(rows);
        expect(each.wake()).toEqual({
          place: placeAt(3),
          groups: [groupAt("g", 2, 1)],
          open: [
            { cursor: 1, bytes: 7, ts: 1 },
            { cursor: 2, bytes: 16, ts: 2 },
          ],
          rows: 3,
        });
      }
    });

    it("[CST3] a command is its subject's and its id's: another one of both is not stored", () => {
      const { store } = make();
      fill(store, [commandRow(1, { id: "x" }), commandRow(2, { id: "x", subject: "bob" })]);
      expect(store.find("bob", "x")?.cursor).toBe(2);
      expect(store.find("eve", "x")).toBeNull();
      expect(cursors(store.withId("x", 9))).toEqual([1, 2]);
      expect(() => store.insert(commandRow(3, { id: "x" }), placeAt(3), none)).toThrow();
      expect(store.wake()).toMatchObject({ place: placeAt(2), rows: 2 });
    });

    it("[CST4] a change is the whole fate of each, and a group's place", () => {
      const { store, reopen } = make();
      fill(store, [commandRow(1), commandRow(2)]);
      const fate = fateOf({ state: "expired", isFinal: true, code: "channel_ended", changedAt: 5 });
      store.change([{ cursor: 2, fate }], groupAt("g", 1));
      expect(reopen().at(2)?.fate).toEqual(fate);
      expect(reopen().at(1)?.fate).toEqual(fateOf());
      expect(reopen().wake()).toMatchObject({ groups: [groupAt("g", 1)], open: [{ cursor: 1 }] });
    });

    it("[CST5] a group is due what is for it or for all and has not expired, in order", () => {
      const { store } = make();
      fill(store, [
        commandRow(1, { fate: fateOf({ state: "delivered" }) }),
        commandRow(2, { group: "other" }),
        commandRow(3, { fate: fateOf({ state: "expired" }) }),
        commandRow(4, { group: "g", fate: fateOf({ state: "answered" }) }),
        commandRow(5),
      ]);
      expect(cursors(store.dueTo(groupAt("g", 0), 0, 9))).toEqual([1, 4, 5]);
      expect(cursors(store.dueTo(groupAt("g", 0), 1, 1))).toEqual([4]);
    });

    it("[CST6] of what came before a group first joined it is due what nobody has taken", () => {
      const { store } = make();
      fill(store, [
        commandRow(1, { fate: fateOf({ state: "delivered" }) }),
        commandRow(2),
        commandRow(3, { group: "g", fate: fateOf({ state: "delivered" }) }),
        commandRow(4, { fate: fateOf({ state: "delivered" }) }),
      ]);
      expect(cursors(store.dueTo(groupAt("g", 0, 3), 0, 9))).toEqual([2, 3, 4]);
    });

    it("[CST7] a subject's newest: what is not final, or became so lately", () => {
      const { store } = make();
      const final = (changedAt: number) => ({ fate: fateOf({ isFinal: true, state: "expired", changedAt }) });
      fill(store, [
        commandRow(1),
        commandRow(2, final(10)),
        commandRow(3, final(20)),
        commandRow(4, { subject: "bob" }),
        commandRow(5, { fate: fateOf({ state: "answered" }) }),
      ]);
      expect(cursors(store.of("ada", 20, 9))).toEqual([1, 3, 5]);
      expect(cursors(store.of("ada", 0, 2))).toEqual([3, 5]);
    });

    it("[CST8] the oldest, and those of them that wait for nobody; what is removed is gone", () => {
      const { store, reopen } = make();
      fill(store, [commandRow(1), commandRow(2, { fate: fateOf({ state: "delivered" }) }), commandRow(3)]);
      expect(cursors(store.oldest(2, "all"))).toEqual([1, 2]);
      expect(cursors(store.oldest(2, "taken"))).toEqual([2]);
      store.remove([2]);
      expect(cursors(reopen().oldest(9, "all"))).toEqual([1, 3]);
      store.insert(commandRow(4), placeAt(4), { groups: [groupAt("g", 3)], gone: [1] });
      expect(cursors(reopen().oldest(9, "all"))).toEqual([3, 4]);
      expect(reopen().wake()).toMatchObject({ rows: 2, groups: [groupAt("g", 3)] });
    });

    it("[CST9] a cleared store is empty, and goes on", () => {
      const { store, reopen } = make();
      fill(store, [commandRow(1)]);
      store.change([], groupAt("g", 1));
      store.clear();
      expect(reopen().wake()).toBeNull();
      expect(store.oldest(9, "all")).toEqual([]);
      fill(store, [commandRow(2)]);
      expect(reopen().wake()).toMatchObject({ place: placeAt(2), groups: [], rows: 1 });
    });
  });
}
