import { evictDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { stubOf } from "./channel_client.ts";
import {
  appendLines,
  call,
  freshChannel,
  handshake,
  openSocket,
  post,
  TestSocket,
  token,
} from "./gateway.ts";

/** A client of build logs: no subprotocol, its token in the query. */
async function openA(as?: string): Promise<TestSocket> {
  return new TestSocket(await handshake(`/ws?token=${as ?? (await token())}`, { as: null }));
}

async function viewersOf(channel: string): Promise<number> {
  return ((await (await call(`/v1/channels/${channel}`)).json()) as { viewers: number }).viewers;
}

const idOf = (channel: string) => channel.slice("build/".length);

test("[A1] lines, events and the end are exactly A's frames", async () => {
  const channel = freshChannel();
  const buildId = idOf(channel);
  await post(`/v1/channels/${channel}/entries`, {
    entries: [
      { line: "npm ci", ts: 1_000, stage: "install", fields: { host: "internal" }, progress: 5 },
      { line: "no stage", ts: 2_000, level: "warn", stream: "stderr" },
      { kind: "event", event: "cache", data: { hit: true }, ts: 3_000, from: "runner" },
    ],
  });
  const socket = await openA();
  expect(socket.protocol).toBeNull();
  socket.send({ type: "subscribe", buildId, colour: "ignored", cursor: null });
  expect(await socket.next()).toEqual({
    type: "log",
    buildId,
    ts: 1_000,
    level: "info",
    stage: "install",
    line: "npm ci",
    cursor: 1,
  });
  expect(await socket.next()).toEqual({
    type: "log",
    buildId,
    ts: 2_000,
    level: "warn",
    stage: "",
    line: "no stage",
    cursor: 2,
  });
  expect(await socket.next()).toEqual({
    type: "log",
    buildId,
    ts: 3_000,
    level: "info",
    stage: "",
    line: 'cache {"hit":true}',
    cursor: 3,
  });
  await post(`/v1/channels/${channel}/end`, { status: "failure", exitCode: 2 });
  const end = await socket.next();
  expect(end).toMatchObject({ type: "end", buildId, status: "failure", exitCode: 2, lines: 2 });
  expect(end).not.toHaveProperty("channel");
  socket.send({ type: "ping" });
  expect(await socket.next()).toEqual({ type: "pong" });
  const later = await openA();
  later.send({ type: "subscribe", buildId, cursor: 3 });
  expect(await later.next()).toEqual(end);
  socket.close();
  later.close();
});

test("[A2] several builds share a socket, any channel is read by its whole name", async () => {
  const [one, two] = [freshChannel(), freshChannel("plugin")];
  const socket = await openA();
  socket.send({ type: "subscribe", buildId: idOf(one) });
  socket.send({ type: "subscribe", buildId: two });
  await appendLines(one, ["a"]);
  expect(await socket.next()).toMatchObject({ type: "log", buildId: idOf(one), line: "a", cursor: 1 });
  await appendLines(two, ["b"]);
  expect(await socket.next()).toMatchObject({ type: "log", buildId: two, line: "b", cursor: 1 });
  socket.send({ type: "unsubscribe", buildId: idOf(one) });
  socket.send({ type: "ping" });
  expect(await socket.next()).toEqual({ type: "pong" });
  await appendLines(one, ["unseen"]);
  await appendLines(two, ["seen"]);
  expect(await socket.next()).toMatchObject({ buildId: two, line: "seen" });
  socket.close();
});

test("[A12] two ids of one channel on one socket are both served, each by its own name", async () => {
  const channel = freshChannel();
  const socket = await openA();
  socket.send({ type: "subscribe", buildId: idOf(channel) });
  await appendLines(channel, ["one"]);
  expect(await socket.next()).toMatchObject({ type: "log", buildId: idOf(channel), line: "one" });
  socket.send({ type: "subscribe", buildId: channel, cursor: 1 });
  await expect.poll(() => viewersOf(channel)).toBe(2);
  await appendLines(channel, ["two"]);
  const both = [await socket.next(), await socket.next()];
  expect(both).toMatchObject([{ line: "two" }, { line: "two" }]);
  expect(new Set(both.map((frame) => frame?.["buildId"]))).toEqual(new Set([idOf(channel), channel]));
  socket.send({ type: "unsubscribe", buildId: idOf(channel) });
  await expect.poll(() => viewersOf(channel)).toBe(1);
  await appendLines(channel, ["three", "four"]);
  expect(await socket.next()).toMatchObject({ type: "log", buildId: channel, line: "three" });
  expect(await socket.next()).toMatchObject({ type: "log", buildId: channel, line: "four" });
  socket.close();
});

test("[A3] what is wrong gets A's error frame and the socket stays open", async () => {
  const channel = freshChannel();
  const socket = await openA(await token({ grants: [`read:${channel}`] }));
  socket.send({ type: "subscribe", buildId: "other" });
  expect(await socket.next()).toEqual({
    type: "error",
    code: "forbidden",
    message: `This needs the grant read:build/other. The token grants read:${channel}.`,
    buildId: "other",
  });
  const refused = [
    [{ type: "shout", buildId: "1" }, "unknown_frame"],
    [{ type: "subscribe" }, "missing_field"],
    [{ type: "subscribe", buildId: "a b" }, "channel_name_invalid"],
    [{ type: "subscribe", buildId: "Build/x" }, "channel_name_invalid"],
    [{ type: "subscribe", buildId: "1", cursor: "x" }, "invalid_field"],
    [{ type: "subscribe", buildId: "1", id: "x".repeat(129) }, "invalid_field"],
    [{ type: "unsubscribe", buildId: "1", id: "x".repeat(129) }, "invalid_field"],
  ] as const;
  for (const [frame, code] of refused) {
    socket.send(frame);
    expect(await socket.next()).toMatchObject({ type: "error", code });
  }
  socket.send({ type: "subscribe", buildId: idOf(channel), id: "x".repeat(128) });
  await appendLines(channel, ["still open"]);
  expect(await socket.next()).toMatchObject({ type: "log", line: "still open" });
  socket.close();
});

test("[A4] a ping decides nothing, a buildId does", async () => {
  const channel = freshChannel();
  await appendLines(channel, ["a"]);
  const socket = await openA();
  socket.send({ type: "ping" });
  expect(await socket.next()).toEqual({ type: "pong" });
  socket.send({ type: "subscribe", buildId: idOf(channel) });
  expect(await socket.next()).toMatchObject({ type: "log", line: "a" });
  socket.send({ type: "subscribe", channel });
  expect(await socket.next()).toMatchObject({ type: "error", code: "missing_field" });
  socket.close();
});

test("[A11] before it is decided no native frame comes: a ping may carry anything, an expiry waits", async () => {
  const channel = freshChannel();
  await appendLines(channel, ["a"]);
  const short = () => token({ expiresInSeconds: 5 });
  const socket = await openA(await short());
  const native = await openSocket("/ws", { as: await short() });
  // A token as short as this is warned of at once.
  const other = await openSocket("/ws", { as: await short() });
  other.send({ type: "subscribe", channel });
  await other.until("expiring");
  for (const ping of [
    { type: "ping", timestamp: "x", id: null },
    { type: "ping", channel: null },
  ]) {
    socket.send(ping);
    expect(await socket.next()).toEqual({ type: "pong" });
  }
  socket.send({ type: "subscribe", buildId: idOf(channel) });
  expect(await socket.next()).toMatchObject({ type: "log", line: "a" });
  native.send({ type: "subscribe", channel });
  expect(await native.next()).toEqual({ type: "expiring", inMs: expect.any(Number) });
  expect(await native.next()).toMatchObject({ type: "subscribed" });
  for (const each of [socket, native, other]) each.close();
});

test("[A5] a cursor of a deleted journal gets a gap, then the oldest", async () => {
  const channel = freshChannel();
  const buildId = idOf(channel);
  await appendLines(channel, ["old", "old"]);
  await call(`/v1/channels/${channel}`, { method: "DELETE" });
  await appendLines(channel, ["new"]);
  const socket = await openA();
  socket.send({ type: "subscribe", buildId, cursor: 9 });
  expect(await socket.next()).toEqual({
    type: "gap",
    buildId,
    from: 10,
    to: null,
    count: null,
    reason: "epoch",
  });
  expect(await socket.next()).toMatchObject({ type: "log", line: "new", cursor: 3 });
  socket.close();
});

test("[A6] a lost leg is opened again after the last line sent", async () => {
  const channel = freshChannel();
  const socket = await openA();
  socket.send({ type: "subscribe", buildId: idOf(channel) });
  await appendLines(channel, ["one", "two"]);
  expect(await socket.next()).toMatchObject({ line: "one", cursor: 1 });
  expect(await socket.next()).toMatchObject({ line: "two", cursor: 2 });
  await evictDurableObject(stubOf(channel), { webSockets: "close" });
  await appendLines(channel, ["three"]);
  expect(await socket.next()).toMatchObject({ type: "log", line: "three", cursor: 3 });
  socket.close();
});

test("[A10] an end is told once, over a lost leg too, and again of the next journal", async () => {
  const channel = freshChannel();
  const buildId = idOf(channel);
  const socket = await openA();
  socket.send({ type: "subscribe", buildId });
  await appendLines(channel, ["one"]);
  expect(await socket.next()).toMatchObject({ type: "log", line: "one" });
  await post(`/v1/channels/${channel}/end`, { status: "success" });
  expect(await socket.next()).toMatchObject({ type: "end", status: "success" });
  await evictDurableObject(stubOf(channel), { webSockets: "close" });
  // The new leg is there, and has everything.
  await expect.poll(() => viewersOf(channel)).toBe(1);
  await call(`/v1/channels/${channel}`, { method: "DELETE" });
  expect(await socket.next()).toMatchObject({ type: "gap", reason: "epoch" });
  await appendLines(channel, ["two"]);
  expect(await socket.next()).toMatchObject({ type: "log", line: "two" });
  await post(`/v1/channels/${channel}/end`, { status: "failure" });
  expect(await socket.next()).toMatchObject({ type: "end", status: "failure" });
  socket.close();
});

test("[A7] a long log comes whole: the gateway acknowledges for its client", async () => {
  const channel = freshChannel();
  const lines = Array.from({ length: 4_000 }, (_, i) => `${i} ${"x".repeat(200)}`);
  await appendLines(channel, lines);
  const socket = await openA();
  socket.send({ type: "subscribe", buildId: idOf(channel) });
  for (const [i, line] of lines.entries()) {
    const frame = await socket.next();
    if (frame?.["line"] !== line) expect(frame).toMatchObject({ line, cursor: i + 1 });
  }
  socket.close();
});

test("[A9] what comes after the first 1 MiB is paced, and comes whole", async () => {
  const channel = freshChannel();
  const lines = Array.from({ length: 1_500 }, (_, i) => `${i} ${"x".repeat(900)}`);
  await appendLines(channel, lines);
  const socket = await openA();
  const started = performance.now();
  socket.send({ type: "subscribe", buildId: idOf(channel) });
  const got: unknown[] = [];
  while (got.length < lines.length) got.push((await socket.until("log"))["line"]);
  expect(got).toEqual(lines);
  // About 1.4 MiB: less the first one and what is in flight, some hundred milliseconds at 256 KiB/s.
  expect(performance.now() - started).toBeGreaterThan(300);
  socket.close();
});

test("[A8] an expired token closes the socket 4401", async () => {
  const socket = await openA(await token({ expiresInSeconds: 2 }));
  socket.send({ type: "subscribe", buildId: "1" });
  expect(await socket.until("error")).toMatchObject({ type: "error", code: "token_expired" });
  expect(await socket.closed).toMatchObject({ code: 4401 });
});
