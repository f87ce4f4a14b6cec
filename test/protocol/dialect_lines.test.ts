import { describe, expect, test } from "vitest";
import { cLevels, cLog } from "../../protocol/dialects/c_log.ts";
import {
  carryProgress,
  dEndMessage,
  dGapMessage,
  dMessage,
  dStart,
  dUnknown,
} from "../../protocol/dialects/d_message.ts";
import { type EndFrame, type Entry, type LogEntry, levels } from "../../protocol/mod.ts";

const ts = Date.UTC(2026, 10, 20, 10);
const line = (more: Partial<LogEntry> = {}): LogEntry => ({
  kind: "log",
  ts,
  level: "info",
  line: "x",
  ...more,
});
const event: Entry = { kind: "event", ts, event: "disk.full", data: { free: 0 } };

describe("a message of dialect D", () => {
  test("[DMSG1] has all its keys, in the order of the contract, whatever the line says", () => {
    const keys = "timestamp level message progress step current_step total_steps offset".split(" ");
    for (const [entry, at] of [
      [line(), dStart],
      [line({ progress: 3, step: "s", currentStep: 1, totalSteps: 2 }), dUnknown],
      [event, dUnknown],
    ] as const) {
      expect(Object.keys(dMessage(entry, 7, carryProgress(at, entry)))).toEqual(keys);
    }
    expect(dMessage(event, 7, dStart)).toEqual({
      timestamp: "2026-11-20T10:00:00.000Z",
      level: "INFO",
      message: 'disk.full {"free":0}',
      progress: 0,
      step: null,
      current_step: null,
      total_steps: null,
      offset: 7,
    });
  });

  test("[DMSG2] maps levels exactly", () => {
    const mapped = levels.map((level) => dMessage(line({ level }), 1, dStart).level);
    expect(mapped).toEqual(["INFO", "INFO", "INFO", "SUCCESS", "WARN", "ERROR", "ERROR"]);
  });

  test("[DMSG3] carries what earlier lines said, each part for itself", () => {
    const first = carryProgress(dStart, line({ progress: 10, step: "fetch", currentStep: 1, totalSteps: 4 }));
    expect(carryProgress(first, line())).toBe(first);
    expect(carryProgress(first, event)).toBe(first);
    expect(carryProgress(first, line({ progress: 35.5 }))).toEqual({ ...first, progress: 35.5 });
    expect(carryProgress(first, line({ step: "build", currentStep: 2 }))).toEqual({
      progress: 10,
      step: "build",
      current_step: 2,
      total_steps: 4,
    });
    expect(carryProgress(dUnknown, line({ currentStep: 0 }))).toEqual({ ...dUnknown, current_step: 0 });
  });

  test("[DMSG4] a gap is a WARN that names its range, after which its offset goes on", () => {
    const gap = { type: "gap", channel: "task/1", from: 3, to: 9, count: 7, reason: "rate" } as const;
    expect(dGapMessage(gap, dUnknown, ts)).toMatchObject({
      level: "WARN",
      message: "7 lines are missing here: 3 to 9 (rate)",
      offset: 9,
    });
    const epoch = dGapMessage({ ...gap, to: null, count: null, reason: "epoch" }, dStart, ts);
    expect(epoch.message).toContain("after 2");
    expect(epoch.offset).toBe(0);
  });

  test("[DMSG5] the last one says how the task ended, and success is 100 percent", () => {
    const sums = { lines: 1, bytes: 2, crc32: "00000000" };
    const end: EndFrame = { type: "end", channel: "task/1", cursor: 12, status: "success", ...sums };
    const at = { ...dStart, progress: 40 };
    expect(dEndMessage({ ...end, exitCode: 0 }, at, ts)).toMatchObject({
      level: "SUCCESS",
      message: "Task ended: success",
      progress: 100,
      offset: 12,
    });
    const failed = { ...end, status: "failure", exitCode: 2, signal: "SIGTERM", message: "no disk" } as const;
    expect(dEndMessage(failed, at, ts)).toMatchObject({
      level: "ERROR",
      message: "Task ended: failure (exit code 2, signal SIGTERM, no disk)",
      progress: 40,
    });
    for (const status of ["cancelled", "expired"] as const) {
      expect(dEndMessage({ ...end, status }, at, ts).level).toBe("ERROR");
    }
  });
});

describe("a log object of dialect C", () => {
  test("[CLOG1] has the native level in upper case, and stage and fields where they are", () => {
    expect(cLevels).toEqual(["TRACE", "DEBUG", "INFO", "SUCCESS", "WARN", "ERROR", "FATAL"]);
    expect(cLog(line({ level: "warn", stage: "s", fields: { a: 1 }, progress: 3 }), 5)).toEqual({
      timestamp: "2026-11-20T10:00:00.000Z",
      level: "WARN",
      message: "x",
      cursor: 5,
      stage: "s",
      fields: { a: 1 },
    });
    expect(cLog(event, 6)).toEqual({
      timestamp: "2026-11-20T10:00:00.000Z",
      level: "INFO",
      message: 'disk.full {"free":0}',
      cursor: 6,
    });
  });
});
