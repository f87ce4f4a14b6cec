import { describe, expect, it } from "vitest";
import { filterFrame, filterQuery, type PluginFilter, passesFilter } from "../../client/sdk/plugin_filter.ts";
import { PluginList } from "../../client/sdk/plugin_list.ts";
import { decodePluginFrame } from "../../protocol/dialects/c_decode.ts";
import type { CLog } from "../../protocol/dialects/c_log.ts";

const log = (cursor: number, message = `line ${cursor}`): CLog => ({
  timestamp: new Date(cursor * 1_000).toISOString(),
  level: "INFO",
  message,
  cursor,
});
const logs = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => log(from + i));
const cursors = (list: readonly CLog[]) => list.map(({ cursor }) => cursor);
const any = () => true;

describe("a plugin's list", () => {
  it("[PLL1] takes each line once, whoever brings it", () => {
    const list = new PluginList(100);
    list.replace(logs(1, 3), 3);
    expect(cursors(list.append(logs(2, 5), any))).toEqual([4, 5]);
    expect(list.append(logs(1, 5), any)).toEqual([]);
    expect(cursors(list.logs)).toEqual([1, 2, 3, 4, 5]);
    expect(list.cursor).toBe(5);
  });

  it("[PLL2] goes on after what it did not want", () => {
    const list = new PluginList(100);
    list.append(logs(1, 4), ({ cursor }) => cursor < 3);
    expect([cursors(list.logs), list.cursor]).toEqual([[1, 2], 4]);
    list.replace([], 9);
    expect(list.append(logs(5, 9), any)).toEqual([]);
  });

  it("[PLL3] holds the newest, and says how many went", () => {
    const list = new PluginList(3);
    list.replace(logs(1, 2), 2);
    list.append(logs(3, 5), any);
    expect([cursors(list.logs), list.dropped]).toEqual([[3, 4, 5], 2]);
    list.append(logs(6, 20), any);
    expect([cursors(list.logs), list.dropped]).toEqual([[18, 19, 20], 17]);
  });

  it("[PLL4] a history that was read meanwhile: what came after it stays, and nothing has a hole below", () => {
    const list = new PluginList(100);
    list.replace([log(2), log(40)], 40);
    list.append([log(50), log(61)], any);
    list.merge([log(30), log(50), log(60)], 60);
    expect([cursors(list.logs), list.cursor]).toEqual([[30, 50, 60, 61], 61]);
    list.merge([], 61);
    expect([cursors(list.logs), list.cursor]).toEqual([[], 61]);
  });

  it("[PLL5] narrows at once, and forgets a deleted journal", () => {
    const list = new PluginList(100);
    list.append(logs(1, 4), any);
    list.narrow(({ cursor }) => cursor % 2 === 0);
    expect(cursors(list.logs)).toEqual([2, 4]);
    list.clear();
    expect(cursors(list.append(logs(1, 2), any))).toEqual([1, 2]);
  });
});

describe("a plugin's filter", () => {
  const cases: [PluginFilter, boolean][] = [
    [{}, true],
    [{ levels: [] }, true],
    [{ levels: ["info", "error"] }, true],
    [{ levels: ["error"] }, false],
    [{ search: "" }, true],
    [{ search: "LINE 5" }, true],
    [{ search: "line 6" }, false],
    [{ startTime: 5_000, endTime: 5_000 }, true],
    [{ startTime: 5_001 }, false],
    [{ endTime: 4_999 }, false],
  ];
  it.each(cases)("[PLL6] %j", (filter, passes) => {
    expect(passesFilter(filter, log(5))).toBe(passes);
  });

  it("[PLL7] as the history and the socket take it", () => {
    expect(filterQuery({ levels: [], search: "" })).toEqual({});
    expect(filterQuery({ levels: ["warn"], search: "x", startTime: 1, endTime: 2 })).toEqual({
      level: ["warn"],
      search: "x",
      start_time: 1,
      end_time: 2,
    });
    expect(filterFrame({})).toEqual({ type: "filter", level: "", search: "" });
    expect(filterFrame({ levels: ["warn", "error"], search: "x" })).toMatchObject({ level: "warn,error" });
  });
});

describe("reading a frame of a plugin's logs", () => {
  it.each([
    ["initial", { type: "initial", logs: [log(1)] }],
    ["append", { type: "append", logs: [{ ...log(1), stage: "s", more: 1 }] }],
    ["a gap", { type: "gap", from: 3, to: null, count: null, reason: "epoch" }],
    ["an end", { type: "end", cursor: 1, status: "success", lines: 1, bytes: 2, crc32: "00000000" }],
    ["an error", { type: "error", code: "new_one", message: "No." }],
    ["a pong", { type: "pong" }],
  ])("[PLL8] %s", (_, frame) => {
    expect(decodePluginFrame(JSON.stringify(frame))).toEqual({ ok: true, value: frame });
  });

  it.each([
    ["no JSON", "{", "is not JSON"],
    ["another type", '{"type":"log"}', 'of type "log"'],
    ["an inherited name", '{"type":"toString"}', 'of type "toString"'],
    ["event in place of type", '{"event":"append","logs":[]}', "of type undefined"],
    ["a log without a cursor", '{"type":"append","logs":[{"message":"x"}]}', "with logs"],
    ["a gap of an unknown reason", '{"type":"gap","from":1,"to":2,"count":2,"reason":"x"}', "with reason"],
  ])("[PLL9] %s is refused in a sentence", (_, text, sentence) => {
    const read = decodePluginFrame(text);
    expect(read.ok ? "" : read.problem.message).toContain(sentence);
  });
});
