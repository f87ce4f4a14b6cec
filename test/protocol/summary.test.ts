import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Entry,
  emptySummary,
  levels,
  limits,
  otherStages,
  type StageBounds,
  type Summary,
  type SummaryDelta,
  SummaryReducer,
  summarize,
  unboundedStages,
} from "../../protocol/mod.ts";

const bounded = (stages: number, nameBytes: number = limits.stageNamesBytes): StageBounds => ({
  stages,
  nameBytes,
});

function applied(entries: readonly Entry[], bounds: StageBounds = bounded(limits.stages)): Summary {
  const reducer = new SummaryReducer(emptySummary(), bounds);
  for (const [i, entry] of entries.entries()) reducer.apply(entry, i + 1);
  return reducer.summary;
}

function log(fields: Partial<Entry & { kind: "log" }> = {}): Entry {
  return { kind: "log", ts: 0, level: "info", line: "a", ...fields };
}

/** Runs of entries cut at places: what batches are to a channel. */
function split(entries: readonly Entry[], places: readonly number[]): Entry[][] {
  const cuts = places.map((place) => Math.min(place, entries.length)).sort((a, b) => a - b);
  return [...cuts, entries.length].map((cut, i) => entries.slice(cuts[i - 1] ?? 0, cut));
}

function merge(parts: readonly Entry[][], into: SummaryReducer): SummaryReducer {
  let before = 0;
  for (const part of parts) {
    into.merge(throughJson(summarize(part)), before);
    before += part.length;
  }
  return into;
}

/** A delta as it comes from a row or a call. */
function throughJson(delta: SummaryDelta): SummaryDelta {
  return JSON.parse(JSON.stringify(delta));
}

const ts = fc.integer({ min: 0, max: 50 });
const entry: fc.Arbitrary<Entry> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record(
        {
          ts,
          level: fc.constantFrom(...levels),
          stage: fc.constantFrom("a", "b", "c", "d", "e", "f", otherStages),
          more: fc.constant(true as const),
          progress: fc.integer({ min: 0, max: 100 }),
          step: fc.constantFrom("x", "y"),
          currentStep: fc.nat(9),
          totalSteps: fc.nat(9),
        },
        { requiredKeys: ["ts", "level"] },
      )
      .map((fields): Entry => log(fields)),
  },
  { weight: 1, arbitrary: ts.map((at): Entry => ({ kind: "event", ts: at, event: "e", data: null })) },
);
const entries = fc.array(entry, { maxLength: 40 });
const cuts = fc.array(fc.nat(40), { maxLength: 6 });

describe("a summary", () => {
  test("[SMY1] has stages with first cursor, lines, start and end", () => {
    const summary = applied([
      log({ ts: 10, stage: "install" }),
      log({ ts: 11, stage: "install", level: "warn" }),
      log({ ts: 20, stage: "build", progress: 40, step: "compile", currentStep: 1, totalSteps: 3 }),
      { kind: "event", ts: 25, event: "e", data: null },
      log({ ts: 30, stage: "build", progress: 80 }),
    ]);
    expect(summary.stages).toEqual([
      { name: "install", first: 1, lines: 2, startedAt: 10, endedAt: 20 },
      { name: "build", first: 3, lines: 2, startedAt: 20 },
    ]);
    expect(summary.levels).toMatchObject({ info: 3, warn: 1, error: 0 });
    expect(summary).toMatchObject({ progress: 80, step: "compile", currentStep: 1, totalSteps: 3 });
  });

  test("[SMY2] a line without a stage ends the one that runs, and a stage may come again", () => {
    const { stages } = applied([
      log({ ts: 1, stage: "a" }),
      log({ ts: 2 }),
      log({ ts: 3, stage: "a" }),
      log({ ts: 4, stage: "b" }),
    ]);
    expect(stages).toEqual([
      { name: "a", first: 1, lines: 2, startedAt: 1, endedAt: 4 },
      { name: "b", first: 4, lines: 1, startedAt: 4 },
    ]);
  });

  test("[SMY3] a line split over several entries counts once", () => {
    const { stages, levels: counts } = applied([
      log({ stage: "a", more: true }),
      log({ stage: "a", more: true }),
      log({ stage: "a" }),
    ]);
    expect(stages[0]?.lines).toBe(1);
    expect(counts.info).toBe(1);
  });

  test("[SMY4] end() ends the stage that runs", () => {
    const reducer = new SummaryReducer();
    reducer.apply(log({ ts: 1, stage: "a" }), 1);
    reducer.end(9);
    expect(reducer.summary.stages).toEqual([{ name: "a", first: 1, lines: 1, startedAt: 1, endedAt: 9 }]);
  });

  test("[SMY5] names exactly 1,000 stages, and counts later ones in one named …", () => {
    const many = Array.from({ length: 1_005 }, (_, i) => log({ ts: i, stage: `stage ${i}` }));
    const { stages } = applied(many);
    expect(stages).toHaveLength(1_001);
    expect(stages.at(-1)).toEqual({ name: otherStages, first: 1_001, lines: 5, startedAt: 1_000 });
    expect(merge(split(many, [3, 999, 1_000, 1_003]), new SummaryReducer()).summary).toEqual(applied(many));
    expect(merge([many], new SummaryReducer()).summary).toEqual(applied(many));
  });

  test("[SMY10] bounds the bytes of all names, as JSON", () => {
    const long = (i: number) => String(i).padEnd(limits.stageChars, "\u0001");
    const { stages } = applied(Array.from({ length: 500 }, (_, i) => log({ ts: i, stage: long(i) })));
    const bytes = stages.slice(0, -1).reduce((sum, { name }) => sum + JSON.stringify(name).length, 0);
    expect(bytes).toBeLessThanOrEqual(limits.stageNamesBytes);
    expect(bytes).toBeGreaterThan(limits.stageNamesBytes - 2_000);
    expect(stages.at(-1)?.name).toBe(otherStages);
    expect(stages.reduce((sum, { lines }) => sum + lines, 0)).toBe(500);
  });

  test("[SMY6] merged from the deltas of any split is that of the entries one by one", () => {
    fc.assert(
      fc.property(entries, cuts, (all, places) => {
        const merged = merge(split(all, places), new SummaryReducer());
        expect(merged.summary).toEqual(applied(all));
      }),
      { numRuns: 2_000 },
    );
  });

  test("[SMY7] so too when stages are counted together and clocks run backwards", () => {
    fc.assert(
      fc.property(entries, cuts, fc.nat(5), fc.nat(20), (all, places, stages, nameBytes) => {
        const bounds = bounded(stages, nameBytes);
        const merged = merge(split(all, places), new SummaryReducer(emptySummary(), bounds));
        expect(merged.summary).toEqual(applied(all, bounds));
      }),
      { numRuns: 4_000 },
    );
  });

  test("[SMY8] deltas merge into deltas: a flush of several batches is one", () => {
    fc.assert(
      fc.property(entries, cuts, cuts, (all, rows, batches) => {
        const channel = new SummaryReducer(emptySummary(), bounded(3));
        let before = 0;
        for (const row of split(all, rows)) {
          const flush = new SummaryReducer(emptySummary(), unboundedStages);
          channel.merge(throughJson(merge(split(row, batches), flush).delta), before);
          before += row.length;
        }
        expect(channel.summary).toEqual(applied(all, bounded(3)));
      }),
      { numRuns: 2_000 },
    );
  });

  test("[SMY9] goes on from a stored one", () => {
    fc.assert(
      fc.property(entries, fc.nat(40), (all, cut) => {
        const reducer = new SummaryReducer(JSON.parse(JSON.stringify(applied(all.slice(0, cut)))));
        for (const [i, each] of all.slice(cut).entries()) reducer.apply(each, cut + i + 1);
        expect(reducer.summary).toEqual(applied(all));
      }),
    );
  });
});
