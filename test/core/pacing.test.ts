import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DropReport } from "../../worker/core/drop_report.ts";
import { type Paced, type PaceRules, Pacing } from "../../worker/core/pacing.ts";

const KiB = 1024;
const rules: PaceRules = {
  bytesPerSecond: 256 * KiB,
  firstBytes: 1024 * KiB,
  messagesPerSecond: 2_000,
  queueBytes: 256 * KiB,
};

function line(cursor: number, bytes: number, isLive: boolean, reader = "a", run: string | null = null) {
  return { kind: "line", reader, cursor, part: `${cursor}`, bytes, run, isLive } as const;
}

function note(text: string, bytes = 10, reader = "a") {
  return { kind: "other", reader, note: text, bytes } as const;
}

type Item = Paced<string, string, string>;

/** What a reader was told: cursors, gaps as [from, to], notes. */
function told(items: readonly Item[], reader = "a"): (number | [number, number] | string)[] {
  return items
    .filter((item) => item.reader === reader)
    .flatMap((item): (number | [number, number] | string)[] => {
      if (item.kind === "gap") return [[item.from, item.to]];
      return item.kind === "run" ? item.lines.map(({ cursor }) => cursor) : [item.note];
    });
}

describe("a paced connection", () => {
  test("[PACE1] sends a first part at once, and the rest at its rate", () => {
    const pacing = new Pacing<string, string, string>(rules, 0);
    for (let cursor = 1; cursor <= 8; cursor++) pacing.add(line(cursor, 256 * KiB, false));
    expect(told(pacing.take(0))).toEqual([1, 2, 3, 4]);
    const waitMs = pacing.waitMs(0) ?? 0;
    expect(waitMs).toBeGreaterThan(0);
    expect(told(pacing.take(waitMs - 1))).toEqual([]);
    expect(told(pacing.take(waitMs))).toEqual([5]);
    expect(told(pacing.take(999))).toEqual([]);
    expect(told(pacing.take(1_001))).toEqual([6]);
    expect(told(pacing.take(1_000_000))).toEqual([7, 8]);
    expect(pacing.waitMs(1_000_000)).toBeNull();
  });

  test("[PACE2] is bounded in messages too", () => {
    const pacing = new Pacing<string, string, string>({ ...rules, messagesPerSecond: 10 }, 0);
    for (let cursor = 1; cursor <= 100; cursor++) pacing.add(line(cursor, 1, false));
    expect(pacing.take(0).length).toBe(40);
    expect(pacing.take(1_000).length).toBe(10);
    expect(pacing.waitMs(1_000)).toBe(100);
  });

  test("[PACE3] drops live lines past the queue in one stretch, until half of it is free", () => {
    const pacing = new Pacing<string, string, string>({ ...rules, firstBytes: 1, queueBytes: 100 }, 0);
    expect(told(pacing.take(0))).toEqual([]);
    const kept = [];
    for (let cursor = 1; cursor <= 20; cursor++) if (pacing.add(line(cursor, 10, true))) kept.push(cursor);
    expect(kept).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const sent: Item[] = [];
    let now = 0;
    while (pacing.liveBytes > 50) sent.push(...pacing.take(now++));
    expect(pacing.add(line(21, 10, true))).toBe(true);
    while (pacing.waitMs(now) !== null) sent.push(...pacing.take(now++));
    expect(told(sent)).toEqual([...kept, [11, 20], 21]);
  });

  test("[PACE4] announces what was dropped even when nothing follows, and in its place before what does", () => {
    const pacing = new Pacing<string, string, string>({ ...rules, firstBytes: 1, queueBytes: 10 }, 0);
    pacing.add(line(1, 10, true));
    pacing.add(line(2, 10, true));
    pacing.add(note("end"));
    expect(told(pacing.take(1_000))).toEqual([1]);
    expect(told(pacing.take(2_000))).toEqual([[2, 2]]);
    expect(told(pacing.take(3_000))).toEqual(["end"]);
  });

  test("[PACE5] takes one line however long, and what is not live whatever waits", () => {
    const pacing = new Pacing<string, string, string>({ ...rules, firstBytes: 1, queueBytes: 10 }, 0);
    expect(pacing.add(line(1, 1_000, true))).toBe(true);
    expect(pacing.add(line(1, 1_000, false, "b"))).toBe(true);
    expect(pacing.add(line(2, 1, true))).toBe(false);
    pacing.forget((reader) => reader === "a");
    expect(pacing.liveBytes).toBe(0);
    expect(pacing.take(1_000_000)).toMatchObject([{ reader: "b", lines: [{ cursor: 1 }] }]);
  });

  test("[PACE8] neighbours of one run leave as one message, up to 64 KiB and while the rate has room", () => {
    const pacing = new Pacing<string, string, string>(
      { ...rules, messagesPerSecond: 1, firstBytes: 256 * KiB },
      0,
    );
    for (let cursor = 1; cursor <= 5; cursor++) pacing.add(line(cursor, 20 * KiB, false, "a", "x"));
    pacing.add(line(6, 1, false, "a", "y"));
    pacing.add(line(1, 1, false, "b", "y"));
    pacing.add(line(7, 1, false));
    pacing.add(line(8, 1, false));
    const runs: number[][] = [];
    for (let now = 0; pacing.waitMs(now) !== null; now += 1_000) {
      for (const item of pacing.take(now))
        if (item.kind === "run") runs.push(item.lines.map((each) => each.cursor));
    }
    expect(runs).toEqual([[1, 2, 3], [4, 5], [6], [1], [7], [8]]);
    const slow = new Pacing<string, string, string>({ ...rules, firstBytes: 1_024 }, 0);
    for (let cursor = 1; cursor <= 5; cursor++) slow.add(line(cursor, 1_024, false, "a", "x"));
    expect(told(slow.take(0))).toEqual([1]);
  });

  test("[PACE9] what a reader does not want lies in the gap around it, and makes none", () => {
    const pacing = new Pacing<string, string, string>({ ...rules, firstBytes: 1, queueBytes: 10 }, 0);
    pacing.add(line(1, 10, true));
    pacing.hide("a", 2);
    pacing.add(line(3, 10, true));
    pacing.hide("a", 4);
    pacing.add(line(5, 10, true));
    pacing.hide("a", 6);
    expect(told([...pacing.take(1_000), ...pacing.take(2_000)])).toEqual([1, [3, 6]]);
    pacing.hide("a", 7);
    expect(pacing.waitMs(3_000)).toBeNull();
  });

  test("[PACE10] a note of no bytes is no message, and keeps its place", () => {
    const pacing = new Pacing<string, string, string>(
      { ...rules, messagesPerSecond: 1, firstBytes: 256 * KiB },
      0,
    );
    pacing.add(line(1, 1, false));
    pacing.add(note("sent", 0));
    pacing.add(line(2, 1, false));
    expect(told(pacing.take(0))).toEqual([1]);
    expect(told(pacing.take(1_000))).toEqual(["sent", 2]);
  });
});

/** What happens to a connection: lines come for one of its readers, a reader becomes level, time passes. */
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("lines"),
        reader: fc.nat(2),
        count: fc.integer({ min: 1, max: 40 }),
        bytes: fc.integer({ min: 1, max: 3_000 }),
        run: fc.constantFrom(null, "x", "y"),
        /** Each so manyth one is not wanted; 0: all are. */
        hidden: fc.nat(4),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("level"), reader: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("other"), reader: fc.nat(2) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("time"), ms: fc.nat(400) }) },
  ),
  { minLength: 40, maxLength: 120 },
);

test("[PACE6] delivered and announced are together exactly the journal, in order; at no more than the rate", () => {
  let dropped = 0;
  let delivered = 0;
  let joined = 0;
  const property = fc.property(
    steps,
    fc.record({
      bytesPerSecond: fc.integer({ min: 500, max: 50_000 }),
      firstBytes: fc.integer({ min: 1, max: 20_000 }),
      messagesPerSecond: fc.integer({ min: 1, max: 200 }),
      queueBytes: fc.integer({ min: 1, max: 20_000 }),
    }),
    (events, drawn) => {
      const pacing = new Pacing<number, null, null>(drawn, 0);
      const readers = [0, 1, 2].map(() => ({
        given: 0,
        hidden: new Set<number>(),
        isLevel: false,
        others: 0,
        levelAt: Number.POSITIVE_INFINITY,
      }));
      const next = [1, 1, 1];
      let now = 0;
      let sentBytes = 0;
      let largest = 0;
      const takeAll = (): void => {
        for (const item of pacing.take(now)) {
          if (item.kind === "other") {
            sentBytes += item.bytes;
            continue;
          }
          const reader = readers[item.reader];
          if (reader === undefined) throw new Error("No such reader");
          const skipHidden = (): void => {
            while (reader.hidden.has(next[item.reader] ?? 0))
              next[item.reader] = (next[item.reader] ?? 0) + 1;
          };
          skipHidden();
          if (item.kind === "gap") {
            expect(item.from).toBe(next[item.reader]);
            expect(item.to).toBeGreaterThanOrEqual(item.from);
            expect(item.from).toBeGreaterThanOrEqual(reader.levelAt);
            sentBytes += 128;
            dropped += item.to - item.from + 1;
            next[item.reader] = item.to + 1;
            continue;
          }
          if (item.lines.length > 1) {
            expect(new Set(item.lines.map(({ run }) => run)).size).toBe(1);
            expect(item.lines[0]?.run).not.toBeNull();
            joined += 1;
          }
          for (const { cursor, bytes } of item.lines) {
            skipHidden();
            // Called for each line an assertion takes most of the time.
            if (cursor !== next[item.reader]) expect(cursor).toBe(next[item.reader]);
            sentBytes += bytes;
            delivered += 1;
            next[item.reader] = cursor + 1;
          }
        }
        const allowance = drawn.firstBytes + (drawn.bytesPerSecond * now) / 1_000;
        expect(sentBytes).toBeLessThan(allowance + Math.max(largest, 128));
      };
      for (const event of events) {
        if (event.kind === "time") {
          now += event.ms;
          takeAll();
          continue;
        }
        const reader = readers[event.reader];
        if (reader === undefined) throw new Error("No such reader");
        if (event.kind === "level") {
          if (!reader.isLevel) reader.levelAt = reader.given + 1;
          reader.isLevel = true;
        } else if (event.kind === "other") {
          pacing.add({ kind: "other", reader: event.reader, note: null, bytes: 1 });
        } else {
          largest = Math.max(largest, event.bytes);
          for (let i = 0; i < event.count; i++) {
            reader.given += 1;
            if (event.hidden > 0 && i % (event.hidden + 1) === 0) {
              reader.hidden.add(reader.given);
              pacing.hide(event.reader, reader.given);
              continue;
            }
            pacing.add({
              kind: "line",
              reader: event.reader,
              cursor: reader.given,
              part: null,
              bytes: event.bytes,
              run: event.run,
              isLive: reader.isLevel,
            });
            const bound = Math.max(drawn.queueBytes, largest);
            if (pacing.liveBytes > bound) expect(pacing.liveBytes).toBeLessThanOrEqual(bound);
          }
          takeAll();
        }
      }
      // Whoever waits as told gets everything.
      for (let waitMs = pacing.waitMs(now); waitMs !== null; waitMs = pacing.waitMs(now)) {
        now += waitMs;
        takeAll();
      }
      for (const [i, { given, hidden }] of readers.entries()) {
        let after = next[i] ?? 0;
        while (hidden.has(after)) after += 1;
        expect(after).toBe(given + 1);
      }
    },
  );
  const seed = Number(process.env["PACE_SEED"] ?? 0) || Date.now() % 1_000_000_007;
  console.info(`[PACE6] PACE_SEED=${seed}`);
  fc.assert(property, { seed, numRuns: 400 });
  expect(Math.min(dropped, delivered, joined)).toBeGreaterThan(1_000);
});

test("[PACE7] the operator is told at the first dropped line, and then at most once a minute, of all of them", () => {
  const report = new DropReport();
  expect(report.add(0)).toBe(1);
  for (let i = 1; i <= 500; i++) expect(report.add(i * 100)).toBeNull();
  expect(report.add(60_000)).toBe(501);
  expect(report.add(60_001)).toBeNull();
  expect(report.total).toBe(503);
});
