import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import { finish } from "./cli_support.ts";
import { CuttingProxy } from "./cutting_proxy.ts";
import type { DenoReport, DenoTask } from "./deno_reader.ts";

/** [DENO] the SDK in Deno, as it stands: no build, no configuration, no package. */

const root = resolve(import.meta.dirname, "../..");
const secret = "a secret for the tests, of 32 bytes and more";
/** Nothing is looked up, fetched or kept outside the test's folder. */
const alone = ["--no-config", "--no-lock", "--no-remote", "--no-npm"];
let folder: string;
let gateway: Gateway;
let proxy: CuttingProxy;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  gateway = await startGateway({ port: 0, dataDir: join(folder, "data"), secret });
  proxy = await CuttingProxy.start(new URL(gateway.url));
});
afterAll(async () => {
  await proxy.stop();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

function startDeno(args: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(join(root, "node_modules/.bin/deno"), args, {
    cwd: root,
    env: { DENO_DIR: join(folder, "deno"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
  });
}

/** Runs the program, and cuts its way each time a channel's next mark was read. */
async function runCut(task: DenoTask, marks: ReadonlyMap<string, string[]>) {
  const { host } = new URL(task.url);
  const child = startDeno(["run", ...alone, "--no-prompt", `--allow-net=${host}`, "test/e2e/deno_reader.ts"]);
  const ended = finish(child);
  const reports: DenoReport[] = [];
  try {
    child.stdin.end(JSON.stringify(task));
    for await (const text of createInterface({ input: child.stdout })) {
      const report: DenoReport = JSON.parse(text);
      reports.push(report);
      const left = marks.get(report.channel) ?? [];
      if (!("lines" in report && left[0] !== undefined && report.lines.includes(left[0]))) continue;
      left.shift();
      proxy.cut();
      proxy.mend();
    }
    const { code, stderr } = await ended;
    return { code, stderr: stderr.toString(), reports };
  } finally {
    child.kill("SIGKILL");
  }
}

/** The lines of a channel, each at its own cursor. */
function linesOf(reports: readonly DenoReport[], channel: string): string[] {
  const lines: string[] = [];
  for (const report of reports) {
    if (report.channel !== channel || !("lines" in report)) continue;
    expect(report.first).toBe(lines.length + 1);
    lines.push(...report.lines);
  }
  return lines;
}

const endings = ["", "漢字 🚀", "\0", "\x1b[31mred\x1b[0m", "a\rb", "\ufeff", '"\\'];

test("[DENO1] both producers and both transports, cut again and again: each line once, in order, verified", async () => {
  const task: DenoTask = {
    url: proxy.origin,
    token: await mintToken(secret, { subject: "deno", grants: ["admin:*"], ttlMs: 600_000 }),
    posted: "build/posted",
    sent: "build/sent",
    lines: Array.from({ length: 3_000 }, (_, i) => `line ${i} ${endings[i % endings.length]}`),
  };
  const at = (places: readonly number[]) => places.map((i) => task.lines[i] ?? "");
  const marks = new Map([
    [task.posted, at([300, 1_600])],
    [task.sent, at([900, 2_200])],
  ]);
  const { code, stderr, reports } = await runCut(task, marks);
  expect([code, stderr]).toEqual([0, ""]);
  for (const channel of [task.posted, task.sent]) {
    expect(linesOf(reports, channel)).toEqual(task.lines);
    const rest = reports.filter((report) => report.channel === channel && !("lines" in report));
    expect(rest).toEqual([{ channel, proof: "verified", status: "success", connects: expect.any(Number) }]);
    // Whoever read a mark was connected, and was cut.
    expect(Math.min(...rest.map((report) => ("connects" in report ? report.connects : 0)))).toBeGreaterThan(
      2,
    );
  }
});

test("[DENO2] its types are those of Deno: a program that imports the SDK is checked without any setting", async () => {
  const { code, stderr } = await finish(startDeno(["check", ...alone, "client/sdk/mod.ts"]));
  expect([code, stderr.toString()]).toEqual([0, "Check client/sdk/mod.ts\n"]);
});
