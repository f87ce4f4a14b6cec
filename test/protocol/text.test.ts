import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  codePointBytes,
  cutToBytes,
  jsonCodePointBytes,
  LineSplitter,
  splitAtCodePoints,
  splitLines,
  utf8Bytes,
} from "../../protocol/mod.ts";

const text = fc
  .string({ unit: fc.oneof(fc.constantFrom("\r", "\n", "\r\n", "\0", "😀", "é", "語", "a"), fc.string()) })
  .map((each) => each.toWellFormed());

/** What a text's lines are by definition: cut after every \n, which goes with one \r before it. */
function linesByDefinition(whole: string): string[] {
  const lines = whole
    .split("\n")
    .map((line, i, all) => (i < all.length - 1 ? line.replace(/\r$/, "") : line));
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** A text cut at places, given as parts of a thousand. */
function cutAt(whole: string, places: readonly number[]): string[] {
  const cuts = places.map((place) => Math.floor((place * whole.length) / 1_000)).sort((a, b) => a - b);
  return [...cuts, whole.length].map((cut, i) => whole.slice(cuts[i - 1] ?? 0, cut));
}

const places = fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 8 });

describe("lines", () => {
  test("[LIN1] end at \\n or \\r\\n, and a lone \\r stays", () => {
    expect(splitLines("a\nb\r\n\r\rc\rd\n\ne")).toEqual(["a", "b", "\r\rc\rd", "", "e"]);
    expect(splitLines("")).toEqual([]);
    expect(splitLines("a\r")).toEqual(["a\r"]);
    fc.assert(
      fc.property(text, (whole) => {
        expect(splitLines(whole)).toEqual(linesByDefinition(whole));
      }),
    );
  });

  test("[LIN2] are the same wherever the text is cut, between \\r and \\n too", () => {
    fc.assert(
      fc.property(text, places, (whole, cuts) => {
        const splitter = new LineSplitter();
        const lines = cutAt(whole, cuts).flatMap((piece) => splitter.push(piece));
        expect([...lines, ...splitter.end()]).toEqual(splitLines(whole));
        expect(splitter.waitingChars).toBe(0);
      }),
    );
    const splitter = new LineSplitter();
    expect([...splitter.push("a\r"), ...splitter.push("\nb")]).toEqual(["a"]);
  });

  test("[LIN3] taken out unfinished are the same once joined, whatever is taken when", () => {
    fc.assert(
      fc.property(text, places, (whole, cuts) => {
        const splitter = new LineSplitter();
        const lines: string[] = [];
        let begun = "";
        for (const piece of cutAt(whole, cuts)) {
          for (const line of splitter.push(piece)) {
            lines.push(begun + line);
            begun = "";
          }
          begun += splitter.takeWaiting();
        }
        const last = begun + splitter.end().join("");
        expect(last === "" ? lines : [...lines, last]).toEqual(splitLines(whole));
      }),
    );
  });

  test("[LIN4] a taken line leaves a last \\r waiting, as \\n may follow", () => {
    const splitter = new LineSplitter();
    splitter.push("abc\r");
    expect(splitter.takeWaiting()).toBe("abc");
    expect(splitter.waitingChars).toBe(1);
    expect(splitter.push("\nd")).toEqual([""]);
  });
});

describe("UTF-8", () => {
  test("[UTF1] utf8Bytes is the length of the encoded text", () => {
    fc.assert(
      fc.property(text, (each) => {
        expect(utf8Bytes(each)).toBe(Buffer.byteLength(each));
      }),
    );
  });

  test("[UTF2] a code point's price is its bytes, plain and inside JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 1 }), (character) => {
        fc.pre(character.isWellFormed());
        const codePoint = character.codePointAt(0) ?? 0;
        expect(codePointBytes(codePoint)).toBe(Buffer.byteLength(character));
        expect(jsonCodePointBytes(codePoint)).toBe(Buffer.byteLength(JSON.stringify(character)) - 2);
      }),
    );
    for (let codePoint = 0; codePoint < 0x100; codePoint++) {
      const json = JSON.stringify(String.fromCodePoint(codePoint));
      expect(jsonCodePointBytes(codePoint), `U+${codePoint.toString(16)}`).toBe(Buffer.byteLength(json) - 2);
    }
  });

  test("[UTF3] splitAtCodePoints keeps the text, the price and every surrogate pair", () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 20 }), (whole, maxCost) => {
        const pieces = splitAtCodePoints(whole, maxCost, codePointBytes);
        expect(pieces.join("")).toBe(whole);
        for (const piece of pieces) {
          expect(piece.isWellFormed()).toBe(true);
          expect(Buffer.byteLength(piece) <= maxCost || [...piece].length === 1).toBe(true);
        }
        if (whole !== "") expect(pieces).not.toContain("");
      }),
    );
  });

  test("[UTF5] cutToBytes keeps as much of the beginning as the bytes hold, in whole code points", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(40), (text, maxBytes) => {
        const cut = cutToBytes(text, maxBytes);
        expect(text.startsWith(cut)).toBe(true);
        expect(utf8Bytes(cut)).toBeLessThanOrEqual(maxBytes);
        const next = text.codePointAt(cut.length);
        if (next !== undefined) expect(utf8Bytes(cut) + codePointBytes(next)).toBeGreaterThan(maxBytes);
      }),
    );
    expect(cutToBytes("漢字", 5)).toBe("漢");
  });

  test("[UTF4] splitAtCodePoints cuts as late as the price allows", () => {
    expect(splitAtCodePoints("aé😀b", 3, codePointBytes)).toEqual(["aé", "😀", "b"]);
    expect(splitAtCodePoints("", 3, codePointBytes)).toEqual([""]);
  });
});
