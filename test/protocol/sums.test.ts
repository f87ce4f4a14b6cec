import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  combineSums,
  crc32,
  crc32Combine,
  crc32Hex,
  type Entry,
  emptySum,
  sameSum,
  TextSummer,
  textOf,
} from "../../protocol/mod.ts";

const bytes = fc.uint8Array({ maxLength: 2_000 });

const line = fc.string({ unit: "binary", maxLength: 60 }).map((text) => text.toWellFormed());
const entry: fc.Arbitrary<Entry> = fc.oneof(
  line.map((text): Entry => ({ kind: "log", ts: 1, level: "info", line: text })),
  line.map((text): Entry => ({ kind: "log", ts: 1, level: "info", line: text, more: true })),
  fc.constant<Entry>({ kind: "event", ts: 1, event: "e", data: null }),
);

function sumOf(entries: readonly Entry[]) {
  const summer = new TextSummer();
  for (const each of entries) summer.add(each);
  return summer.sum;
}

describe("crc32", () => {
  test("[SUM1] is zlib's, whole and going on", () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(crc32(a)).toBe(zlibCrc32(a));
        expect(crc32(b, crc32(a))).toBe(zlibCrc32(Buffer.concat([a, b])));
      }),
    );
  });

  test("[SUM2] counts only the length it is given", () => {
    const buffer = Buffer.from("123456789 and what an earlier line left");
    expect(crc32Hex(crc32(buffer, 0, 9))).toBe("cbf43926");
  });

  test("[SUM3] crc32Combine puts a text's CRC together from those of its parts", () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(crc32Combine(zlibCrc32(a), zlibCrc32(b), b.length)).toBe(zlibCrc32(Buffer.concat([a, b])));
      }),
    );
  });

  test("[SUM4] crc32Combine takes parts of more than 4 GiB", () => {
    // n + m zero bytes are n and then m of them, whatever the sizes.
    const zerosCrc = (doublings: number): number => {
      let crc = zlibCrc32(Buffer.alloc(1));
      for (let i = 0; i < doublings; i++) crc = crc32Combine(crc, crc, 2 ** i);
      return crc;
    };
    const large = 2 ** 34;
    const left = crc32Combine(crc32Combine(1, zerosCrc(34), large), zerosCrc(3), 8);
    const right = crc32Combine(1, crc32Combine(zerosCrc(34), zerosCrc(3), 8), large + 8);
    expect(left).toBe(right);
    expect(zerosCrc(10)).toBe(zlibCrc32(Buffer.alloc(1024)));
  });

  test("[SUM5] crc32Hex writes eight digits", () => {
    expect(crc32Hex(0)).toBe("00000000");
    expect(crc32Hex(0xffff_ffff)).toBe("ffffffff");
  });
});

describe("text sums", () => {
  test("[SUM6] cover each log entry's line and \\n, none after more, and no event", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 30 }), (entries) => {
        const text = Buffer.from(entries.map(textOf).join(""));
        const ends = entries.filter((each) => each.kind === "log" && !each.more).length;
        expect(sumOf(entries)).toEqual({ lines: ends, bytes: text.length, crc: zlibCrc32(text) });
      }),
    );
  });

  test("[SUM7] combineSums of any split is the sum of the whole", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 30 }), fc.nat(30), (entries, cut) => {
        const combined = combineSums(sumOf(entries.slice(0, cut)), sumOf(entries.slice(cut)));
        expect(sameSum(combined, sumOf(entries))).toBe(true);
      }),
    );
  });

  test("[SUM8] a summer goes on from a sum", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 30 }), fc.nat(30), (entries, cut) => {
        const summer = new TextSummer(sumOf(entries.slice(0, cut)));
        for (const each of entries.slice(cut)) summer.add(each);
        expect(summer.sum).toEqual(sumOf(entries));
      }),
    );
  });

  test("[SUM9] sums differ where lines, bytes or CRC do", () => {
    const sum = { lines: 1, bytes: 2, crc: 3 };
    expect(sameSum(sum, { ...sum })).toBe(true);
    for (const other of [{ lines: 2 }, { bytes: 3 }, { crc: 4 }]) {
      expect(sameSum(sum, { ...sum, ...other })).toBe(false);
    }
    expect(combineSums(emptySum, sum)).toEqual(sum);
  });

  test("[SUM10] a line larger than the summer's buffer counts whole", () => {
    const large: Entry = { kind: "log", ts: 1, level: "info", line: "語".repeat(50_000) };
    expect(sumOf([large])).toEqual({ lines: 1, bytes: 150_001, crc: zlibCrc32(`${large.line}\n`) });
  });
});
