import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import { seededRandom } from "../client/sdk_random.ts";
import { CuttingProxy, type Fate } from "../e2e/cutting_proxy.ts";
import { followAsDialectA, followNatively } from "./followers.ts";
import { inForm, printedSeed } from "./form.ts";
import { streamLines } from "./numbered_lines.ts";
import { expectExactlyOnce } from "./verdict.ts";

/** [FLT2] every connection is cut at a random byte, or after a while where so many do not pass, again and again. */

const secret = "a secret for the tests, of 32 bytes and more";
const cuts = inForm(150, 1_000);
let folder: string;
let gateway: Gateway;
let proxy: CuttingProxy;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  gateway = await startGateway({ port: 0, dataDir: folder, secret });
  proxy = await CuttingProxy.start(new URL(gateway.url));
});
afterAll(async () => {
  await proxy.stop();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** From one byte of the handshake to somewhere in the hundredth frame; few and many bytes are as likely. */
function randomFate(random: () => number): Fate {
  const direction = random() < 0.4 ? "up" : "down";
  const most = direction === "up" ? 8_000 : 40_000;
  return {
    direction,
    bytes: Math.ceil(most ** random()),
    ms: 50 + Math.floor(random() * 1_000),
    isReset: random() < 0.5,
  };
}

describe("cut sockets", () => {
  test(
    `[FLT2] ${cuts} cuts at random bytes: nothing is lost, repeated or missing unannounced`,
    async () => {
      const random = seededRandom(printedSeed("FLT2"));
      const token = await mintToken(secret, { subject: "test", grants: ["admin:*"], ttlMs: 3_600_000 });
      const access = { url: proxy.origin, token };
      const channel = "build/cut";
      proxy.decide = () => (proxy.cutsAtByte < cuts ? randomFate(random) : null);
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
        while (proxy.cutsAtByte < cuts) await pass(20);
        const journal = await expectExactlyOnce({ ...access, url: gateway.url }, channel, sources, followers);
        const breaks = followers.map((follower) => follower.breaks);
        const ofSources = breaks.reduce((left, each) => left - each, proxy.cuts);
        for (const each of [...breaks, ofSources]) expect(each).toBeGreaterThan(cuts / 20);
        console.log(
          `FLT2: ${journal.length} lines, ${proxy.cuts} cuts, ${proxy.cutsAtByte} at their byte, breaks ${breaks}`,
        );
      } finally {
        for (const each of [...sources, ...followers]) each.close();
      }
    },
    inForm(60_000, 300_000),
  );
});
