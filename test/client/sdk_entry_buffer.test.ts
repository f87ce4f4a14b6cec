import { describe, expect, it } from "vitest";
import { EntryBuffer } from "../../client/sdk/entry_buffer.ts";
import type { LogEntry } from "../../protocol/mod.ts";
import { seededRandom } from "./sdk_random.ts";

function line(text: string): LogEntry {
  return { kind: "log", ts: 0, level: "info", line: text };
}

function lines(first: number, count: number): LogEntry[] {
  return Array.from({ length: count }, (_, index) => line(`line ${first + index}`));
}

describe("EntryBuffer", () => {
  it("[BUF1] holds at most its bound and tells how many it dropped", () => {
    const buffer = new EntryBuffer(10);
    expect(buffer.push(1, lines(1, 8))).toBe(0);
    expect(buffer.push(9, lines(9, 8))).toBe(6);
    expect(buffer.length).toBe(10);
    expect(buffer.dropped).toBe(6);
    expect([buffer.firstCursor, buffer.lastCursor]).toEqual([7, 16]);
    expect([...buffer].map(({ cursor }) => cursor)).toEqual([7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
  });

  it("[BUF2] equals the last n of all that was pushed, holes included", () => {
    const random = seededRandom(7);
    const buffer = new EntryBuffer(37);
    const all: number[] = [];
    let cursor = 0;
    for (let round = 0; round < 200; round++) {
      cursor += 1 + Math.floor(random() * 3);
      const count = Math.floor(random() * 60);
      buffer.push(cursor, lines(cursor, count));
      for (let i = 0; i < count; i++) all.push(cursor + i);
      cursor += count;
      expect([...buffer].map((placed) => placed.cursor)).toEqual(all.slice(-37));
    }
    expect(buffer.dropped).toBe(all.length - buffer.length);
  });

  it("[BUF3] finds entries by their cursor, and says where one would be", () => {
    const buffer = new EntryBuffer(6);
    buffer.push(1, lines(1, 4));
    buffer.push(10, lines(10, 4));
    expect([...buffer].map(({ cursor }) => cursor)).toEqual([3, 4, 10, 11, 12, 13]);
    expect(buffer.indexOf(10)).toBe(2);
    expect(buffer.indexOf(5)).toBe(-1);
    expect(buffer.indexFrom(5)).toBe(2);
    expect(buffer.indexFrom(14)).toBe(6);
    expect(buffer.replace(10, line("redacted"))).toBe(true);
    expect(buffer.at(2)?.entry).toMatchObject({ line: "redacted" });
    expect(buffer.replace(5, line("nothing"))).toBe(false);
  });

  it("[BUF4] is empty after clear, and refuses a bound below one", () => {
    const buffer = new EntryBuffer(3);
    buffer.push(1, lines(1, 9));
    buffer.clear();
    expect([buffer.length, buffer.dropped, buffer.firstCursor]).toEqual([0, 0, null]);
    buffer.push(20, lines(20, 4));
    expect([...buffer].map(({ cursor }) => cursor)).toEqual([21, 22, 23]);
    expect(() => new EntryBuffer(0)).toThrow("maxEntries is 0. Allowed: an integer from 1.");
  });
});
