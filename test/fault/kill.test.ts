import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mintToken } from "../../client/cli/mint.ts";
import { seededRandom } from "../client/sdk_random.ts";
import { followAsDialectA, followNatively } from "./followers.ts";
import { inForm, printedSeed } from "./form.ts";
import { GatewayProcess, type Victim } from "./gateway_process.ts";
import { streamLines } from "./numbered_lines.ts";
import { expectExactlyOnce } from "./verdict.ts";

/** [FLT1] the gateway is killed again and again while lines come in and go out. */

const secret = "a secret for the tests, of 32 bytes and more";
const rounds = inForm(12, 50);
const victims: readonly Victim[] = ["both", "both", "parent", "runtime"];
let folder: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  gateway = await GatewayProcess.start(folder, secret);
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Kills after a random time, and starts again what does not start by itself. */
async function killOnce(random: () => number, round: number): Promise<void> {
  await pass(20 + random() * 500);
  const victim = victims[round % victims.length] ?? "both";
  await gateway.kill(victim);
  // An orphan goes on alone for a while: what it takes must be there as well.
  if (victim === "parent") await pass(random() * 300);
  await (victim === "runtime" ? gateway.recovers() : gateway.start());
}

describe("kill -9", () => {
  test(
    `[FLT1] ${rounds} times at random moments: every acknowledged line is there once, everyone has the same list`,
    async () => {
      const random = seededRandom(printedSeed("FLT1"));
      const token = await mintToken(secret, { subject: "test", grants: ["admin:*"], ttlMs: 3_600_000 });
      const access = { url: gateway.url, token };
      const channel = "build/killed";
      const followers = [
        followNatively(access, channel, "direct"),
        followNatively(access, channel, "shared"),
        followAsDialectA(access, channel),
      ];
      const pace = { lines: 3, everyMs: 10 };
      const sources = [
        streamLines(access, channel, "one", pace),
        streamLines(access, channel, "two", pace, "socket"),
      ];
      try {
        for (let round = 0; round < rounds; round++) await killOnce(random, round);
        const journal = await expectExactlyOnce(access, channel, sources, followers);
        expect(journal.length).toBeGreaterThan(rounds * 10);
        for (const { breaks } of followers) expect(breaks).toBeGreaterThanOrEqual(rounds);
        console.log(`FLT1: ${journal.length} lines, breaks ${followers.map(({ breaks }) => breaks)}`);
      } finally {
        for (const each of [...sources, ...followers]) each.close();
      }
    },
    inForm(150_000, 400_000),
  );
});
