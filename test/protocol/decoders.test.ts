import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import {
  agentFrameOf,
  decodeDownFrame,
  decodeEntry,
  decodeFilter,
  decodeViewerFrame,
  isObject,
  limits,
  producerFrameOf,
} from "../../protocol/mod.ts";
import {
  agentFrame,
  appendEntry,
  appendEventEntry,
  appendLogEntry,
  downFrame,
  entry,
  eventEntry,
  filter,
  logEntry,
  producerFrame,
  viewerFrame,
  wire,
} from "../../protocol/schemas/mod.ts";
import { decodeEntries } from "../../worker/core/entry_body.ts";
import { textsLike } from "./mutations.ts";

const runs = 3_000;
const defaults = { ts: 1, level: "info", stage: "build" } as const;

/** The examples of schemas, which the registry's test holds valid. */
function examplesOf(schemas: readonly z.core.$ZodType[]): unknown[] {
  return schemas.flatMap((schema) => wire.get(schema)?.examples ?? []);
}

/** Both must agree on every text; and both answers must occur, or the test would show nothing. */
function agree(
  texts: fc.Arbitrary<string>,
  decode: (value: unknown, text: string) => boolean,
  schema: z.ZodType,
): void {
  const seen = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(texts, (text) => {
      const parsed: unknown = JSON.parse(text);
      const accepted = decode(parsed, text);
      seen[accepted ? "accepted" : "refused"] += 1;
      expect(accepted, `the hand decoder on ${text}`).toBe(schema.safeParse(parsed).success);
    }),
    { numRuns: runs },
  );
  expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(runs / 20);
}

describe("hand decoders accept exactly what the schemas accept", () => {
  const fullLine = {
    kind: "log",
    ts: 5,
    level: "warn",
    line: "a",
    stage: "s",
    stream: "stderr",
    progress: 12.5,
    step: "",
    currentStep: 1,
    totalSteps: 2,
    fields: { a: [1, { b: null }] },
    more: true,
  };
  const fullEvent = {
    kind: "event",
    ts: 5,
    event: "e",
    data: [{ a: 1 }],
    id: "i",
    nodeId: "n",
    from: "f",
  };

  test("[DEC1] decodeEntry and AppendEntry", () => {
    const values = [...examplesOf([appendLogEntry, appendEventEntry]), fullLine, fullEvent];
    agree(textsLike(values), (value) => decodeEntry(value, defaults, "Entry 0").ok, appendEntry);
  });

  test("[DEC2] decodeFilter and Filter", () => {
    const values = [
      ...examplesOf([filter]),
      { stages: ["a"], events: ["b"], levels: ["info"], search: "c" },
      {},
    ];
    agree(textsLike(values), (value) => isObject(value) && decodeFilter(value).ok, filter);
  });

  test("[DEC3] decodeViewerFrame and ViewerFrame", () => {
    const subscribe = {
      type: "subscribe",
      channel: "build/1",
      last: 0,
      filter: { levels: ["info"] },
      maxWindowBytes: limits.windowMinBytes,
    };
    const values = [...examplesOf(viewerFrame.options), subscribe];
    agree(textsLike(values), (_, text) => decodeViewerFrame(text).ok, viewerFrame);
  });

  test("[DEC4] decodeDownFrame and DownFrame", () => {
    const entries = { type: "entries", channel: "build/1", first: 1, entries: [fullLine, fullEvent] };
    const summary = {
      type: "summary",
      channel: "build/1",
      status: "running",
      stages: [{ name: "s", first: 1, lines: 2, startedAt: 3, endedAt: 4 }],
      levels: { trace: 0, debug: 0, info: 1, success: 0, warn: 0, error: 0, fatal: 0 },
      progress: 1,
      step: "x",
      currentStep: 1,
      totalSteps: 2,
      viewers: 0,
      agents: 0,
    };
    const values = [...examplesOf(downFrame.options), entries, summary];
    agree(textsLike(values), (_, text) => decodeDownFrame(text).ok, downFrame);
  });

  test("[DEC14] producerFrameOf with decodeEntries and ProducerFrame", () => {
    const append = {
      type: "append",
      channel: "build/1",
      producer: "p",
      epoch: 0,
      seq: 9,
      entries: [fullLine, fullEvent],
    };
    const values = [...examplesOf(producerFrame.options), append];
    const decode = (value: unknown) => {
      const frame = isObject(value) && producerFrameOf(value);
      if (frame === false || !frame.ok) return false;
      return frame.value.type !== "append" || decodeEntries(frame.value.entries, defaults).ok;
    };
    agree(textsLike(values), decode, producerFrame);
  });

  test("[DEC15] agentFrameOf with decodeEntries and AgentFrame", () => {
    const answer = { type: "answer", channel: "task/1", id: "i", cursor: 2, data: [1], final: false };
    const values = [...examplesOf(agentFrame.options), answer, { type: "join", channel: "build/*" }];
    const decode = (value: unknown) => {
      const frame = isObject(value) && agentFrameOf(value);
      if (frame === false || !frame.ok) return false;
      return frame.value.type !== "append" || decodeEntries(frame.value.entries, defaults).ok;
    };
    agree(textsLike(values), decode, agentFrame);
  });

  test("[DEC5] what decodeEntry accepts is an entry as journaled, and well-formed text", () => {
    fc.assert(
      fc.property(textsLike([fullLine, fullEvent, ...examplesOf([appendEntry])]), (text) => {
        const decoded = decodeEntry(JSON.parse(text), defaults, "Entry 0");
        if (!decoded.ok) return;
        expect(entry.safeParse(decoded.value).success).toBe(true);
        expect(JSON.stringify(decoded.value)).not.toMatch(/\\ud[89a-f]/);
      }),
      { numRuns: runs },
    );
  });
});

describe("decodeEntry", () => {
  test("[DEC6] fills in kind, ts, level and stage", () => {
    const decoded = decodeEntry({ line: "a" }, defaults, "Entry 0");
    expect(decoded).toEqual({
      ok: true,
      value: { kind: "log", ts: 1, level: "info", line: "a", stage: "build" },
    });
  });

  test("[DEC7] replaces lone surrogates everywhere, in keys too", () => {
    const value = JSON.parse('{"kind":"event","event":"a\\ud800","data":{"\\udc00":["\\ud83d"]}}');
    expect(decodeEntry(value, defaults, "Entry 0")).toEqual({
      ok: true,
      value: { kind: "event", ts: 1, event: "a\ufffd", data: { "\ufffd": ["\ufffd"] } },
    });
  });

  test.each([
    ['{"line":1}', "invalid_field", "Entry 3 has line: 1. Allowed: a string."],
    ['{"level":"info"}', "missing_field", "Entry 3 has no line. Needed: a string."],
    ['{"line":"a","colour":"red"}', "unknown_field", 'Entry 3 has an unknown field "colour".'],
    ['{"line":"a","level":"loud"}', "invalid_field", "trace, debug, info, success, warn, error, fatal"],
    ['{"kind":"metric","line":"a"}', "invalid_field", 'Entry 3 has kind: "metric". Allowed: "log", "event".'],
    ["[]", "invalid_field", "Entry 3 is []. Allowed: a JSON object."],
    ['{"kind":"event","event":"e","data":1e400}', "invalid_field", "numbers that a double holds"],
  ])("[DEC8] %s is refused as %s with what was found and what is allowed", (text, code, sentence) => {
    const decoded = decodeEntry(JSON.parse(text), defaults, "Entry 3");
    expect(decoded).toMatchObject({
      ok: false,
      problem: { code, message: expect.stringContaining(sentence) },
    });
  });
});

describe("frames from outside", () => {
  test.each([
    "{",
    "null",
    "[]",
    '"ping"',
    "{}",
    '{"type":"toString"}',
    '{"type":"__proto__"}',
    '{"type":{"a":1}}',
  ])("[DEC9] %s is refused up and down, without an exception", (text) => {
    expect(decodeViewerFrame(text).ok).toBe(false);
    expect(decodeDownFrame(text).ok).toBe(false);
  });

  test.each([
    ['{"channel":"build/1"}', "The frame has no type. Allowed: subscribe, "],
    ['{"type":null}', "The frame has type: null. Allowed: subscribe, "],
  ])("[DEC16] %s is told what was found for a type", (text, sentence) => {
    const problem = { code: "unknown_frame", message: expect.stringContaining(sentence) };
    expect(decodeViewerFrame(text)).toMatchObject({ ok: false, problem });
  });

  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;

  test.each([
    `{"type":${deep}}`,
    `{"type":"ack","channel":${deep},"cursor":1}`,
    `{"type":"ack","${"k".repeat(100_000)}":1}`,
    `{"type":"end","channel":${deep}}`,
    deep,
  ])("[DEC10] a value that is nested or long beyond reason is refused in a short sentence (%#)", (text) => {
    for (const decoded of [decodeViewerFrame(text), decodeDownFrame(text)]) {
      expect(decoded.ok).toBe(false);
      if (!decoded.ok) expect(decoded.problem.message.length).toBeLessThan(400);
    }
  });

  test("[DEC11] a deep entry is refused and a deep unknown field named", () => {
    const value: unknown = JSON.parse(`{"kind":"event","event":"e","data":${deep}}`);
    expect(decodeEntry(value, defaults, "Entry 0")).toMatchObject({ ok: false });
  });

  test("[DEC12] readers let new fields through, and writers do not", () => {
    expect(decodeDownFrame('{"type":"expiring","inMs":1,"since":2}').ok).toBe(true);
    expect(decodeViewerFrame('{"type":"ping","since":2}')).toMatchObject({
      ok: false,
      problem: { code: "unknown_field" },
    });
    expect(logEntry.safeParse({ kind: "log", ts: 1, level: "info", line: "", later: 1 }).success).toBe(true);
    expect(eventEntry.safeParse({ kind: "event", ts: 1, event: "e", data: null, later: 1 }).success).toBe(
      true,
    );
  });

  test("[DEC13] subscribe takes a cursor or the last n, not both", () => {
    const frame = { type: "subscribe", channel: "build/1", cursor: 1, last: 1 };
    expect(decodeViewerFrame(JSON.stringify(frame))).toMatchObject({
      ok: false,
      problem: { code: "invalid_field", message: expect.stringContaining("both cursor and last") },
    });
  });
});
