import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import {
  ApiClient,
  type ClientProblem,
  type NewEntry,
  PluginLogs,
  type PluginLogsOptions,
} from "../../client/sdk/mod.ts";
import { CuttingProxy } from "./cutting_proxy.ts";

/** [PLC] the client of plugin logs with a real gateway; its waits are a fiftieth of the real ones. */

const secret = "a secret for the tests, of 32 bytes and more";
let folder: string;
let gateway: Gateway;
let proxy: CuttingProxy;
let token: string;
let api: ApiClient;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  gateway = await startGateway({ port: 0, dataDir: folder, secret });
  proxy = await CuttingProxy.start(new URL(gateway.url));
  token = await mintToken(secret, { subject: "ada", grants: ["admin:*"], ttlMs: 600_000 });
  api = new ApiClient({ url: gateway.url, token });
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
afterAll(async () => {
  await proxy.stop();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Looks until it is so, however busy the machine. */
const soon = <T>(look: () => T) => expect.poll(look, { timeout: 20_000 });

/** The platform's socket, which cannot be had while `isBlocked`, and notes what is sent. */
class Sockets {
  isBlocked = false;
  readonly sent: string[] = [];
  readonly opened: WebSocket[] = [];
  readonly type: typeof WebSocket;

  constructor() {
    const sockets = this;
    this.type = class extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        // Nobody listens on the port of discard.
        super(sockets.isBlocked ? "ws://127.0.0.1:9" : url, protocols);
        if (!sockets.isBlocked) sockets.opened.push(this);
      }

      override send(text: string): void {
        sockets.sent.push(text);
        super.send(text);
      }
    };
  }
}

function openLogs(plugin: string, options: Partial<PluginLogsOptions> = {}) {
  const sockets = new Sockets();
  const heard: number[] = [];
  const states: string[] = [];
  const gaps: unknown[] = [];
  const problems: ClientProblem[] = [];
  const logs = new PluginLogs(
    {
      url: gateway.url,
      token,
      plugin,
      webSocket: sockets.type,
      random: () => 0,
      startTimer: (run, ms) => {
        const timer = setTimeout(run, ms === 30_000 ? ms : ms / 50);
        return () => clearTimeout(timer);
      },
      ...options,
    },
    {
      onLogs: (fresh) => heard.push(...fresh.map(({ cursor }) => cursor)),
      onState: ({ name }) => states.at(-1) !== name && states.push(name),
      onGap: (gap) => gaps.push(gap),
      onProblem: (problem) => problems.push(problem),
    },
  );
  logs.open();
  closers.push(() => logs.close());
  return { logs, sockets, heard, states, gaps, problems };
}

async function write(plugin: string, entries: readonly NewEntry[]): Promise<void> {
  expect(await api.append(`plugin/${plugin}`, entries)).toMatchObject({ ok: true });
}

const lines = (from: number, to: number): NewEntry[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ line: `line ${from + i}` }));
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const cursors = ({ logs }: PluginLogs) => logs.map(({ cursor }) => cursor);

test("[PLC1] history, socket, polling and back: one line after the other, each once", async () => {
  await write("web", lines(1, 150));
  const { logs, sockets, heard, states, gaps } = openLogs("web");
  await soon(() => logs.state.name).toBe("live");
  expect(cursors(logs)).toEqual(numbers(51, 150));
  await write("web", lines(151, 160));
  await soon(() => cursors(logs).at(-1)).toBe(160);

  sockets.isBlocked = true;
  for (const socket of sockets.opened) socket.close(4000);
  await soon(() => logs.state.name).toBe("polling");
  // More than a page, and more than the last lines.
  await write("web", lines(161, 2_500));
  await soon(() => cursors(logs).at(-1)).toBe(2_500);
  await write("web", lines(2_501, 2_510));
  await soon(() => cursors(logs).at(-1)).toBe(2_510);
  expect(logs.state.name).toBe("polling");

  sockets.isBlocked = false;
  await soon(() => logs.state.name).toBe("live");
  await write("web", lines(2_511, 2_520));
  await soon(() => cursors(logs).at(-1)).toBe(2_520);
  expect(cursors(logs)).toEqual(numbers(51, 2_520));
  expect(heard).toEqual(numbers(151, 2_520));
  expect(states).toEqual(["loading", "connecting", "live", "polling", "live"]);
  expect(gaps).toEqual([]);
});

test("[PLC2] cut at any moment while lines come, none is lost or repeated", async () => {
  const { logs, heard } = openLogs("cut", { url: proxy.origin, maxLogs: 200 });
  await soon(() => logs.state.name).toBe("live");
  for (let round = 0; round < 8; round++) {
    await write("cut", lines(round * 100 + 1, round * 100 + 100));
    if (round % 3 === 0) await soon(() => heard.length).toBe(round * 100 + 100);
    proxy.cut();
    if (round % 2 === 0) await soon(() => logs.state).toMatchObject({ name: "polling", isOffline: true });
    proxy.mend();
  }
  await soon(() => heard.length).toBe(800);
  expect(heard).toEqual(numbers(1, 800));
  expect([cursors(logs), logs.dropped]).toEqual([numbers(601, 800), 600]);
  await soon(() => logs.state.name).toBe("live");
});

test("[PLC3] another filter while lines come: what matches, from history on, on the same socket", async () => {
  const mixed = (from: number, to: number): NewEntry[] =>
    numbers(from, to).map((n) => ({
      line: `line ${n}`,
      level: n % 2 === 0 ? "warn" : "info",
      ts: n * 1_000,
    }));
  await write("filtered", mixed(1, 400));
  const { logs, sockets } = openLogs("filtered", { filter: { levels: ["warn"] } });
  await soon(() => logs.state.name).toBe("live");
  const even = (from: number, to: number) => numbers(from, to).filter((n) => n % 2 === 0);
  expect(cursors(logs)).toEqual(even(202, 400));

  const writing = (async () => {
    for (let from = 401; from <= 600; from += 20) await write("filtered", mixed(from, from + 19));
  })();
  logs.setFilter({ search: "LINE 5", endTime: 550_000 });
  await writing;
  const wanted = [5, ...numbers(50, 59), ...numbers(500, 550)];
  await soon(() => cursors(logs)).toEqual(wanted);
  await soon(() => logs.state).toMatchObject({ name: "live", isReloading: false });
  expect(sockets.opened.length).toBe(1);
  expect(sockets.sent).toContain('{"type":"filter","level":"","search":"LINE 5"}');

  logs.setFilter({});
  await write("filtered", mixed(601, 610));
  await soon(() => cursors(logs)).toEqual(numbers(511, 610));
});

test("[PLC4] while it polls another filter is kept to, and on the socket after it", async () => {
  await write("both", [{ line: "one" }, { line: "two" }]);
  const { logs, sockets } = openLogs("both");
  sockets.isBlocked = true;
  await soon(() => logs.state.name).toBe("polling");
  logs.setFilter({ search: "two" });
  await soon(() => logs.logs.map(({ message }) => message)).toEqual(["two"]);
  await soon(() => logs.state.name).toBe("polling");
  await write("both", [{ line: "one more" }, { line: "two more" }]);
  await soon(() => logs.logs.map(({ message }) => message)).toEqual(["two", "two more"]);
  sockets.isBlocked = false;
  await soon(() => logs.state.name).toBe("live");
  await write("both", [{ line: "one last" }, { line: "two last" }]);
  await soon(() => logs.logs.map(({ message }) => message)).toEqual(["two", "two more", "two last"]);
});

test("[PLC5] a journal that was deleted, while live and while it polls: told, and read from its beginning", async () => {
  await write("gone", lines(1, 3));
  const { logs, sockets, gaps } = openLogs("gone");
  await soon(() => logs.state.name).toBe("live");
  await api.deleteChannel("plugin/gone");
  await soon(() => gaps).toMatchObject([{ to: null }]);
  expect(logs.logs).toEqual([]);
  await write("gone", [{ line: "new" }]);
  await soon(() => logs.logs.map(({ message }) => message)).toEqual(["new"]);
  sockets.isBlocked = true;
  for (const socket of sockets.opened) socket.close(4000);
  await soon(() => logs.state.name).toBe("polling");
  await write("gone", [{ line: "newer" }]);
  await soon(() => logs.logs.map(({ message }) => message)).toEqual(["new", "newer"]);
});

test("[PLC6] who may not read is told, and asks no more", async () => {
  const other = await mintToken(secret, { subject: "eve", grants: ["read:build/*"], ttlMs: 600_000 });
  const { logs, sockets, problems } = openLogs("web", { token: other });
  await soon(() => logs.state.name).toBe("stopped");
  expect(problems).toMatchObject([{ code: "forbidden", status: 403, final: true }]);
  expect(sockets.opened).toEqual([]);
});

test("[PLC7] a plugin that never logged is waited for", async () => {
  const { logs } = openLogs("later");
  await soon(() => logs.state.name).toBe("live");
  expect(logs.logs).toEqual([]);
  await write("later", [{ line: "here" }]);
  await soon(() => logs.logs).toMatchObject([{ message: "here", level: "INFO", cursor: 1 }]);
});

test("[PLC8] closed, it opens again where it was asked to", async () => {
  const { logs } = openLogs("web");
  await soon(() => logs.state.name).toBe("live");
  logs.close();
  expect(logs.state).toEqual({ name: "stopped", problem: null });
  await write("web", [{ line: "meanwhile" }]);
  logs.open();
  await soon(() => logs.logs.at(-1)?.message).toBe("meanwhile");
});

test("[PLC9] a refused token is renewed once, for the history and for the socket", async () => {
  const expired = await mintToken("another secret, of 32 bytes and more", {
    subject: "ada",
    grants: ["admin:*"],
    ttlMs: 600_000,
  });
  const asked: boolean[] = [];
  const { logs } = openLogs("web", {
    token: ({ renew }) => {
      asked.push(renew);
      return renew ? token : expired;
    },
  });
  await soon(() => logs.state.name).toBe("live");
  expect(logs.logs.at(-1)?.message).toBe("meanwhile");
  // The summary and the lines, each refused and renewed, then a socket that is refused; polls go on meanwhile.
  expect(asked.slice(0, 5)).toEqual([false, true, false, true, false]);
});
