import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import {
  ApiClient,
  type ClientProblem,
  LogSocketClient,
  type NewEntry,
  type SessionGap,
  WorkflowSession,
  WorkflowSocket,
  type WorkflowSocketOptions,
} from "../../client/sdk/mod.ts";
import { CommandAgent } from "./command_agent.ts";
import { CuttingProxy } from "./cutting_proxy.ts";

/** [WFE] each frame of dialect E between a real gateway and the SDK's clients, and natively. */

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
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});
afterAll(async () => {
  await proxy.stop();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Looks until it is so, however busy the machine. */
const soon = <T>(look: () => T) => expect.poll(look, { timeout: 20_000 });

/** The platform's socket, which notes what came. */
function notingSocket(texts: string[]): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener("message", ({ data }) => texts.push(String(data)));
    }
  };
}

function openSocket(session: string, options: Partial<WorkflowSocketOptions> = {}) {
  const texts: string[] = [];
  const events: unknown[] = [];
  const gaps: SessionGap[] = [];
  const problems: ClientProblem[] = [];
  const socket = new WorkflowSocket(
    { url: gateway.url, token, session, cursor: 0, webSocket: notingSocket(texts), ...options },
    {
      onEvent: (frame) => events.push(frame),
      onGap: (gap) => gaps.push(gap),
      onProblem: (problem) => problems.push(problem),
    },
  );
  socket.connect();
  closers.push(() => socket.close());
  return { socket, texts, events, gaps, problems };
}

function openNative(session: string, url = gateway.url) {
  const client = new LogSocketClient({ url, token, random: () => 0.02 });
  closers.push(() => client.close());
  const events: string[] = [];
  return {
    events,
    session: new WorkflowSession(client, session, { onEvent: ({ event }) => events.push(event) }),
  };
}

async function publish(session: string, entries: readonly NewEntry[]): Promise<void> {
  expect(await api.append(`session/${session}`, entries)).toMatchObject({ ok: true });
}

const ts = 1_700_000_000_000;
const timestamp = new Date(ts).toISOString();
const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
const cases = [
  {
    entry: { kind: "event", ts, event: "token_stream", data: { text: "Hi" }, nodeId: "n" },
    frame: { event: "token_stream", data: { text: "Hi" }, timestamp, node_id: "n", cursor: 1 },
    view: { text: "Hi", status: "running" },
  },
  {
    entry: {
      kind: "event",
      ts,
      event: "node_state_change",
      data: { status: "running", attempt: 2 },
      nodeId: "n",
    },
    frame: {
      event: "node_state_change",
      data: { status: "running", attempt: 2 },
      timestamp,
      node_id: "n",
      cursor: 1,
    },
    view: { activeNodes: ["n"], status: "running" },
  },
  {
    entry: { kind: "event", ts, event: "node:parallel_start", data: { nodes: ["a", "b"] } },
    frame: { event: "node:parallel_start", data: { nodes: ["a", "b"] }, timestamp, cursor: 1 },
    view: { activeNodes: ["a", "b"], status: "running" },
  },
  {
    entry: { kind: "event", ts, event: "token_usage", data: usage },
    frame: { event: "token_usage", data: usage, timestamp, cursor: 1 },
    view: { usage },
  },
  {
    entry: { kind: "event", ts, event: "execution:paused", data: {} },
    frame: { event: "execution:paused", data: {}, timestamp, cursor: 1 },
    view: { status: "paused" },
  },
  {
    entry: { kind: "event", ts, event: "execution:completed", data: {} },
    frame: { event: "execution:completed", data: {}, timestamp, cursor: 1 },
    view: { status: "completed" },
  },
  {
    entry: { kind: "event", ts, event: "error", data: { error: "no model", code: "m1" } },
    frame: { event: "error", data: { error: "no model", code: "m1" }, timestamp, cursor: 1 },
    view: { status: "failed", errors: [{ error: "no model", code: "m1" }] },
  },
  {
    entry: { ts, level: "warn", stage: "engine", line: "slow" },
    frame: { event: "log", data: { level: "warn", stage: "engine", line: "slow" }, timestamp, cursor: 1 },
    view: { status: "idle" },
  },
] as const;

test.each(cases)(
  "[WFE1] $frame.event: from the journal to the view, in its frames and natively",
  async (each) => {
    const session = `one-${each.frame.event.replace(":", ".")}`;
    const { socket, events, problems } = openSocket(session);
    const native = openNative(session);
    await publish(session, [each.entry]);
    await soon(() => [socket.view.cursor, native.session.view.cursor]).toEqual([1, 1]);
    expect(events).toEqual([each.frame]);
    expect(socket.view).toMatchObject(each.view);
    expect(native.session.view).toEqual(socket.view);
    expect(native.events).toEqual([each.frame.event]);
    expect(problems).toEqual([]);
  },
);

test("[WFE2] each command reaches the engine, in order, with its data; answers come natively", async () => {
  const agent = await CommandAgent.join(gateway.url, token, "session/commands", ({ name }) => ({
    did: name,
  }));
  closers.push(() => agent.close());
  const { socket, problems } = openSocket("commands");
  await soon(() => socket.state.name).toBe("connected");
  const ids = [
    socket.start({ prompt: "Hi" }),
    socket.pause(),
    socket.resume(),
    socket.userInput({ text: "Go" }),
  ];
  await soon(() => agent.taken.length).toBe(4);
  const of = { session_id: "commands" };
  expect(agent.taken.map(({ id, name, data, from }) => [id, name, data, from])).toEqual([
    [ids[0], "start_session", { ...of, prompt: "Hi" }, "ada"],
    [ids[1], "pause_session", of, "ada"],
    [ids[2], "resume_session", of, "ada"],
    [ids[3], "user_input", { ...of, text: "Go" }, "ada"],
  ]);
  const { session } = openNative("commands");
  const sent = [
    session.start({ prompt: "Hi" }),
    session.pause(),
    session.resume(),
    session.userInput({ text: "Go" }),
  ];
  const finished = await Promise.all(sent.map((command) => command.finished));
  expect(finished.map((outcome) => outcome.ok && [outcome.value.state, outcome.value.data])).toEqual(
    ["start_session", "pause_session", "resume_session", "user_input"].map((did) => ["answered", { did }]),
  );
  expect(agent.taken.slice(4).map(({ data }) => data)).toEqual([{ prompt: "Hi" }, {}, {}, { text: "Go" }]);
  expect(problems).toEqual([]);
});

test("[WFE3] ping and pong keep it connected; a gap and a refusal are told, and are no events", async () => {
  await publish("gone", [{ kind: "event", ts, event: "token_stream", data: { text: "new" } }]);
  const { socket, texts, events, gaps, problems } = openSocket("gone", { cursor: 99, heartbeatMs: 400 });
  await expect
    .poll(() => texts.filter((text) => text === '{"event":"pong","data":{}}').length)
    .toBeGreaterThan(2);
  await soon(() => socket.view.text).toBe("new");
  expect(gaps).toEqual([{ from: 100, to: null, count: null }]);
  expect(socket.view).toMatchObject({ cursor: 1, status: "running", errors: [] });
  expect(socket.send("user_input", { session_id: "another" })).toMatch(/./);
  await soon(() => problems).toMatchObject([{ code: "invalid_field" }]);
  expect([events.length, socket.state.name]).toEqual([1, "connected"]);
});

test("[WFE4] the end of a session that did not say so, also to who comes later", async () => {
  await publish("ended", [
    { kind: "event", event: "node_state_change", data: { status: "running" }, nodeId: "n" },
  ]);
  const { socket } = openSocket("ended");
  const native = openNative("ended");
  await soon(() => [socket.view.status, native.session.view.status]).toEqual(["running", "running"]);
  await api.end("session/ended", { status: "failure", message: "The engine died." });
  const later = openSocket("ended");
  const views = () => [socket, later.socket, native.session].map(({ view }) => [view.status, view.errors]);
  const told = ["failed", [{ error: "The engine died.", code: "session_failure" }]];
  await soon(views).toEqual([told, told, told]);
});

test("[WFE5] cut again and again, every token is gathered once, in order", async () => {
  const { socket } = openSocket("cut", {
    url: proxy.origin,
    startTimer: (run, ms) => {
      const timer = setTimeout(run, ms === 30_000 ? ms : ms / 100);
      return () => clearTimeout(timer);
    },
  });
  const native = openNative("cut", proxy.origin);
  let text = "";
  for (let round = 0; round < 6; round++) {
    const tokens = Array.from({ length: 200 }, (_, i) => `${round}.${i} `);
    text += tokens.join("");
    await publish(
      "cut",
      tokens.map((token) => ({ kind: "event", event: "token_stream", data: { text: token } })),
    );
    if (round % 2 === 0) await soon(() => socket.view.text.length).toBe(text.length);
    proxy.cut();
    proxy.mend();
  }
  await soon(() => [socket.view.text, native.session.view.text]).toEqual([text, text]);
});

test("[WFE6] who may not read is told why, and does not come back", async () => {
  const other = await mintToken(secret, { subject: "eve", grants: ["read:build/*"], ttlMs: 600_000 });
  const { socket, problems } = openSocket("secret", { token: other });
  await soon(() => socket.state.name).toBe("disconnected");
  expect(problems.at(-1)).toMatchObject({ code: "forbidden", final: true });
});
