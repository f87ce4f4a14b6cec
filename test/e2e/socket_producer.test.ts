import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import {
  ApiClient,
  type ClientProblem,
  SocketProducer,
  type SocketProducerOptions,
} from "../../client/sdk/mod.ts";
import { seededRandom } from "../client/sdk_random.ts";
import { CuttingProxy } from "./cutting_proxy.ts";

/** A producer's socket against a real gateway, over a way that is cut. */

const secret = "a secret for the tests, of 32 bytes and more";
const deadlineMs = 60_000;
let folder: string;
let gateway: Gateway;
let proxy: CuttingProxy;
let token: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  gateway = await startGateway({ port: 0, dataDir: folder, secret });
  proxy = await CuttingProxy.start(new URL(gateway.url));
  token = await mintToken(secret, { subject: "runner", grants: ["admin:*"], ttlMs: 600_000 });
});
afterAll(async () => {
  await proxy.stop();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Told {
  readonly problems: ClientProblem[];
  dropped: number;
}

function start(channel: string, options: Partial<SocketProducerOptions> = {}): [SocketProducer, Told] {
  const told: Told = { problems: [], dropped: 0 };
  const producer = new SocketProducer({
    url: proxy.origin,
    channel,
    token,
    lingerMs: 1,
    random: () => 0.02,
    onProblem: (problem) => told.problems.push(problem),
    onDropped: (count) => {
      told.dropped += count;
    },
    ...options,
  });
  return [producer, told];
}

async function stored(channel: string): Promise<string[]> {
  const api = new ApiClient({ url: gateway.url, token });
  const lines: string[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page = await api.history(channel, { after, limit: 5_000 });
    if (!page.ok) throw new Error(page.problem.message);
    for (const entry of page.value.entries) {
      expect(entry.cursor).toBe(lines.push(entry.kind === "log" ? entry.line : entry.event));
    }
    after = page.value.next;
  }
  return lines;
}

describe("a producer's socket", () => {
  test.each([1, 2])(
    "[SPR4] cut again and again it brings every line once and in order (seed %i)",
    async (seed) => {
      const random = seededRandom(seed);
      const channel = `build/cut-${seed}`;
      let sockets = 0;
      /** Its way is cut soon after some of its frames were sent, wherever these are then. */
      class CutSocket extends WebSocket {
        #left = sockets++ < 40 ? 1 + Math.floor(random() * 12) : Number.POSITIVE_INFINITY;

        override send(text: string): void {
          super.send(text);
          this.#left -= 1;
          if (this.#left !== 0) return;
          setTimeout(() => {
            proxy.cut();
            proxy.mend();
          }, random() * 6);
        }
      }
      const [producer, told] = start(channel, {
        batchEntries: 50,
        maxUnackedBytes: 64 * 1024,
        webSocket: CutSocket,
      });
      const lines = Array.from(
        { length: 30_000 },
        (_, i) => `line ${i} ${"é".repeat(Math.floor(random() * 40))}`,
      );
      for (const line of lines) producer.append({ line });
      expect(await producer.flush(deadlineMs)).toBe(true);
      expect(await stored(channel)).toEqual(lines);
      expect(sockets).toBeGreaterThan(40);
      expect(told.dropped).toBe(0);
      expect(told.problems.every(({ code }) => code === "connection_lost")).toBe(true);
      expect(told.problems.length).toBeGreaterThanOrEqual(40);
      const ended = await producer.end({ status: "success" }, deadlineMs);
      expect(ended).toMatchObject({ ok: true, value: { lines: lines.length } });
      expect(producer.isStopped).toBe(true);
    },
  );

  test("[SPR5] what the gateway refuses for good is left out and told, and the rest goes on", async () => {
    const channel = "build/refused";
    const [producer, told] = start(channel, { batchEntries: 1 });
    producer.append({ line: "one" });
    producer.append({ kind: "event", event: "large", data: "x".repeat(200_000) });
    producer.append({ kind: "event", event: "larger than a frame", data: "x".repeat(1_100_000) });
    producer.append({ line: "two" });
    expect(await producer.flush(deadlineMs)).toBe(true);
    const lines = (await stored(channel)).filter((line) => !line.startsWith("tailrace:"));
    expect(lines).toEqual(["one", "two"]);
    expect(told.problems.map(({ code }) => code)).toEqual(["entry_too_large", "entry_too_large"]);
    expect(told.dropped).toBe(2);
    producer.close();
  });

  test("[SPR6] a long line and control characters come whole", async () => {
    const channel = "build/long";
    const [producer, told] = start(channel);
    const long = "\u0001".repeat(400_000);
    producer.append({ line: long });
    producer.append({ line: "after" });
    expect(await producer.flush(deadlineMs)).toBe(true);
    const lines = await stored(channel);
    expect(lines.slice(0, -1).join("") === long).toBe(true);
    expect(lines.at(-1)).toBe("after");
    expect(told).toEqual({ problems: [], dropped: 0 });
    producer.close();
  });

  test("[SPR7] goes on in a new epoch when its channel was deleted", async () => {
    const channel = "build/deleted";
    const [producer, told] = start(channel);
    producer.append({ line: "old" });
    expect(await producer.flush(deadlineMs)).toBe(true);
    await new ApiClient({ url: gateway.url, token }).deleteChannel(channel);
    producer.append({ line: "new" });
    expect(await producer.flush(deadlineMs)).toBe(true);
    const api = new ApiClient({ url: gateway.url, token });
    expect(await api.history(channel, {})).toMatchObject({
      ok: true,
      value: { entries: [{ cursor: 2, line: "new" }] },
    });
    expect(told).toEqual({ problems: [], dropped: 0 });
    producer.close();
  });

  test("[SPR8] without a grant, or after the end, it stops and counts what it dropped", async () => {
    const reader = await mintToken(secret, { subject: "reader", grants: ["read:*/*"], ttlMs: 600_000 });
    const [refused, told] = start("build/forbidden", { token: reader });
    refused.append({ line: "one" });
    expect(await refused.flush(deadlineMs)).toBe(false);
    expect(told.dropped).toBe(1);
    expect(told.problems.at(-1)).toMatchObject({ code: "forbidden", final: true });
    const [late, toldLate] = start("build/cut-1");
    late.append({ line: "late" });
    expect(await late.flush(deadlineMs)).toBe(false);
    expect(toldLate.problems).toMatchObject([{ code: "channel_ended", final: true }]);
    expect(toldLate.dropped).toBe(1);
    expect(await late.end({ status: "success" }, 1_000)).toMatchObject({ ok: false });
  });

  test("[SPR9] flush and end keep their deadline while the gateway is away", async () => {
    const [producer, told] = start("build/away");
    proxy.cut();
    producer.append({ line: "one" });
    expect(await producer.flush(100)).toBe(false);
    expect(await producer.end({ status: "success" }, 100)).toMatchObject({ ok: false });
    expect(told.dropped).toBe(1);
    proxy.mend();
  });
});
