import { createExecutionContext, evictDurableObject } from "cloudflare:test";
import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import type { Dialect, Reading } from "../../protocol/dialects/dialect.ts";
import { dialects } from "../../protocol/dialects/dialects.ts";
import { loneFrame } from "../../protocol/dialects/piece.ts";
import { ok, utf8Bytes } from "../../protocol/mod.ts";
import { commandObject } from "../../worker/objects/env.ts";
import { configured } from "../../worker/routes/configured.ts";
import type { GatewayEnv } from "../../worker/routes/context.ts";
import app from "../../worker/routes/mod.ts";
import { addDialectSockets } from "../../worker/routes/ws/dialect_sockets.ts";
import { stubOf, testEnv } from "./channel_client.ts";
import {
  appendLines,
  call,
  type Frame,
  freshChannel,
  handshake,
  origin,
  post,
  problemIn,
  TestSocket,
  token,
} from "./gateway.ts";

/** A socket of another system's client: no subprotocol, its token in the query. */
async function open(path: string, as?: string): Promise<TestSocket> {
  return new TestSocket(await handshake(withToken(path, as ?? (await token())), { as: null }));
}

function withToken(path: string, as: string): string {
  return `${path}${path.includes("?") ? "&" : "?"}token=${as}`;
}

/** The same with other settings. */
async function openWith(vars: Readonly<Record<string, string>>, path: string): Promise<TestSocket> {
  return new TestSocket(await answerWith(vars, withToken(path, await token())));
}

async function answerWith(vars: Readonly<Record<string, string>>, path: string): Promise<Response> {
  const headers = { upgrade: "websocket" };
  return app.request(`${origin}${path}`, { headers }, { ...testEnv, ...vars }, createExecutionContext());
}

async function viewersOf(channel: string): Promise<number> {
  return ((await (await call(`/v1/channels/${channel}`)).json()) as { viewers: number }).viewers;
}

const idOf = (channel: string) => channel.slice(channel.indexOf("/") + 1);

/** A sixth system: `{say: "watch", thing}` up, `{heard, at}` down, a bye that closes. */
const toy: Dialect = {
  name: "toy",
  key: "say",
  query: ["thing"],
  speak: ({ thing }) =>
    ok({
      opening: thing === undefined ? [] : [watch(thing)],
      isOfOneChannel: false,
      decode: (frame) => ok([watch(String(frame["thing"]))]),
      read: (): Reading<string> => ({
        encode: (entry, at) => loneFrame({ heard: entry.kind === "log" ? entry.line : entry.event, at }),
        frames: (frames) => frames,
        gap: ({ from }) => [JSON.stringify({ missed: from })],
        end: ({ status }) => ({ frames: [JSON.stringify({ bye: status })], close: 1000 }),
      }),
      encodeError: ({ code }) => JSON.stringify({ oh: code }),
    }),
};

function watch(thing: string) {
  return { kind: "subscribe", id: thing, channel: `thing/${thing}`, start: {} } as const;
}

describe("the table of dialects", () => {
  const house = new Hono<GatewayEnv>();
  house.use("*", configured);
  addDialectSockets(house, [...dialects, { ...toy, name: "toy with a path", path: "/toys/:thing" }]);

  async function openToy(path: string): Promise<TestSocket> {
    const address = `${origin}${withToken(path, await token())}`;
    const headers = { upgrade: "websocket" };
    return new TestSocket(await house.request(address, { headers }, testEnv, createExecutionContext()));
  }

  test("[DIA1] a sixth dialect is spoken by its line in the table alone: by key, by query, by path", async () => {
    const channel = freshChannel("thing");
    await appendLines(channel, ["one"]);
    const [byKey, byQuery, byPath] = [
      await openToy("/ws"),
      await openToy(`/ws?thing=${idOf(channel)}`),
      await openToy(`/toys/${idOf(channel)}`),
    ];
    byKey.send({ say: "watch", thing: idOf(channel) });
    await post(`/v1/channels/${channel}/end`, { status: "success" });
    for (const socket of [byKey, byQuery, byPath]) {
      expect(await socket.next()).toEqual({ heard: "one", at: 1 });
      expect(await socket.next()).toEqual({ bye: "success" });
      expect(await socket.closed).toMatchObject({ code: 1000 });
    }
    const other = await openToy("/ws");
    other.send({ say: "watch", thing: "a b" });
    expect(await other.next()).toEqual({ oh: "channel_name_invalid" });
    other.close();
  });
});

/** How each protocol reads a whole channel, and what a frame of it says of cursors and text. */
const readers: readonly {
  readonly name: string;
  readonly path: (channel: string) => string;
  readonly first?: (channel: string) => object;
  readonly told: (frame: Frame) => readonly (readonly [cursor: unknown, text: unknown])[];
}[] = [
  {
    name: "native",
    path: () => "/ws",
    first: (channel) => ({ type: "subscribe", channel }),
    told: ({ first, entries }) =>
      ((entries ?? []) as { line: string }[]).map(({ line }, i) => [Number(first) + i, line]),
  },
  {
    name: "A",
    path: () => "/ws",
    first: (buildId) => ({ type: "subscribe", buildId }),
    told: ({ cursor, line }) => [[cursor, line]],
  },
  {
    name: "B",
    path: () => "/ws",
    first: (projectGuid) => ({ type: "join_project", projectGuid, data: { cursor: 0 } }),
    told: ({ type, id, data }) =>
      type === "project_message" ? [[Number(id), (data as { line: string }).line]] : [],
  },
  {
    name: "C",
    path: (channel) => `/ws/logs/${encodeURIComponent(channel)}`,
    told: ({ logs }) =>
      (logs as { cursor: number; message: string }[]).map(({ cursor, message }) => [cursor, message]),
  },
  {
    name: "D",
    path: (channel) => `/v1/log/ws?task_id=${encodeURIComponent(channel)}`,
    told: ({ offset, message }) => [[offset, message]],
  },
  {
    name: "E",
    path: (channel) => `/ws?session_id=${encodeURIComponent(channel)}&cursor=0`,
    told: ({ cursor, data }) => [[cursor, (data as { line: string }).line]],
  },
];

test("[DIA2] one channel read at once through every protocol by its name: same cursors, same text", async () => {
  const channel = freshChannel("plugin");
  const lines = Array.from(
    { length: 90 },
    (_, i) => `${i} 😀 "quoted" \u001b[31mred\u001b[0m ${"x".repeat(i)}`,
  );
  await appendLines(channel, lines.slice(0, 40));
  const sockets = await Promise.all(
    readers.map(async ({ path, first }) => {
      const socket = await open(path(channel));
      if (first !== undefined) socket.send(first(channel));
      return socket;
    }),
  );
  await expect.poll(() => viewersOf(channel)).toBe(readers.length);
  await appendLines(channel, lines.slice(40));
  const expected = lines.map((line, i) => [i + 1, line]);
  for (const [i, { name, told }] of readers.entries()) {
    const got: (readonly [unknown, unknown])[] = [];
    while (got.length < lines.length) {
      const frame = await sockets[i]?.next();
      if (frame === null || frame === undefined) throw new Error(`${name} was closed`);
      got.push(...told(frame));
    }
    expect(got, name).toEqual(expected);
  }
  for (const socket of sockets) socket.close();
});

describe("a socket that reads", () => {
  test("[DIA3] is refused while REALTIME_ENABLED is false; what writes and HTTP are not", async () => {
    const off = { REALTIME_ENABLED: "false" };
    const as = await token();
    const paths = ["/ws", "/ws/channels/build/1", "/ws/logs/p1", "/v1/log/ws?task_id=1", "/ws?session_id=1"];
    for (const path of paths) {
      expect(await problemIn(await answerWith(off, withToken(path, as)))).toMatchObject({
        status: 503,
        code: "realtime_disabled",
      });
    }
    const producer = await openWith(off, "/ws/producers/build/1");
    producer.send({ type: "ping" });
    expect(await producer.next()).toEqual({ type: "pong" });
    producer.close();
    const page = await app.request(
      withToken("/v1/channels/build/1/entries", as),
      {},
      { ...testEnv, ...off },
      createExecutionContext(),
    );
    expect(page.status).toBe(200);
  });

  test("[DIA4] of one task beyond MAX_CLIENTS_PER_TASK is told so by a message, and closed 4429", async () => {
    const channel = freshChannel("task");
    await appendLines(channel, ["one"]);
    const path = `/v1/log/ws?task_id=${idOf(channel)}`;
    const taken = await Promise.all(Array.from({ length: 10 }, () => open(path)));
    for (const socket of taken) expect(await socket.next()).toMatchObject({ message: "one" });
    const refused = await open(path);
    expect(await refused.next()).toMatchObject({
      level: "ERROR",
      message: expect.stringContaining("10"),
      offset: 0,
    });
    expect(await refused.closed).toEqual({ code: 4429, reason: "too_many_viewers" });
    for (const socket of taken) socket.close();
  });

  test("[DIA5] a lost leg is made anew in every dialect, and nothing is lost, repeated or told twice", async () => {
    const channel = freshChannel("task");
    await appendLines(channel, ["one"]);
    const [c, d, e] = [
      await open(`/ws/logs/${encodeURIComponent(channel)}`),
      await open(`/v1/log/ws?task_id=${idOf(channel)}`),
      await open(`/ws?session_id=${encodeURIComponent(channel)}`),
    ];
    expect(await c.next()).toMatchObject({ type: "initial", logs: [{ cursor: 1 }] });
    expect(await d.next()).toMatchObject({ offset: 1, progress: 0 });
    await expect.poll(() => viewersOf(channel)).toBe(3);
    await post(`/v1/channels/${channel}/entries`, { entries: [{ line: "two", progress: 20 }] });
    expect(await c.next()).toMatchObject({ type: "append", logs: [{ cursor: 2 }] });
    expect(await d.next()).toMatchObject({ offset: 2, progress: 20 });
    expect(await e.next()).toMatchObject({ event: "log", cursor: 2 });
    await evictDurableObject(stubOf(channel), { webSockets: "close" });
    await appendLines(channel, ["three"]);
    await expect.poll(() => viewersOf(channel)).toBe(3);
    await post(`/v1/channels/${channel}/end`, { status: "failure" });
    expect(await c.next()).toMatchObject({ type: "append", logs: [{ cursor: 3 }] });
    expect(await c.next()).toMatchObject({ type: "end", status: "failure" });
    expect(await d.next()).toMatchObject({ offset: 3, progress: 20 });
    expect(await d.next()).toMatchObject({ level: "ERROR", message: "Task ended: failure" });
    expect(await d.closed).toMatchObject({ code: 1000 });
    expect(await e.next()).toMatchObject({ event: "log", cursor: 3 });
    expect(await e.next()).toMatchObject({ event: "error", data: { code: "session_failure" } });
    c.close();
    e.close();
  });
});

/** The slowest settings there are, so that little is much. */
const slow = { PACE_BYTES_PER_SECOND: "65536", PACE_FIRST_BYTES: "8192", PACE_QUEUE_BYTES: "8192" };

/** Cursors from 1 on: those that came, and those that a gap announced. */
interface Accounted {
  came: number;
  missing: number;
  gaps: number;
  next: number;
}

function account(all: Accounted, from: unknown, to: unknown, isGap: boolean): void {
  expect(from).toBe(all.next);
  const count = Number(to) - all.next + 1;
  expect(count).toBeGreaterThan(0);
  if (isGap) all.gaps += 1;
  if (isGap) all.missing += count;
  else all.came += count;
  all.next = Number(to) + 1;
}

describe("a paced dialect", () => {
  const total = 3_000;
  const tokens = Array.from({ length: total }, (_, i) => ({
    kind: "event",
    event: "token_stream",
    data: { text: `${i + 1} ${"x".repeat(40)};` },
  }));

  test.each([
    {
      name: "B",
      path: () => "/ws",
      first: (projectGuid: string) => ({ type: "join_project", projectGuid, data: { cursor: 0 } }),
      read: ({ type, id, data }: Frame, all: Accounted) => {
        if (type === "project_message") account(all, Number(id), Number(id), false);
        if (type !== "error") return;
        const { from, to, count } = data as { from: number; to: number; count: number };
        expect(count).toBe(to - from + 1);
        account(all, from, to, true);
      },
    },
    {
      name: "C",
      path: (channel: string) => `/ws/logs/${encodeURIComponent(channel)}?cursor=0`,
      read: (frame: Frame, all: Accounted) => {
        if (frame.type === "gap") {
          expect(frame["count"]).toBe(Number(frame["to"]) - Number(frame["from"]) + 1);
          account(all, frame["from"], frame["to"], true);
          return;
        }
        for (const { cursor } of frame["logs"] as { cursor: number }[]) account(all, cursor, cursor, false);
      },
    },
    {
      name: "D",
      path: (channel: string) => `/v1/log/ws?task_id=${encodeURIComponent(channel)}`,
      read: ({ level, message, offset }: Frame, all: Accounted) => {
        if (level !== "WARN") {
          account(all, offset, offset, false);
          return;
        }
        const [, count, from, to] =
          /^(\d+) lines are missing here: (\d+) to (\d+)/.exec(String(message)) ?? [];
        expect(Number(count)).toBe(Number(to) - Number(from) + 1);
        expect(offset).toBe(Number(to));
        account(all, Number(from), to, true);
      },
    },
    {
      name: "E",
      path: (channel: string) => `/ws?session_id=${encodeURIComponent(channel)}&cursor=0`,
      read: ({ event, data, cursor }: Frame, all: Accounted) => {
        if (event === "error") {
          const { from, to, count } = data as { from: number; to: number; count: number };
          expect(count).toBe(to - from + 1);
          account(all, from, to, true);
          return;
        }
        // Texts that were joined are all there, in order.
        const texts = (data as { text: string }).text.split(";").slice(0, -1);
        const numbers = texts.map((text) => Number(text.split(" ")[0]));
        expect(numbers).toEqual(texts.map((_, i) => all.next + i));
        account(all, all.next, cursor, false);
        expect(numbers.at(-1)).toBe(cursor);
      },
    },
  ])(
    "[DIA6] $name: what came and what gaps announce are exactly the journal, also where lines share frames",
    {
      timeout: 30_000,
    },
    async ({ path, first, read }) => {
      const channel = freshChannel("session");
      await post(`/v1/channels/${channel}/entries`, { entries: tokens.slice(0, 300) });
      const socket = await openWith(slow, path(channel));
      if (first !== undefined) socket.send(first(channel));
      const all: Accounted = { came: 0, missing: 0, gaps: 0, next: 1 };
      const readTo = async (last: number) => {
        while (all.next <= last) {
          const frame = await socket.next();
          if (frame === null) throw new Error("The socket was closed");
          read(frame, all);
        }
      };
      await readTo(300);
      expect(all.missing).toBe(0);
      await post(`/v1/channels/${channel}/entries`, { entries: tokens.slice(300) });
      await readTo(total);
      expect(all.next).toBe(total + 1);
      expect(all.missing).toBeGreaterThan(500);
      expect(all.gaps).toBeLessThan(20);
      socket.close();
    },
  );
});

describe("plugin logs", () => {
  test("[DIA7] a large backlog is an initial of at most 256 KiB, and appends", async () => {
    const channel = freshChannel("plugin");
    const lines = Array.from({ length: 800 }, (_, i) => `${i} ${"x".repeat(900)}`);
    await appendLines(channel, lines);
    const socket = await open(`/ws/logs/${idOf(channel)}?cursor=0`);
    const cursors: number[] = [];
    const types: string[] = [];
    while (cursors.length < lines.length) {
      const frame = await socket.next();
      if (frame === null) throw new Error("The socket was closed");
      types.push(frame.type);
      expect(utf8Bytes(JSON.stringify(frame))).toBeLessThan((frame.type === "initial" ? 257 : 65) * 1024);
      for (const { cursor } of frame["logs"] as { cursor: number }[]) cursors.push(cursor);
    }
    expect(cursors).toEqual(lines.map((_, i) => i + 1));
    expect(types.filter((type) => type === "initial")).toEqual(types.slice(0, 1));
    expect(new Set(types.slice(1))).toEqual(new Set(["append"]));
    const last = await open(`/ws/logs/${idOf(channel)}`);
    const { logs } = (await last.next()) as unknown as { logs: { cursor: number }[] };
    expect(logs.map(({ cursor }) => cursor)).toEqual(cursors.slice(-100));
    socket.close();
    last.close();
  });

  test("[DIA8] a gap under a filter covers what the filter hid within it", { timeout: 30_000 }, async () => {
    const channel = freshChannel("plugin");
    const socket = await openWith(slow, `/ws/logs/${idOf(channel)}`);
    expect(await socket.next()).toEqual({ type: "initial", logs: [] });
    socket.send({ type: "filter", search: "wanted" });
    socket.send({ type: "ping" });
    expect(await socket.next()).toEqual({ type: "pong" });
    const lines = Array.from({ length: 2_000 }, (_, i) => `${i % 2 ? "wanted" : "other"} ${"x".repeat(40)}`);
    await appendLines(channel, lines);
    let gaps = 0;
    for (let next = 2; next < 2_000; ) {
      const frame = await socket.next();
      if (frame === null) throw new Error("The socket was closed");
      if (frame.type === "gap") {
        gaps += 1;
        expect(frame["from"]).toBe(next);
        next = Number(frame["to"]) + (Number(frame["to"]) % 2 === 0 ? 2 : 1);
        continue;
      }
      for (const { cursor } of frame["logs"] as { cursor: number }[]) {
        expect(cursor).toBe(next);
        next += 2;
      }
    }
    expect(gaps).toBeGreaterThan(0);
    expect(gaps).toBeLessThan(10);
    socket.close();
  });
});

describe("workflow sessions", () => {
  const commandOf = (channel: string, id: string) =>
    commandObject(testEnv, "default", channel).readCommand({ tenant: "default", channel, id });

  test("[DIA21] commands are stored in the socket's order, under the client's own ids", async () => {
    const channel = freshChannel("session");
    const socket = await open("/ws");
    const data = { session_id: idOf(channel), text: "<script>" };
    socket.send({ cmd: "start_session", id: "c0", data });
    for (let i = 1; i < 10; i++) socket.send({ cmd: "user_input", id: `c${i}`, data: { text: `${i}` } });
    await expect.poll(async () => (await commandOf(channel, "c9")).ok).toBe(true);
    for (let i = 0; i < 10; i++) {
      expect(await commandOf(channel, `c${i}`)).toMatchObject({
        ok: true,
        value: {
          cursor: i + 1,
          name: i === 0 ? "start_session" : "user_input",
          from: "ada",
          state: "accepted",
        },
      });
    }
    // It reads the session that its first command named.
    await expect.poll(() => viewersOf(channel)).toBe(1);
    await appendLines(channel, ["read"]);
    expect(await socket.next()).toMatchObject({ event: "log", data: { line: "read" } });
    socket.close();
  });

  test("[DIA22] a command that is not granted, wrong or too late gets an error, and is stored nowhere", async () => {
    const channel = freshChannel("session");
    await appendLines(channel, ["one"]);
    const refusedBy = async (grants: readonly string[], frame: object) => {
      const socket = await open(`/ws?session_id=${idOf(channel)}`, await token({ grants }));
      socket.send({ id: "c1", ...frame });
      const { event, data } = (await socket.next()) as unknown as { event: string; data: { code: string } };
      expect(event).toBe("error");
      expect(await commandOf(channel, "c1")).toMatchObject({ ok: false });
      socket.send({ cmd: "ping" });
      expect(await socket.next()).toEqual({ event: "pong", data: {} });
      socket.close();
      return data.code;
    };
    const [read, both] = [[`read:${channel}`], [`read:${channel}`, `command:${channel}`]];
    expect(await refusedBy(read, { cmd: "pause_session" })).toBe("forbidden");
    expect(await refusedBy(both, { cmd: "user_input", data: [1] })).toBe("invalid_field");
    const text = "x".repeat(70_000);
    expect(await refusedBy(both, { cmd: "user_input", data: { text } })).toBe("command_too_large");
    await post(`/v1/channels/${channel}/end`, { status: "success" });
    const late = await open(`/ws?session_id=${idOf(channel)}`, await token({ grants: both }));
    expect(await late.next()).toMatchObject({ event: "execution:completed" });
    late.send({ cmd: "pause_session", id: "c1" });
    expect(await late.next()).toMatchObject({ event: "error", data: { code: "channel_ended" } });
    late.close();
  });

  test("[DIA23] a session that may not be read is told, and the socket closes: it can have no other", async () => {
    const socket = await open("/ws", await token({ grants: ["read:session/mine"] }));
    socket.send({ cmd: "start_session", data: { session_id: "yours" } });
    expect(await socket.next()).toMatchObject({ event: "error", data: { code: "forbidden" } });
    expect(await socket.closed).toEqual({ code: 4403, reason: "forbidden" });
  });
});
