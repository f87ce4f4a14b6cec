import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import {
  AgentClient,
  type AgentClientOptions,
  type AgentCommand,
  ApiClient,
  type ClientProblem,
  type ConnectionState,
} from "../../client/sdk/mod.ts";
import { seededRandom } from "../client/sdk_random.ts";
import { CuttingProxy } from "./cutting_proxy.ts";

/** The SDK's agent against a real gateway, over a way that is cut. */

const secret = "a secret for the tests, of 32 bytes and more";
let folder: string;
let gateway: Gateway;
let proxy: CuttingProxy;
let token: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  gateway = await startGateway({
    port: 0,
    dataDir: folder,
    secret,
    vars: { MAX_COMMANDS_PER_SECOND: "1000" },
  });
  proxy = await CuttingProxy.start(new URL(gateway.url));
  token = await mintToken(secret, { subject: "agent", grants: ["admin:*"], ttlMs: 600_000 });
});
afterAll(async () => {
  await proxy.stop();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(options: Partial<AgentClientOptions> = {}): [AgentClient, ClientProblem[]] {
  const problems: ClientProblem[] = [];
  const agent = new AgentClient({
    url: proxy.origin,
    token,
    random: () => 0.02,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  return [agent, problems];
}

async function send(channel: string, id: string, name = "feedback"): Promise<void> {
  const response = await fetch(`${gateway.url}/v1/channels/${channel}/commands`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ id, name, data: { id } }),
  });
  expect(response.status, await response.text()).toBe(202);
}

async function stateOf(
  channel: string,
  id: string,
): Promise<{ state: string; data?: unknown; final?: boolean }> {
  const response = await fetch(`${gateway.url}/v1/channels/${channel}/commands/${id}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return (await response.json()) as { state: string };
}

async function stored(channel: string): Promise<string[]> {
  const page = await new ApiClient({ url: gateway.url, token }).history(channel, { limit: 5_000 });
  if (!page.ok) throw new Error(page.problem.message);
  return page.value.entries.map((entry) => (entry.kind === "log" ? entry.line : entry.event));
}

/** Collects what is called until there are `count`. */
function gather<T>(count: number): { readonly all: Promise<T[]>; readonly add: (item: T) => void } {
  const items: T[] = [];
  let resolve: (items: T[]) => void = () => undefined;
  const all = new Promise<T[]>((done) => {
    resolve = done;
  });
  const add = (item: T): void => {
    items.push(item);
    if (items.length === count) resolve(items);
  };
  return { all, add };
}

describe("an agent's client", () => {
  test("[AGC1] joins by name and by pattern, answers and publishes on one socket", async () => {
    const [agent, problems] = start();
    const got = gather<string>(3);
    const onCommand = async (command: AgentCommand): Promise<void> => {
      const producer = agent.producer(command.channel);
      producer.append({ kind: "log", line: `did ${command.id}` });
      command.answer({ at: 1 }, false);
      expect(await producer.flush(10_000)).toBe(true);
      producer.close();
      command.answer({ done: command.id });
      got.add(`${command.channel} ${command.id}`);
    };
    await send("project/one", "c-1");
    const joining = agent.join("project/one", { onCommand });
    agent.join("session/*", { onCommand, group: "engines" });
    await send("session/a", "c-2", "start_session");
    await send("session/b", "c-3", "start_session");
    expect((await got.all).toSorted()).toEqual(["project/one c-1", "session/a c-2", "session/b c-3"]);
    expect(await stored("session/b")).toEqual(["did c-3"]);
    const again = gather<string>(1);
    joining.close();
    agent.join("project/one", { onCommand: ({ id }) => again.add(id) });
    await send("project/one", "c-4");
    expect(await again.all).toEqual(["c-4"]);
    expect(await stateOf("project/one", "c-1")).toMatchObject({
      state: "answered",
      data: { done: "c-1" },
      final: true,
    });
    expect(() => agent.join("project/one", { onCommand })).toThrow("joined already");
    expect(() => agent.join("*", { onCommand })).toThrow("neither");
    expect(problems).toEqual([]);
    agent.close();
  });

  test.each([1, 2, 3])(
    "[AGC2] cut again and again it does each command once and in order, answers all, and publishes all once (seed %i)",
    async (seed) => {
      const random = seededRandom(seed);
      const channels = ["a", "b", "c"].map((name) => `project/cut-${seed}-${name}`);
      const perChannel = 25;
      proxy.decide = () => ({
        direction: random() < 0.5 ? "up" : "down",
        bytes: 4_000 + Math.floor(random() * 20_000),
        ms: 2_000,
        isReset: random() < 0.5,
      });
      let openings = 0;
      const waiting: (() => void)[] = [];
      const onState = ({ name }: ConnectionState): void => {
        if (name !== "open") return;
        openings += 1;
        for (const reopened of waiting.splice(0)) reopened();
      };
      const [agent] = start({ onState });
      const done = new Map(channels.map((channel) => [channel, [] as string[]]));
      let handled = 0;
      const all = gather<string>(channels.length * perChannel);
      const producers = new Map(
        channels.map((channel) => [channel, agent.producer(channel, { lingerMs: 1 })]),
      );
      agent.join(`project/cut-${seed}-*`, {
        onCommand: async (command) => {
          done.get(command.channel)?.push(command.id);
          producers.get(command.channel)?.append({ kind: "log", line: command.id });
          if (random() < 0.3) command.ack();
          await new Promise((resolve) => setImmediate(resolve));
          command.answer({ did: command.id });
          all.add(command.id);
          handled += 1;
          if (handled % 10 !== 0) return;
          const reopened = new Promise<void>((resolve) => waiting.push(resolve));
          proxy.cut();
          proxy.mend();
          await reopened;
        },
      });
      const ids = Array.from({ length: perChannel }, (_, i) => `c-${i}`);
      for (const id of ids) await Promise.all(channels.map((channel) => send(channel, id)));
      await all.all;
      proxy.decide = () => null;
      for (const channel of channels) {
        expect(done.get(channel)).toEqual(ids);
        expect(await producers.get(channel)?.flush(30_000)).toBe(true);
        expect(await stored(channel)).toEqual(ids);
        for (const id of ids) {
          await expect
            .poll(async () => stateOf(channel, id), { timeout: 20_000 })
            .toMatchObject({ state: "answered", data: { did: id }, final: true });
        }
      }
      // Seven cuts, and at each of them one of three channels waits for the next opening.
      expect(openings).toBeGreaterThan(3);
      agent.close();
    },
    120_000,
  );

  test("[AGC3] of two agents of a group the second gets what the first held when it is cut off", async () => {
    const channel = "project/two";
    const first = gather<string>(2);
    const [held] = start();
    held.join(channel, {
      group: "g",
      onCommand: (command) => {
        first.add(command.id);
        if (command.id === "c-1") return;
        return new Promise<void>(() => undefined);
      },
    });
    const subscribed = gather<string>(1);
    const second = gather<string>(2);
    const [standing] = start({ url: gateway.url });
    await send(channel, "c-1");
    await send(channel, "c-2");
    await send(channel, "c-3");
    expect(await first.all).toEqual(["c-1", "c-2"]);
    standing.join(channel, {
      group: "g",
      onCommand: ({ id }) => second.add(id),
      onSubscribed: ({ channel: name }) => subscribed.add(name),
    });
    await subscribed.all;
    await expect.poll(() => stateOf(channel, "c-1")).toMatchObject({ state: "delivered" });
    proxy.cut();
    expect(await second.all).toEqual(["c-2", "c-3"]);
    held.close();
    proxy.mend();
    standing.close();
  });

  test("[AGC4] renews its token before it expires, and goes on", async () => {
    const asked: boolean[] = [];
    const states: ConnectionState["name"][] = [];
    const [agent, problems] = start({
      token: async ({ renew }) => {
        asked.push(renew);
        return mintToken(secret, { subject: "agent", grants: ["admin:*"], ttlMs: renew ? 600_000 : 4_000 });
      },
      onState: ({ name }) => states.push(name),
    });
    const got = gather<string>(2);
    agent.join("project/renewed", { onCommand: ({ id }) => got.add(id) });
    await send("project/renewed", "c-1");
    await expect.poll(() => asked).toEqual([false, true]);
    // Longer than the first token lasts.
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    await send("project/renewed", "c-2");
    expect(await got.all).toEqual(["c-1", "c-2"]);
    expect(states).toEqual(["connecting", "open", "ready"]);
    expect(problems).toEqual([]);
    agent.close();
  }, 20_000);

  test("[AGC5] what is not granted is told with its name, and a handler that fails with its command", async () => {
    const narrow = await mintToken(secret, { subject: "narrow", grants: ["serve:build/*"], ttlMs: 60_000 });
    const told = gather<ClientProblem>(3);
    const [agent] = start({ token: narrow, onProblem: (problem) => told.add(problem) });
    agent.join("task/*", { onCommand: () => undefined });
    agent.join("build/1", {
      onCommand: () => {
        throw new Error("no");
      },
    });
    const producer = agent.producer("task/1");
    producer.append({ kind: "log", line: "a" });
    await send("build/1", "c-1", "x");
    const problems = await told.all;
    expect(problems.map(({ code, channel, id, final }) => ({ code, channel, id, final }))).toEqual(
      expect.arrayContaining([
        { code: "forbidden", channel: "task/*", id: undefined, final: undefined },
        { code: "forbidden", channel: "task/1", id: undefined, final: true },
        { code: "listener_failed", channel: "build/1", id: "c-1", final: undefined },
      ]),
    );
    expect(producer.isStopped).toBe(true);
    await expect.poll(() => stateOf("build/1", "c-1")).toMatchObject({ state: "delivered" });
    agent.close();
  });
});
