import { describe, expect, test } from "vitest";
import { type Marks, readMarks } from "../../client/cli/agent/marks.ts";
import { TaskOutput } from "../../client/cli/agent/task_output.ts";
import { type LogEntry, textOf } from "../../protocol/mod.ts";

/** [MARK] steps and progress are read from what a script prints, and nothing is read that is not said. */

const step = (currentStep: number, totalSteps: number, name: string): Marks => ({
  step: name,
  currentStep,
  totalSteps,
});

describe("readMarks", () => {
  test.each<[line: string, marks: Marks]>([
    ["[ 42%] Building CXX object", { progress: 42 }],
    ["[100%] Built target all", { progress: 100 }],
    ["Progress: 42", { progress: 42 }],
    ["Progress: [ 42%] [####......]", { progress: 42 }],
    ["progress 99.5 %", { progress: 99.5 }],
    ["::progress 42::", { progress: 42 }],
    ["::progress 7%::unpacking", { progress: 7 }],
    ["::progress::0", { progress: 0 }],
    ["##vso[task.setprogress value=42;]Unpacking", { progress: 42 }],
    ["######################     57.3%", { progress: 57.3 }],
    ["[=====>     ] 42%", { progress: 42 }],
    ["  8%|████      | 8/100 [00:01<00:11]", { progress: 8 }],
    ["42%", { progress: 42 }],
    ["Step 3/10: Unpack the archive", step(3, 10, "Unpack the archive")],
    ["Step 3/10 : RUN make", step(3, 10, "RUN make")],
    ["==> step 3 of 10 - Unpack", step(3, 10, "Unpack")],
    ["Step 10/10", step(10, 10, "")],
    ["[3/10] Compiling", step(3, 10, "Compiling")],
    ["(3/10) downloading: [ 42%]", step(3, 10, "downloading: [ 42%]")],
    ["::step 2/4::解压", step(2, 4, "解压")],
    ["::group::Unpack", { step: "Unpack" }],
    ["::step 1/2::a\tb", step(1, 2, "a b")],
  ])("[MARK1] %j", (line, marks) => {
    expect(readMarks(line)).toEqual(marks);
  });

  test.each([
    "",
    "5% of the disk is free",
    "it is 42% done, they say",
    "Progress: 101",
    "Progress: 4200",
    "[250%] odd",
    "Progress is good: 42",
    "-5%",
    "--- -5%",
    "Step 11/10: too far",
    "Step 0/10: nothing yet",
    "[2026/11] a date",
    "in step 3/10 of the dance",
    "footstep 3/10",
    "::endgroup::",
    "::progress much::",
    "1.2.3%",
    "10.0.0.1",
  ])("[MARK2] %j says nothing of it", (line) => {
    expect(readMarks(line)).toEqual({});
  });

  test("[MARK3] ends on long lines made to be slow", () => {
    for (const unit of ["=", "[ ", "#=>", "step ", "::progress ", "9", "\u2588 "]) {
      expect(readMarks(unit.repeat(60_000))).toEqual({});
    }
  });
});

describe("TaskOutput", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const shape = ({ line, progress, more }: LogEntry) => [line, progress, more];

  test("[MARK4] a redrawn line is told while it is drawn, and its text is whole", () => {
    let now = 0;
    const output = new TaskOutput(() => now);
    const entries: LogEntry[] = [];
    const draw = (text: string) => {
      now += 300;
      entries.push(...output.push("stdout", bytes(text)));
    };
    draw("get 10%\r");
    draw("[ 20%] get\r");
    draw("[ 3");
    draw("0%] get\r");
    draw("[100%] got\r\nnext\n");
    entries.push(...output.end());
    expect(entries.map(textOf).join("")).toBe("get 10%\r[ 20%] get\r[ 30%] get\r[100%] got\nnext\n");
    expect(entries.map(shape)).toEqual([
      ["get 10%\r[ 20%] get", 20, true],
      ["\r[ 3", undefined, true],
      ["0%] get", 30, true],
      ["\r[100%] got", 100, undefined],
      ["next", undefined, undefined],
    ]);
  });

  test("[MARK5] redraws in quick succession share an entry, and CRLF cut anywhere is no redraw", () => {
    const output = new TaskOutput(() => 0);
    const quick = Array.from({ length: 100 }, (_, i) => output.push("stdout", bytes(`\r[ ${i}%]`))).flat();
    expect(quick.length).toBe(1);
    expect(output.push("stderr", bytes("one\r"))).toEqual([]);
    expect(output.push("stderr", bytes("\ntwo\r\n")).map(shape)).toEqual([
      ["one", undefined, undefined],
      ["two", undefined, undefined],
    ]);
    const [last] = output.end();
    expect(last).toMatchObject({ progress: 99 });
  });

  test("[MARK6] colours do not hide marks and stay in the line; groups make stages; streams are told apart", () => {
    const output = new TaskOutput(() => 0);
    const entries = [
      ...output.push("stdout", bytes("::group::Build\n\x1b[32m[ 42%]\x1b[0m Building\n")),
      ...output.push("stderr", bytes("::error::no\n")),
      ...output.push("stdout", bytes("::endgroup::\n\x1b]0;title\x07[2/4] b\n")),
      ...output.push("stdout", Uint8Array.of(0x00, 0xff, 0x0a)),
    ];
    expect(entries).toMatchObject([
      { line: "::group::Build", stage: "Build", step: "Build" },
      { line: "\x1b[32m[ 42%]\x1b[0m Building", stage: "Build", progress: 42, level: "info" },
      { line: "::error::no", stage: "Build", stream: "stderr", level: "error" },
      { line: "::endgroup::", stage: "Build" },
      { line: "\x1b]0;title\x07[2/4] b", currentStep: 2, totalSteps: 4, step: "b" },
      { line: "\0\uFFFD" },
    ]);
    expect(entries[4]).not.toHaveProperty("stage");
  });
});
