import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32, type Entry, type LogEntry, limits, summarize, textOf } from "../../protocol/mod.ts";
import { makeBatch } from "../../worker/core/batch.ts";
import { chunkFields } from "../../worker/core/contract.ts";
import { type BodyForm, decodeBody, readEntries } from "../../worker/core/entry_body.ts";

const encoder = new TextEncoder();
const defaults = { ts: 1_000, level: "info" } as const;
const bytesOf = (text: string) => encoder.encode(text).length;

function read(text: string, form: BodyForm): Entry[] {
  const entries = readEntries(text, form, defaults);
  if (!entries.ok) throw new Error(entries.problem.message);
  return entries.value;
}

function batchOf(entries: readonly Entry[]) {
  const batch = makeBatch(entries);
  if (!batch.ok) throw new Error(batch.problem.message);
  return batch.value;
}

function log(line: string, more: Partial<LogEntry> = {}): LogEntry {
  return { kind: "log", ts: 1, level: "info", line, ...more };
}

const storedEntries = (text: string) => JSON.parse(`[${text}]`) as LogEntry[];

describe("a batch", () => {
  // Text of several lines becomes several entries (BAT10): here each entry is one line.
  const anyLine = fc
    .oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.string({ maxLength: 6_000 }))
    .map((text) => text.replaceAll("\n", " "));
  const anyEntry: fc.Arbitrary<Entry> = fc.oneof(
    fc
      .record({ line: anyLine, stage: fc.constantFrom("a", "b") })
      .map(({ line, stage }) => log(line, { stage })),
    fc.jsonValue().map((data) => ({ kind: "event" as const, ts: 2, event: "e", data: data as string })),
  );

  test("[BAT1] is its entries' JSON, and its chunks' numbers are those of their text", () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { minLength: 1, maxLength: 60 }), (entries) => {
        const batch = batchOf(entries);
        expect(batch.text).toBe(entries.map((entry) => JSON.stringify(entry)).join(","));
        expect(batch.entries).toBe(entries.length);
        expect(batch.delta).toEqual(summarize(entries));
        let unit = 0;
        let seen = 0;
        for (let i = 0; i < batch.chunks.length; i += chunkFields) {
          const [count = 0, bytes = 0, units = 0, lines, textBytes, crc] = batch.chunks.slice(
            i,
            i + chunkFields,
          );
          const json = batch.text.slice(unit, unit + units);
          const part = entries.slice(seen, seen + count);
          const text = encoder.encode(part.map(textOf).join(""));
          expect(storedEntries(json)).toEqual(JSON.parse(JSON.stringify(part)));
          expect(bytes).toBe(bytesOf(json));
          expect(bytes <= limits.chunkBytes || count === 1).toBe(true);
          expect([lines, textBytes, crc]).toEqual([
            part.filter((entry) => entry.kind === "log").length,
            text.length,
            crc32(text),
          ]);
          unit += units + 1;
          seen += count;
        }
        expect(seen).toBe(entries.length);
        expect(unit).toBe(batch.text.length + 1);
      }),
      { numRuns: 60 },
    );
  });

  const lines: readonly [name: string, line: string][] = [
    ["200,000 ASCII characters", "x".repeat(200_000)],
    ["CJK", "漢".repeat(70_000)],
    ["emoji", `a${"🙂".repeat(40_000)}`],
    ["NUL", "\0".repeat(60_000)],
    ["quotes", '"'.repeat(65_536)],
  ];
  test.each(lines)("[BAT2] splits a line of %s and loses nothing", (_, line) => {
    const parts = storedEntries(batchOf([log(line, { stage: "s", stream: "stdout", step: "x" })]).text);
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.map((part) => part.line).join("")).toBe(line);
    expect(parts.map((part) => part.more === true)).toEqual(parts.map((_, i) => i < parts.length - 1));
    expect(parts.map((part) => part.step)).toEqual(parts.map((_, i) => (i === 0 ? "x" : undefined)));
    for (const part of parts) {
      expect(part.line.isWellFormed()).toBe(true);
      expect(bytesOf(part.line)).toBeLessThanOrEqual(limits.lineBytes);
      expect(bytesOf(JSON.stringify(part))).toBeLessThanOrEqual(limits.entryBytes);
      expect(part).toMatchObject({ ts: 1, level: "info", stage: "s", stream: "stdout" });
    }
  });

  test("[BAT3] keeps a line of exactly the limit whole, and the mark of a line that goes on", () => {
    const exact = storedEntries(batchOf([log("x".repeat(limits.lineBytes))]).text);
    expect(exact).toHaveLength(1);
    const open = storedEntries(batchOf([log("x".repeat(limits.lineBytes + 1), { more: true })]).text);
    expect(open.map((part) => part.more)).toEqual([true, true]);
    expect(batchOf([log("x".repeat(limits.lineBytes + 1))]).delta.levels.info).toBe(1);
  });

  test("[BAT4] gives a line beside large fields what room is left", () => {
    const fields = { x: "y".repeat(limits.entryBytes - 200) };
    const parts = storedEntries(batchOf([log("z".repeat(500), { fields })]).text);
    expect(parts.map((part) => part.line).join("")).toBe("z".repeat(500));
    expect(parts.map((part) => part.fields !== undefined)).toEqual([true, false]);
  });

  test("[BAT13] refuses the whole batch for an entry that cannot be split small enough, and names it", () => {
    const tooLarge = makeBatch([log("a"), log("b", { fields: { x: "y".repeat(limits.entryBytes) } })]);
    expect(tooLarge).toMatchObject({ ok: false, problem: { code: "entry_too_large" } });
    if (!tooLarge.ok)
      expect(tooLarge.problem.message).toMatch(/^Entry 2 has 131,\d+ bytes of JSON beside its line/);
    const data = "y".repeat(limits.entryBytes);
    const event = makeBatch([log("a"), { kind: "event", ts: 1, event: "e", data }, log("b")]);
    expect(event).toMatchObject({ ok: false, problem: { code: "entry_too_large" } });
    if (!event.ok) expect(event.problem.message).toMatch(/^Entry 2 /);
  });

  test("[BAT5] is bounded where escapes make it large", () => {
    const entries = Array.from({ length: 64 }, () => log("\0".repeat(60_000)));
    expect(makeBatch(entries)).toMatchObject({ ok: false, problem: { code: "body_too_large" } });
  });
});

describe("an entry whose text is several lines", () => {
  const linesOfText = (line: string, more: Partial<LogEntry> = {}) =>
    storedEntries(batchOf([log("before"), log(line, more), log("after")]).text)
      .slice(1, -1)
      .map((entry) => [entry.line, entry.more ?? false]);

  test("[BAT10] becomes as many entries, none of them changed", () => {
    expect(linesOfText("a\nb\r\n\nc\rd")).toEqual([
      ["a", false],
      ["b", false],
      ["", false],
      ["c\rd", false],
    ]);
    expect(linesOfText("ended\n")).toEqual([["ended", false]]);
    expect(linesOfText("\n")).toEqual([["", false]]);
    expect(linesOfText("a\nb", { more: true })).toEqual([
      ["a", false],
      ["b", true],
    ]);
    expect(linesOfText("a\nb\n", { more: true })).toEqual([
      ["a", false],
      ["b", false],
    ]);
  });

  test("[BAT11] counts each of them, and keeps what is said once with the first", () => {
    const batch = batchOf([log("a\nb", { stage: "s", progress: 5, fields: { x: 1 } })]);
    expect(batch).toMatchObject({
      entries: 2,
      delta: { levels: { info: 2 }, stages: [{ name: "s", lines: 2 }] },
    });
    const stored = storedEntries(batch.text);
    expect(stored.map(({ stage, progress }) => [stage, progress])).toEqual([
      ["s", 5],
      ["s", undefined],
    ]);
  });

  test("[BAT12] is bounded however many they are", () => {
    expect(makeBatch([log("\n".repeat(4_000_000))])).toMatchObject({
      ok: false,
      problem: { code: "body_too_large" },
    });
  });
});

describe("a body", () => {
  test("[BAT6] of text has a line a line, as logs end them", () => {
    expect(read("a\r\nb\rc\n\nd", "text").map((entry) => (entry as LogEntry).line)).toEqual([
      "a",
      "b\rc",
      "",
      "d",
    ]);
  });

  test("[BAT7] keeps a byte order mark in text and drops it from JSON", () => {
    const marked = (text: string) => new Uint8Array([0xef, 0xbb, 0xbf, ...encoder.encode(text)]);
    expect(decodeBody(marked("a"), "text")).toBe("\ufeffa");
    expect(decodeBody(marked("{}"), "json")).toBe("{}");
    expect(decodeBody(new Uint8Array([0x61, 0xff, 0xc3]), "text")).toBe("a\ufffd\ufffd");
  });

  test("[BAT8] of NDJSON may have empty lines, and gets its defaults", () => {
    const entries = readEntries(
      '{"line":"a"}\r\n\n{"line":"b","level":"warn","stage":"t","ts":5}\n',
      "ndjson",
      {
        ...defaults,
        stage: "s",
      },
    );
    expect(entries).toEqual({
      ok: true,
      value: [
        { kind: "log", ts: 1_000, level: "info", line: "a", stage: "s" },
        { kind: "log", ts: 5, level: "warn", line: "b", stage: "t" },
      ],
    });
  });

  test("[BAT9] is counted as it was sent", () => {
    const full = read("a\n".repeat(limits.batchEntries), "text");
    expect(full).toHaveLength(limits.batchEntries);
    expect(readEntries("a\n".repeat(limits.batchEntries + 1), "text", defaults)).toMatchObject({
      ok: false,
      problem: { code: "too_many_entries", received: 5_001, expected: 5_000 },
    });
    const split = [...full.slice(1), log("x".repeat(200_000))];
    expect(batchOf(split).entries).toBe(limits.batchEntries + 3);
  });
});
