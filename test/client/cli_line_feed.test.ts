import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineFeed } from "../../client/cli/run/line_feed.ts";
import { StageTracker } from "../../client/cli/run/stage_tracker.ts";
import { type LogEntry, limits, splitLines, textOf, utf8Bytes } from "../../protocol/mod.ts";

/** [FEED] what a command prints, in whatever pieces, becomes exactly its lines. */

function feed(pieces: readonly Uint8Array[], stage?: string): LogEntry[] {
  const lineFeed = new LineFeed({ stream: "stdout", stages: new StageTracker(stage), now: () => 1 });
  return [...pieces.flatMap((piece) => lineFeed.push(piece)), ...lineFeed.end()];
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textIn = (entries: readonly LogEntry[]): string => entries.map(textOf).join("");

describe("LineFeed", () => {
  test("[FEED1] a line ends at LF or CRLF, a lone CR stays, a last line without ending counts", () => {
    const entries = feed([bytes("a\r\nb\n\nc\rd\ne")]);
    expect(entries.map(({ line }) => line)).toEqual(["a", "b", "", "c\rd", "e"]);
  });

  test("[FEED2] wherever the bytes are cut, the lines are the same", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("\r", "\n", "\r\n", "語", "🚀"))),
        fc.array(fc.nat()),
        (texts, cuts) => {
          const text = texts.join("").toWellFormed();
          const whole = bytes(text);
          const borders = cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b);
          const pieces = [0, ...borders].map((from, i) => whole.subarray(from, borders[i] ?? whole.length));
          expect(feed(pieces).map(({ line }) => line)).toEqual(splitLines(text));
        },
      ),
    );
  });

  test("[FEED3] invalid UTF-8 becomes U+FFFD and breaks no neighbour; NUL and a byte order mark stay", () => {
    const entries = feed([Uint8Array.of(0x61, 0xff, 0x0a), bytes("\uFEFFok\0\n"), Uint8Array.of(0xe8, 0xaa)]);
    expect(entries.map(({ line }) => line)).toEqual(["a\uFFFD", "\uFEFFok\0", "\uFFFD"]);
  });

  test("[FEED4] a line of 200,000 characters is split, not cut, into entries within the limits", () => {
    const line = '語\u0001🚀"'.repeat(40_000);
    const entries = feed([bytes(`before\n${line}\nafter\n`)]);
    expect(textIn(entries)).toBe(`before\n${line}\nafter\n`);
    expect(entries.slice(1, -2).every(({ more }) => more === true)).toBe(true);
    for (const entry of entries) {
      expect(utf8Bytes(entry.line)).toBeLessThanOrEqual(limits.lineBytes);
      expect(utf8Bytes(JSON.stringify(entry))).toBeLessThanOrEqual(limits.entryBytes);
      expect(entry.line.isWellFormed()).toBe(true);
    }
  });

  test("[FEED5] a line that has not ended is handed on in parts, and its CRLF is none of them", () => {
    const lineFeed = new LineFeed({ stream: "stderr", stages: new StageTracker(), now: () => 1 });
    const part = "x".repeat(70_000);
    const first = lineFeed.push(bytes(`${part}\r`));
    expect(textIn(first)).toBe(part);
    for (const entry of first)
      expect(entry).toMatchObject({ ts: 1, level: "info", stream: "stderr", more: true });
    expect(lineFeed.push(bytes("\nnext")).map(textOf)).toEqual(["\n"]);
    expect(lineFeed.end().map(textOf)).toEqual(["next\n"]);
  });

  test("[FEED6] the text ends its last line even when all of it was handed on before", () => {
    const part = "y".repeat(70_000);
    expect(textIn(feed([bytes(part)]))).toBe(`${part}\n`);
  });

  test("[FEED10] a line that fits into an entry is one, wherever its bytes are cut", () => {
    const line = "z".repeat(40_000);
    const entries = feed([bytes(line.slice(0, 39_000)), bytes(`${line.slice(39_000)}\r`), bytes("\nnext")]);
    expect(entries.map((entry) => [entry.line, entry.more])).toEqual([
      [line, undefined],
      ["next", undefined],
    ]);
  });

  test("[FEED7] a group's marker is in the group, its end too, and then the run's own stage is back", () => {
    const entries = feed([bytes("a\n::group::Build\nb\n::endgroup::\nc\n")], "ci");
    expect(entries.map(({ stage }) => stage)).toEqual(["ci", "Build", "Build", "Build", "ci"]);
  });

  test("[FEED8] workflow commands give their line its level, in all its parts", () => {
    const long = "z".repeat(70_000);
    const entries = feed([bytes(`plain\n::warning::w\n ::ERROR file=a.ts,line=1::${long}\n::errors::no\n`)]);
    expect(entries.map(({ level }) => level)).toEqual(["info", "warn", "error", "error", "info"]);
  });

  test("[FEED9] a stream shares its stage with the other one", () => {
    const stages = new StageTracker();
    const out = new LineFeed({ stream: "stdout", stages, now: () => 1 });
    const err = new LineFeed({ stream: "stderr", stages, now: () => 1 });
    out.push(bytes("::group::Test\n"));
    expect(err.push(bytes("oops\n"))[0]).toMatchObject({ stage: "Test", stream: "stderr" });
  });
});
