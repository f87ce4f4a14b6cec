import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileFilter, decodeFilter, type Entry, type Filter, levels } from "../../protocol/mod.ts";

const line: Entry = { kind: "log", ts: 1, level: "warn", line: "Retry after Timeout", stage: "build" };
const bare: Entry = { kind: "log", ts: 1, level: "info", line: "ok" };
const event: Entry = { kind: "event", ts: 1, event: "node.done", data: { exit: "Timeout" } };

function passes(filter: Filter): boolean[] {
  return [line, bare, event].map(compileFilter(filter));
}

describe("a filter", () => {
  test.each<[Filter, boolean[]]>([
    [{}, [true, true, true]],
    [{ levels: ["warn"] }, [true, false, true]],
    [{ levels: [] }, [false, false, true]],
    [{ stages: ["build"] }, [true, false, true]],
    [{ stages: ["test"] }, [false, false, true]],
    [{ events: ["node.done"] }, [true, true, true]],
    [{ events: [] }, [true, true, false]],
    [{ search: "timeout" }, [true, false, true]],
    [{ search: "TIMEOUT" }, [true, false, true]],
    [{ search: "NODE.DONE" }, [false, false, true]],
    [{ search: "" }, [true, true, true]],
    [{ search: ".*" }, [false, false, false]],
    [{ levels: ["warn"], stages: ["build"], search: "retry" }, [true, false, false]],
    [{ levels: ["info"], stages: ["build"] }, [false, false, true]],
  ])("[FIL1] %j lets through a line of a stage, a bare one and an event: %j", (filter, expected) => {
    expect(passes(filter)).toEqual(expected);
  });

  test("[FIL2] with more fields never lets more through", () => {
    const filter = fc.record(
      {
        levels: fc.subarray([...levels]),
        stages: fc.subarray(["build", "test"]),
        events: fc.subarray(["node.done"]),
        search: fc.constantFrom("", "t", "timeout", "zzz"),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(filter, filter, (a, b) => {
        const [byA, byBoth] = [passes(a), passes({ ...b, ...a })];
        for (const [i, passed] of byBoth.entries()) expect(passed && !byA[i]).toBe(false);
      }),
    );
  });

  test.each([
    [{ level: ["info"] }, "unknown_field", "levels, stages, events, search"],
    [{ levels: ["loud"] }, "invalid_field", "trace, debug, info"],
    [{ stages: "build" }, "invalid_field", "a list of at most 1000"],
    [{ search: "x".repeat(257) }, "invalid_field", "256 characters"],
  ])("[FIL3] %j is refused as %s, and the sentence says what is allowed", (filter, code, sentence) => {
    expect(decodeFilter(filter)).toMatchObject({
      ok: false,
      problem: { code, message: expect.stringContaining(sentence) },
    });
  });
});
