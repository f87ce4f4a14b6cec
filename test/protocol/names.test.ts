import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isChannelId,
  isKind,
  limits,
  parseChannelName,
  parseStageMarker,
  quote,
} from "../../protocol/mod.ts";
import { channelName, channelPattern } from "../../protocol/schemas/mod.ts";

const kindCharacter = "abcdefghijklmnopqrstuvwxyz0123456789-";
const idCharacter = `${kindCharacter}ABCDEFGHIJKLMNOPQRSTUVWXYZ._:@`;
const nearName = fc.string({ unit: fc.constantFrom(..."aZ0-._:@/ *\n\ré") });

describe("channel names", () => {
  test("[NAM1] are kind/id", () => {
    expect(parseChannelName("build/4711")).toEqual({
      ok: true,
      value: { kind: "build", id: "4711", name: "build/4711" },
    });
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...kindCharacter), maxLength: 31 }),
        fc.string({ unit: fc.constantFrom(...idCharacter), minLength: 1, maxLength: 128 }),
        (rest, id) => {
          expect(parseChannelName(`k${rest}/${id}`)).toMatchObject({
            ok: true,
            value: { kind: `k${rest}`, id },
          });
        },
      ),
    );
  });

  test.each([
    "",
    "build",
    "build/",
    "/1",
    "Build/1",
    "1build/1",
    "-build/1",
    "build/a/b",
    "build/a b",
    "build/a\n",
    "build\n/a",
    "build/é",
    "build/*",
    `${"k".repeat(33)}/1`,
    `build/${"i".repeat(129)}`,
  ])("[NAM2] %j is none, and the refusal quotes it and the grammar", (text) => {
    const parsed = parseChannelName(text);
    expect(parsed).toMatchObject({ ok: false, problem: { code: "channel_name_invalid" } });
    if (parsed.ok) return;
    expect(parsed.problem.message).toContain(quote(text));
    expect(parsed.problem.message).toContain("[a-z][a-z0-9-]{0,31}");
  });

  test("[NAM3] the schema's pattern and the hand parser are one grammar", () => {
    fc.assert(
      fc.property(nearName, nearName, (kind, id) => {
        const text = `${kind}/${id}`;
        expect(channelName.safeParse(text).success).toBe(parseChannelName(text).ok);
        expect(parseChannelName(text).ok).toBe(isKind(kind) && isChannelId(id));
      }),
      { numRuns: 1_000 },
    );
  });

  test("[NAM4] only a pattern may end in *", () => {
    for (const pattern of ["build/*", "build/app-*", "build/1"]) {
      expect(channelPattern.safeParse(pattern).success).toBe(true);
    }
    for (const text of ["build/*a", "*/1", "build*", "build/**"]) {
      expect(channelPattern.safeParse(text).success).toBe(false);
    }
  });
});

describe("quote", () => {
  test("[QUO1] is JSON of at most 80 characters, whatever it is given", () => {
    expect(quote("a\nb")).toBe('"a\\nb"');
    expect(quote(undefined)).toBe("undefined");
    expect(quote({ a: [1, null] })).toBe('{"a":[1,null]}');
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.string({ unit: "binary" })), (value) => {
        const text = quote(value);
        expect(text.length).toBeLessThanOrEqual(80);
        expect(text.isWellFormed()).toBe(true);
      }),
    );
    expect(quote(["x".repeat(1_000)])).toHaveLength(80);
    expect(quote(`${"x".repeat(77)}😀😀`).isWellFormed()).toBe(true);
  });

  test("[QUO2] is the whole value where that is short", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 2 }), (value) => {
        const whole = JSON.stringify(value);
        fc.pre(whole.length <= 80);
        expect(quote(value)).toBe(whole);
      }),
    );
  });
});

describe("stage markers", () => {
  test.each([
    ["::group::install", "install"],
    ["::group::  install deps ", "install deps"],
    ["  ::group::a", "a"],
    ["::GROUP::a", "a"],
    ["::group name=x::a", "a"],
    ["::group::", "group"],
    ["::group::50%25 done", "50% done"],
    ["::group::%250A", "%0A"],
    ["::group::a%0Ab%0d", "a b"],
    ["::group::a::b", "a::b"],
    ["::group::\u001b[1mbold", "[1mbold"],
  ])("[MRK1] %j begins %j", (line, name) => {
    expect(parseStageMarker(line)).toEqual({ kind: "begin", name });
  });

  test("[MRK2] ::endgroup:: ends a stage", () => {
    expect(parseStageMarker("::endgroup::")).toEqual({ kind: "end" });
    expect(parseStageMarker("\t::EndGroup::ignored")).toEqual({ kind: "end" });
  });

  test.each([
    "",
    "group",
    "a ::group::b",
    "::groups::a",
    "::group:a",
    "::group",
    "::notice::a",
    "##[group]a",
  ])("[MRK3] %j is no marker", (line) => {
    expect(parseStageMarker(line)).toBeNull();
  });

  test("[MRK4] a name is a stage's: bounded, well-formed, without control characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 600 }), (text) => {
        const marker = parseStageMarker(`::group::${text}`);
        if (marker?.kind !== "begin") throw new Error("the marker was not found");
        expect(marker.name.length).toBeGreaterThan(0);
        expect(marker.name.length).toBeLessThanOrEqual(limits.stageChars);
        expect(marker.name.isWellFormed()).toBe(true);
        expect(marker.name).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});
