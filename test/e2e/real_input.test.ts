import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import { ApiClient } from "../../client/sdk/mod.ts";
import { limits } from "../../protocol/mod.ts";
import { cli } from "./cli_support.ts";
import { allDifficult, bareCases, brokenJson, difficultCases } from "./difficult_lines.ts";
import { checkEveryDoor, type Doors, expectSameBytes, withLiveReaders } from "./every_door.ts";
import { linesByBytes, textOfLines } from "./line_oracle.ts";
import { readHistory } from "./read_back.ts";
import { outputOf, realPrograms, terminalCaptures } from "./real_output.ts";
import { type Access, type Body, type Form, forms, sendAll } from "./send_lines.ts";

/** [REAL] what goes in comes out of every door exactly: the same lines, byte for byte, cursors 1 to n. */

const secret = "a secret for the tests, of 32 bytes and more";
const formNames = Object.keys(forms) as Form[];
let folder: string;
let gateway: Gateway;
let access: Access;
let count = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  gateway = await startGateway({ port: 0, dataDir: join(folder, "data"), secret });
  const token = await mintToken(secret, { subject: "test", grants: ["admin:*"], ttlMs: 600_000 });
  access = { url: gateway.url, token };
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

function freshChannel(): string {
  count += 1;
  return `build/real-${count}`;
}

/** Appends the bodies with readers waiting, ends the channel, and reads it by every door. */
async function sendAndCheck(bodies: readonly Body[], lines: readonly string[], doors: Doors): Promise<void> {
  const channel = freshChannel();
  const live = await withLiveReaders(access, channel, doors, async () => {
    await sendAll(access, channel, bodies);
    const receipt = await new ApiClient(access).end(channel, { status: "success" });
    if (!receipt.ok) throw new Error(receipt.problem.message);
    return receipt.value;
  });
  await checkEveryDoor(access, channel, lines, live, doors);
}

/** The same for each of the three forms, in three channels at once. */
async function sendInForms(bytes: Buffer, perBatch: number, doors: Doors): Promise<void> {
  const lines = linesByBytes(bytes);
  await Promise.all(formNames.map((form) => sendAndCheck(forms[form](bytes, perBatch), lines, doors)));
}

/** Runs a command under `tailrace run`, which is watched live; answers the channel and what passed through. */
async function runAndCheck(command: readonly string[], cwd: string, doors: Doors) {
  const channel = freshChannel();
  let printed: Buffer = Buffer.alloc(0);
  const live = await withLiveReaders(access, channel, doors, async () => {
    const args = ["run", channel, "--strict", "--drain-timeout", "60s", "--", ...command];
    const { code, stdout, stderr } = await tailrace(args, cwd);
    expect({ code, stderr: stderr.toString() }).toEqual({
      code: 0,
      stderr: `tailrace: watch it at ${gateway.url}/builds/${channel.slice("build/".length)}\n`,
    });
    printed = stdout;
    const summary = await new ApiClient(access).summary(channel);
    if (!summary.ok || summary.value.end === undefined) throw new Error(`${channel} has not ended`);
    return summary.value.end;
  });
  await checkEveryDoor(access, channel, linesByBytes(printed), live, doors);
  return { channel, printed };
}

function tailrace(args: readonly string[], cwd = folder) {
  return cli(args, { env: { TAILRACE_URL: gateway.url, TAILRACE_TOKEN: access.token }, cwd });
}

async function lineLengths(channel: string): Promise<number[]> {
  const entries = await readHistory(access, channel, limits.historyEntries);
  return entries.map((entry) => (entry.kind === "log" ? entry.line.length : -1));
}

describe("what real programs print", () => {
  const captures = terminalCaptures();

  test.each(captures)("[REAL1] $name, in three forms", async ({ bytes }) => {
    await sendInForms(bytes, 20, { pageLimit: 40 });
  });

  test.each(captures)("[REAL2] $name, by tailrace run", async ({ path, bytes }) => {
    const { printed } = await runAndCheck(["cat", path], folder, { pageLimit: 40 });
    expectSameBytes(printed, bytes);
  });

  test("[REAL3] commands, in three forms and by tailrace run", async () => {
    const scratch = join(folder, "scratch");
    mkdirSync(scratch);
    for (const program of realPrograms(scratch)) {
      const bytes = outputOf(program);
      await sendInForms(bytes, 7, { pageLimit: 11 });
      const { printed } = await runAndCheck(program.command, program.cwd, { pageLimit: 11 });
      expectSameBytes(printed, bytes);
    }
  });
});

describe("difficult lines", () => {
  test.each(difficultCases)("[REAL4] $name", async ({ bytes }) => {
    await sendInForms(bytes, 50, { pageLimit: 2 });
  });

  test("[REAL5] all of them in one batch, and by tailrace run", async () => {
    const bytes = allDifficult();
    const doors = { pageLimit: 25, hasDialectA: false };
    await sendAndCheck(forms.text(bytes, limits.batchEntries), linesByBytes(bytes), doors);
    const path = join(folder, "difficult");
    writeFileSync(path, bytes);
    const { channel, printed } = await runAndCheck(["cat", path], folder, doors);
    expectSameBytes(printed, bytes);
    const watched = await tailrace(["watch", channel, "-o", "raw"]);
    expectSameBytes(watched.stdout, textOfLines(linesByBytes(bytes)));
    expect(watched.stderr.toString()).toContain("complete, verified");
  });

  test.each(bareCases)("[REAL6] $name, by tailrace run", async ({ bytes }) => {
    const path = join(folder, "bare");
    writeFileSync(path, bytes);
    const { printed } = await runAndCheck(["cat", path], folder, { pageLimit: 2 });
    expectSameBytes(printed, bytes);
  });

  test("[REAL7] lone surrogates and invalid bytes in JSON become U+FFFD, and pairs stay", async () => {
    const doors = { pageLimit: 2 };
    await sendAndCheck([brokenJson.ndjson], brokenJson.lines, doors);
    await sendAndCheck([brokenJson.json], brokenJson.lines, doors);
  });

  test("[REAL8] a line that fits is one entry, wherever a pipe or a batch cuts its bytes", async () => {
    const lines = Array.from({ length: 8 }, (_, i) => String(i).repeat(40_000));
    const path = join(folder, "long");
    writeFileSync(path, textOfLines(lines));
    const { channel } = await runAndCheck(["cat", path], folder, { pageLimit: 3 });
    expect(await lineLengths(channel)).toEqual(lines.map(() => 40_000));
    const appended = freshChannel();
    const bytes = textOfLines([...lines, "x".repeat(limits.lineBytes), "y".repeat(limits.lineBytes + 1)]);
    await sendAll(access, appended, forms.text(bytes, 3));
    expect(await lineLengths(appended)).toEqual([...lines.map(() => 40_000), 65_536, 65_536, 1]);
  });

  test("[REAL9] whatever bytes, however they are cut into batches", async () => {
    const odd = ["\n", "\r\n", "\r", "\0", "é", "語", "🚀", "\ufeff", "\x1b[1m", "a", '"\\'];
    const long = fc.tuple(fc.constantFrom(...odd.slice(2)), fc.integer({ min: 1, max: 70_000 }));
    const token = fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom(...odd).map((each) => Buffer.from(each)) },
      { weight: 10, arbitrary: fc.uint8Array({ maxLength: 8 }).map((each) => Buffer.from(each)) },
      { weight: 1, arbitrary: long.map(([each, times]) => Buffer.from(each.repeat(times))) },
    );
    const bytes = fc
      .array(token, { minLength: 1, maxLength: 120 })
      .map((each) => Buffer.concat(each))
      .filter(({ length }) => length > 0);
    await fc.assert(
      fc.asyncProperty(
        bytes,
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(...formNames),
        (all, per, form) => sendAndCheck(forms[form](all, per), linesByBytes(all), { pageLimit: 10 }),
      ),
      // A shrunk case would cost a channel a try; the failure's seed and path give the case again.
      { numRuns: 25, endOnFailure: true },
    );
  });
});
