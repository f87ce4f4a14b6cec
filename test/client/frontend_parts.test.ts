import { describe, expect, test } from "vitest";
import { readHistory, readMessage, readReceipt, readStatus } from "../../client/frontend/answers.ts";
import { plainLine } from "../../client/frontend/elements.ts";
import { RowWindow } from "../../client/frontend/row_window.ts";
import { maxSteps, noSteps, takeStep } from "../../client/frontend/steps.ts";
import { wordsFor } from "../../client/frontend/words.ts";

const said = (
  step: string | null,
  current_step: number | null = null,
  total_steps: number | null = null,
) => ({
  step,
  current_step,
  total_steps,
});

describe("the steps of a task", () => {
  test("[FSTEP1] follow one another by number, or by name where there is none", () => {
    let steps = noSteps;
    for (const message of [said(null), said("Fetch", 1, 3), said("Fetch", 1, 3), said("Unpack", 2, 3)]) {
      steps = takeStep(steps, message);
    }
    expect(steps).toEqual({
      steps: [
        { number: 1, name: "Fetch" },
        { number: 2, name: "Unpack" },
      ],
      total: 3,
    });
    expect(takeStep(steps, said("Unpack", 2, 3))).toBe(steps);
    expect(takeStep(steps, said("Unpack (retry)", 2)).steps.at(-1)).toEqual({
      number: 2,
      name: "Unpack (retry)",
    });
    const named = ["a", "a", "b"].reduce((before, name) => takeStep(before, said(name)), noSteps);
    expect(named.steps).toEqual([
      { number: 1, name: "a" },
      { number: 2, name: "b" },
    ]);
  });

  test("[FSTEP2] are bounded: the oldest go", () => {
    let steps = noSteps;
    for (let i = 1; i <= maxSteps + 5; i++) steps = takeStep(steps, said(`step ${i}`, i));
    expect(steps.steps).toHaveLength(maxSteps);
    expect(steps.steps[0]).toEqual({ number: 6, name: "step 6" });
  });
});

describe("the rows of a log", () => {
  test("[FROW1] stand up to their bound, and what goes is counted", () => {
    const rows = new RowWindow<number>(3);
    for (const row of [1, 2]) rows.add(row);
    expect(rows.take()).toEqual({ rows: [1, 2], remove: 0 });
    for (const row of [3, 4]) rows.add(row);
    expect(rows.take()).toEqual({ rows: [3, 4], remove: 1 });
    expect([rows.gone, rows.isEmpty]).toEqual([1, true]);
    for (let row = 5; row <= 1_000; row++) rows.add(row);
    expect(rows.take()).toEqual({ rows: [998, 999, 1_000], remove: 3 });
    expect(rows.gone).toBe(997);
  });
});

describe("a line in a page", () => {
  test.each([
    ["\u001b[1;31mred\u001b[0m", "red"],
    ["\u001b]8;;http://x\u0007link\u001b]8;;\u001b\\", "link"],
    ["10%\r20%\r30%", "30%"],
    ["done\r", "done"],
    ["a\u001b[2Kb", "ab"],
    ["<b>&amp;</b>", "<b>&amp;</b>"],
    ["", ""],
  ])("[FLINE1] %j is %j", (line, plain) => {
    expect(plainLine(line)).toBe(plain);
  });
});

test("[FWORD1] the page's language chooses the words", () => {
  for (const lang of ["zh", "zh-CN", "ZH-Hant"]) expect(wordsFor(lang).progress).toBe("进度");
  for (const lang of ["", "en", "de", "zhx"]) expect(wordsFor(lang).progress).toBe("Progress");
});

test("[FREAD1] an answer that is not the gateway's is none", () => {
  const progress = { progress: 1, step: null, current_step: null, total_steps: null };
  const message = { timestamp: "t", level: "INFO", message: "m", ...progress, offset: 1 };
  expect(readMessage({ ...message, more: 1 })).toMatchObject(message);
  for (const key of Object.keys(message)) expect(readMessage({ ...message, [key]: undefined })).toBeNull();
  expect(readHistory({ messages: [message], next: null, total: 1 })).toEqual({
    messages: [message],
    next: null,
  });
  for (const wrong of [null, [], { messages: [{}], next: null }, { messages: [], next: "1" }]) {
    expect(readHistory(wrong)).toBeNull();
  }
  const status = { status: "running", ...progress, is_completed: false, success: false, exit_code: null };
  expect(readStatus(status)).toEqual(status);
  expect(readStatus({ ...status, exit_code: "0" })).toBeNull();
  expect(readReceipt({ task_id: "a", fn: "a.log" })).toEqual({ task_id: "a", fn: "a.log" });
  expect(readReceipt({ task_id: 1, fn: "a.log" })).toBeNull();
});
