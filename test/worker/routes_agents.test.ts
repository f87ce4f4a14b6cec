import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { channelObject, directoryObject } from "../../worker/objects/env.ts";
import { testEnv } from "./channel_client.ts";
import {
  appendLines,
  call,
  type Frame,
  freshChannel,
  handshake,
  openSocket,
  post,
  problemIn,
  readLines,
  type TestSocket,
  token,
} from "./gateway.ts";

/** Whoever serves channels, on real sockets. */

interface Who {
  readonly grants?: readonly string[];
  readonly sub?: string;
  readonly tenant?: string;
}

async function agent(who: Who = {}): Promise<TestSocket> {
  return openSocket("/ws/agent", { as: await token({ sub: "agent", ...who }) });
}

async function command(channel: string, id: string, who: Who = {}): Promise<void> {
  const response = await post(
    `/v1/channels/${channel}/commands`,
    { id, name: "feedback", data: { text: id } },
    { as: await token(who) },
  );
  expect(response.status).toBe(202);
}

async function stateOf(channel: string, id: string): Promise<Record<string, unknown>> {
  return (await (await call(`/v1/channels/${channel}/commands/${id}`)).json()) as Record<string, unknown>;
}

/** Frames of a type until `count` of them came. */
async function take(socket: TestSocket, type: string, count: number): Promise<Frame[]> {
  const frames: Frame[] = [];
  while (frames.length < count) frames.push(await socket.until(type));
  return frames;
}

/** The next frame of a type and a channel; others before it are passed over. */
async function untilOf(socket: TestSocket, type: string, channel: string): Promise<Frame> {
  for (;;) {
    const frame = await socket.until(type);
    if (frame["channel"] === channel) return frame;
  }
}

async function joined(socket: TestSocket, channel: string, group?: string): Promise<void> {
  socket.send({ type: "join", channel, ...(group !== undefined && { group }) });
  await untilOf(socket, "summary", channel);
}

function batch(channel: string, seq: number, line = `line ${seq}`) {
  return { type: "append", channel, producer: "agent-1", epoch: 1, seq, entries: [{ line }] };
}

const freshTenant = () => `t-${crypto.randomUUID().slice(0, 8)}`;

describe("/ws/agent", () => {
  test("[WSA1] needs a token that grants serve on anything; others are refused as on every socket", async () => {
    const reader = await handshake("/ws/agent", { as: await token({ grants: ["read:*/*", "command:*/*"] }) });
    expect(await problemIn(reader)).toMatchObject({ status: 403, code: "forbidden" });
    expect((await handshake("/ws/agent", { as: null })).status).toBe(401);
    const told = await openSocket("/ws/agent", { as: await token({ grants: ["read:*/*"] }) });
    expect(await told.next()).toMatchObject({ type: "error", code: "forbidden" });
    expect(await told.closed).toMatchObject({ code: 4403 });
    expect((await call("/ws/agent")).status).toBe(426);
    expect((await handshake("/ws/agent?x=1")).status).toBe(400);
    const socket = await agent({ grants: ["serve:task/1"] });
    expect(socket.protocol).toBe("tailrace.v1");
    socket.send({ type: "ping" });
    expect(await socket.next()).toEqual({ type: "pong" });
    socket.close();
  });

  test("[WSA2] a joined channel tells its state, then what waits, then what comes; answers reach the sender", async () => {
    const channel = freshChannel("project");
    await command(channel, "c-1");
    const sender = await openSocket("/ws");
    sender.send({ type: "subscribe", channel });
    await sender.until("subscribed");
    const socket = await agent({ grants: [`serve:${channel}`] });
    socket.send({ type: "join", channel });
    expect(await socket.next()).toMatchObject({ type: "subscribed", channel, windowBytes: 0 });
    expect(await socket.next()).toMatchObject({ type: "summary", channel, status: "waiting", agents: 1 });
    const first = { type: "command", channel, cursor: 1, id: "c-1", name: "feedback", from: "ada" };
    expect(await socket.next()).toMatchObject({ ...first, data: { text: "c-1" } });
    await command(channel, "c-2");
    expect(await socket.until("command")).toMatchObject({ cursor: 2, id: "c-2" });
    socket.send({ type: "commandAck", channel, cursor: 2 });
    socket.send({ type: "answer", channel, id: "c-1", data: { ok: 1 }, final: true });
    for (let reply = await sender.until("reply"); ; reply = await sender.until("reply")) {
      if (reply["state"] !== "answered") continue;
      expect(reply).toMatchObject({ channel, id: "c-1", data: { ok: 1 }, final: true });
      break;
    }
    expect(await stateOf(channel, "c-2")).toMatchObject({ state: "delivered" });
    socket.close();
    sender.close();
  });

  test("[WSA3] what is not granted, not joined, wrong or too many is refused, and the socket stays", async () => {
    const channel = freshChannel();
    const socket = await agent({ grants: ["serve:build/a*", "read:*/*"] });
    for (const name of [channel, "build/*", "task/*", "build/b*"]) {
      socket.send({ type: "join", channel: name });
      expect(await socket.next()).toMatchObject({ type: "error", code: "forbidden", channel: name });
    }
    socket.send({ type: "join", channel: "build" });
    expect(await socket.next()).toMatchObject({ type: "error", code: "invalid_field" });
    socket.send({ type: "command", channel, id: "c", name: "x", data: {} });
    expect(await socket.next()).toMatchObject({ type: "error", code: "unknown_frame" });
    socket.send({ type: "commandAck", channel, cursor: 1 });
    expect(await socket.next()).toMatchObject({ type: "error", code: "not_subscribed", channel });
    socket.send({ type: "answer", channel, id: "c-9", data: null, final: true });
    expect(await socket.next()).toMatchObject({ type: "error", code: "not_subscribed", channel, id: "c-9" });
    for (const name of [channel, "build/*"]) {
      socket.send({ type: "unsubscribe", channel: name });
      expect(await socket.next()).toMatchObject({ type: "error", code: "not_subscribed", channel: name });
    }
    socket.send({ type: "subscribe", channel });
    expect(await socket.next()).toMatchObject({ type: "error", code: "forbidden", channel });
    socket.send(batch(channel, 0));
    expect(await socket.next()).toMatchObject({ type: "error", code: "forbidden", channel, seq: 0 });
    for (let i = 0; i < 16; i++) socket.send({ type: "join", channel: `build/a${i}-*` });
    socket.send({ type: "join", channel: "build/a-*" });
    expect(await socket.next()).toMatchObject({
      code: "too_many_channels",
      channel: "build/a-*",
      expected: 16,
    });
    socket.close();
  });

  test("[WSA4] a grant on a project serves its channels, by name", async () => {
    const channel = freshChannel();
    const project = `p-${crypto.randomUUID().slice(0, 8)}`;
    await appendLines(channel, ["a"], `?project=${project}`);
    const socket = await agent({ grants: [`serve:project/${project}`] });
    await joined(socket, channel);
    socket.send(batch(channel, 0));
    expect(await socket.until("appended")).toMatchObject({ channel, first: 2 });
    const other = freshChannel();
    await appendLines(other, ["a"], "?project=other");
    socket.send(batch(other, 0));
    expect(await socket.until("error")).toMatchObject({ code: "forbidden", channel: other });
    socket.close();
  });

  test("[WSA5] of a group one agent has a command; when it dies the next one gets what was not acknowledged", async () => {
    const channel = freshChannel("project");
    const first = await agent({ sub: "one" });
    const second = await agent({ sub: "two" });
    await joined(first, channel, "g");
    await joined(second, channel, "g");
    for (const id of ["c-1", "c-2", "c-3"]) await command(channel, id);
    const got = await take(first, "command", 3);
    expect(got.map(({ id }) => id)).toEqual(["c-1", "c-2", "c-3"]);
    // What the second was sent so far came before this pong, for both leave by one socket.
    second.send({ type: "answer", channel, id: "none", data: {}, final: true });
    const before: string[] = [];
    for (let frame = await second.next(); frame?.type !== "error"; frame = await second.next()) {
      before.push(String(frame?.type));
    }
    expect(before).not.toContain("command");
    first.send({ type: "commandAck", channel, cursor: 1 });
    first.send({ type: "answer", channel, id: "none", data: {}, final: true });
    await first.until("error");
    first.close();
    const again = await take(second, "command", 2);
    expect(again.map(({ id }) => id)).toEqual(["c-2", "c-3"]);
    second.send({ type: "commandAck", channel, cursor: 3 });
    second.send({ type: "answer", channel, id: "none", data: {}, final: true });
    await second.until("error");
    expect(await stateOf(channel, "c-3")).toMatchObject({ state: "delivered" });
    second.close();
  });

  test("[WSA6] a pattern brings what is there and what comes, also with nothing but a command; never what ended", async () => {
    const tenant = freshTenant();
    const admin = await token({ tenant });
    const lines = (channel: string) =>
      call(`/v1/channels/${channel}/entries`, {
        method: "POST",
        body: "a\n",
        headers: { "content-type": "text/plain" },
        as: admin,
      });
    await lines("build/app-1");
    await lines("build/web-1");
    await lines("build/app-0");
    await post("/v1/channels/build/app-0/end", { status: "success" }, { as: admin });
    const socket = await agent({ tenant, grants: ["serve:build/*"] });
    socket.send({ type: "join", channel: "build/app-*", group: "g" });
    expect(await socket.until("subscribed")).toMatchObject({ channel: "build/app-1", ended: false });
    await command("build/app-2", "c-1", { tenant });
    expect(await socket.until("subscribed")).toMatchObject({ channel: "build/app-2", epoch: null });
    expect(await socket.until("command")).toMatchObject({ channel: "build/app-2", id: "c-1" });
    await lines("build/web-2");
    await lines("build/app-3");
    expect(await socket.until("subscribed")).toMatchObject({ channel: "build/app-3" });
    socket.close();
  });

  test("[WSA7] a channel that a pattern brought is left when it has ended; one joined by name stays", async () => {
    const tenant = freshTenant();
    const admin = await token({ tenant });
    const end = (channel: string) =>
      post(`/v1/channels/${channel}/end`, { status: "success" }, { as: admin });
    const begin = (channel: string) =>
      post(`/v1/channels/${channel}/entries`, { entries: [{ line: "a" }] }, { as: admin });
    for (const channel of ["build/1", "task/1"]) await begin(channel);
    const socket = await agent({ tenant });
    await joined(socket, "task/1");
    socket.send({ type: "join", channel: "build/*" });
    await untilOf(socket, "summary", "build/1");
    await end("build/1");
    await end("task/1");
    const left = ["build/1", "task/1"];
    while (left.length > 0) {
      const { channel, status } = await socket.until("summary");
      if (status === "success") left.splice(left.indexOf(String(channel)), 1);
    }
    socket.send({ type: "commandAck", channel: "build/1", cursor: 0 });
    expect(await socket.until("error")).toMatchObject({ code: "not_subscribed", channel: "build/1" });
    socket.send({ type: "answer", channel: "task/1", id: "none", data: {}, final: true });
    expect(await socket.until("error")).toMatchObject({ code: "command_not_found", channel: "task/1" });
    await call("/v1/channels/build/1", { method: "DELETE", as: admin });
    await begin("build/1");
    expect(await untilOf(socket, "subscribed", "build/1")).toMatchObject({ ended: false });
    socket.close();
  });

  test("[WSA8] the watch outlives the directory's sleep; unsubscribe leaves a pattern with all that it brought", async () => {
    const tenant = freshTenant();
    const socket = await agent({ tenant });
    socket.send({ type: "join", channel: "build/*" });
    socket.send({ type: "join", channel: "build/a*" });
    await command("build/1", "c-1", { tenant });
    await socket.until("command");
    await evictDurableObject(directoryObject(testEnv, tenant), { webSockets: "hibernate" });
    await command("build/2", "c-2", { tenant });
    expect(await socket.until("command")).toMatchObject({ channel: "build/2" });
    await command("build/a1", "c-3", { tenant });
    expect(await socket.until("command")).toMatchObject({ channel: "build/a1" });
    socket.send({ type: "unsubscribe", channel: "build/*" });
    socket.send({ type: "commandAck", channel: "build/2", cursor: 1 });
    expect(await socket.until("error")).toMatchObject({ code: "not_subscribed", channel: "build/2" });
    await command("build/3", "c-4", { tenant });
    await command("build/a2", "c-5", { tenant });
    expect(await untilOf(socket, "subscribed", "build/a2")).toMatchObject({ channel: "build/a2" });
    socket.send({ type: "commandAck", channel: "build/3", cursor: 0 });
    expect(await socket.until("error")).toMatchObject({ code: "not_subscribed", channel: "build/3" });
    socket.close();
  });

  test("[WSA9] a lost leg or watch is opened again: subscribed comes again, then what was not acknowledged", async () => {
    const tenant = freshTenant();
    const socket = await agent({ tenant });
    socket.send({ type: "join", channel: "build/*" });
    await command("build/1", "c-1", { tenant });
    await command("build/1", "c-2", { tenant });
    await take(socket, "command", 2);
    socket.send({ type: "commandAck", channel: "build/1", cursor: 1 });
    socket.send({ type: "answer", channel: "build/1", id: "none", data: {}, final: true });
    await socket.until("error");
    await evictDurableObject(channelObject(testEnv, tenant, "build/1"), { webSockets: "close" });
    expect(await socket.until("subscribed")).toMatchObject({ channel: "build/1" });
    expect(await socket.until("command")).toMatchObject({ channel: "build/1", id: "c-2" });
    await evictDurableObject(directoryObject(testEnv, tenant), { webSockets: "close" });
    await command("build/2", "c-3", { tenant });
    expect(await socket.until("command")).toMatchObject({ channel: "build/2", id: "c-3" });
    socket.close();
  });

  test("[WSA10] appends are answered in order; an answer follows what was appended before it", async () => {
    const channel = `task/t-${crypto.randomUUID().slice(0, 8)}`;
    const taken = await post(`/v1/channels/${channel}/commands`, {
      id: "c",
      name: "install",
      data: { key: "nginx" },
    });
    expect(taken.status).toBe(202);
    const socket = await agent();
    await joined(socket, channel);
    await socket.until("command");
    for (let seq = 0; seq < 50; seq++) socket.send(batch(channel, seq));
    socket.send({ type: "answer", channel, id: "c", data: { status: "success", exitCode: 0 }, final: true });
    const answers = await take(socket, "appended", 50);
    expect(answers.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, seq) => seq));
    for (let summary = await socket.until("summary"); summary["status"] !== "success"; ) {
      summary = await socket.until("summary");
    }
    const page = (await (await call(`/v1/channels/${channel}/entries`)).json()) as { entries: unknown[] };
    expect(page.entries).toHaveLength(50);
    socket.send(batch(channel, 50));
    expect(await socket.until("error")).toMatchObject({ code: "channel_ended", channel, seq: 50 });
    socket.close();
  });

  test("[WSA15] a ping that is no heartbeat is answered behind what was sent before it", async () => {
    const channel = freshChannel();
    const socket = await agent();
    for (let seq = 0; seq < 3; seq++) socket.send(batch(channel, seq));
    socket.send('{"type": "ping"}');
    const types: unknown[] = [];
    for (let i = 0; i < 4; i++) types.push((await socket.next())?.type);
    expect(types).toEqual(["appended", "appended", "appended", "pong"]);
    socket.close();
  });

  test("[WSA11] it reads channels by its serve grant, beside serving them", async () => {
    const channel = freshChannel();
    await appendLines(channel, ["a", "b"]);
    const socket = await agent({ grants: [`serve:${channel}`] });
    socket.send({ type: "subscribe", channel });
    expect(await readLines(socket, 2)).toEqual(["a", "b"]);
    socket.send({ type: "ack", channel, cursor: 2 });
    await joined(socket, channel);
    await appendLines(channel, ["c"]);
    expect(await readLines(socket, 1, 2)).toEqual(["c"]);
    socket.send({ type: "ack", channel, cursor: 99 });
    expect(await socket.until("error")).toMatchObject({ code: "invalid_field", channel });
    socket.send({ type: "unsubscribe", channel });
    socket.send({ type: "ack", channel, cursor: 3 });
    expect(await socket.until("error")).toMatchObject({ code: "not_subscribed", channel });
    socket.send({ type: "commandAck", channel, cursor: 0 });
    expect(await socket.until("error")).toMatchObject({ code: "not_subscribed", channel });
    socket.close();
  });

  test("[WSA12] a new token must still grant all that is joined and read", async () => {
    const one = freshChannel();
    const socket = await agent({ grants: [`serve:${one}`, "serve:task/*"] });
    await joined(socket, one);
    socket.send({ type: "join", channel: "task/*" });
    socket.send({
      type: "auth",
      token: await token({ sub: "agent", grants: [`serve:${one}`, "serve:task/*"] }),
    });
    await joined(socket, one);
    socket.send({
      type: "auth",
      token: await token({ sub: "agent", grants: [`serve:${one}`, "serve:task/a*"] }),
    });
    expect(await socket.until("error")).toMatchObject({ code: "forbidden", expected: "serve:task/*" });
    expect(await socket.closed).toMatchObject({ code: 4401 });
  });

  test("[WSA13] past 1,000 channels a pattern's newest are served, and it is told that others are not", async () => {
    const tenant = freshTenant();
    const directory = directoryObject(testEnv, tenant);
    await runInDurableObject(directory, async (object) => {
      for (let i = 1; i <= 1_001; i++) {
        await object.put({
          ...{
            channel: `build/${i}`,
            status: "waiting",
            epoch: null,
            tail: 0,
            lines: 0,
            bytes: 0,
            errors: 0,
          },
          ...{ warnings: 0, stages: 0, viewers: 0, startedAt: i, updatedAt: i },
        });
      }
    });
    const socket = await agent({ tenant });
    socket.send({ type: "join", channel: "build/*" });
    expect(await socket.until("error")).toMatchObject({
      code: "too_many_channels",
      channel: "build/*",
      expected: 1_000,
    });
    socket.send({ type: "join", channel: "build/1" });
    expect(await socket.until("error")).toMatchObject({ code: "too_many_channels", channel: "build/1" });
    await untilOf(socket, "subscribed", "build/2");
    socket.close();
  }, 60_000);

  test("[WSA14] a tenant's directory takes 1,000 joined patterns; one more is told to come later", async () => {
    const tenant = freshTenant();
    const admin = await token({ tenant });
    const sockets: TestSocket[] = [];
    for (let i = 0; i < 63; i++) {
      const socket = await openSocket("/ws/agent", { as: admin });
      for (let j = 0; j < 16; j++) socket.send({ type: "join", channel: `build/${i}-${j}-*` });
      sockets.push(socket);
    }
    const refused = await Promise.race(sockets.map((socket) => socket.until("error")));
    expect(refused).toMatchObject({ code: "too_many_agents", expected: 1_000, retryAfterMs: 30_000 });
    for (const socket of sockets) socket.close();
  }, 30_000);
});
