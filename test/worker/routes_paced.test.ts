import { createExecutionContext, evictDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import app from "../../worker/routes/mod.ts";
import { stubOf, testEnv } from "./channel_client.ts";
import { appendLines, call, freshChannel, origin, post, TestSocket, token } from "./gateway.ts";

/** The slowest settings there are, so that little is much. */
const slow = {
  PACE_BYTES_PER_SECOND: "65536",
  PACE_FIRST_BYTES: "4096",
  PACE_QUEUE_BYTES: "4096",
};

async function openA(vars: Readonly<Record<string, string>> = slow): Promise<TestSocket> {
  const headers = { upgrade: "websocket" };
  const env = { ...testEnv, ...vars };
  const address = `${origin}/ws?token=${await token()}`;
  return new TestSocket(await app.request(address, { headers }, env, createExecutionContext()));
}

/** As the operator reads it. */
async function droppedLines(): Promise<number> {
  const headers = { authorization: `Bearer ${await token()}` };
  const response = await app.request(`${origin}/metrics`, { headers }, { ...testEnv });
  return Number(/^tailrace_rate_dropped_lines_total\{.*\} (\d+)$/m.exec(await response.text())?.[1]);
}

const idOf = (channel: string) => channel.slice("build/".length);
const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i} ${"x".repeat(40)}`);

/** Reads on until the cursor `to` was delivered or announced; cursors must come in order and none may miss. */
async function readTo(socket: TestSocket, from: number, to: number) {
  const read = { delivered: [] as string[], missing: [] as number[], gaps: 0 };
  for (let next = from; next <= to; ) {
    const frame = await socket.next();
    if (frame?.type === "log") {
      expect(frame["cursor"]).toBe(next);
      read.delivered.push(String(frame["line"]));
      next += 1;
      continue;
    }
    expect(frame).toMatchObject({ type: "gap", from: next, reason: "rate" });
    const last = Number(frame?.["to"]);
    expect(frame?.["count"]).toBe(last - next + 1);
    read.gaps += 1;
    for (; next <= last; next++) read.missing.push(next);
  }
  return read;
}

test("[RAT1] nothing is dropped before a client was first level, however slow it is", {
  timeout: 30_000,
}, async () => {
  const channel = freshChannel();
  await appendLines(channel, lines(1, 900));
  const socket = await openA();
  const started = performance.now();
  socket.send({ type: "subscribe", buildId: idOf(channel) });
  // Comes while it catches up, and so is its due too.
  await appendLines(channel, lines(901, 1_000));
  const read = await readTo(socket, 1, 1_000);
  expect(read.delivered).toEqual(lines(1, 1_000));
  // Some 130 KB at 64 KiB a second.
  expect(performance.now() - started).toBeGreaterThan(1_000);
  socket.close();
});

test("[RAT2] once level, lines past the rate are announced by exact gaps and can be read from history", {
  timeout: 30_000,
}, async () => {
  const channel = freshChannel();
  const socket = await openA();
  socket.send({ type: "subscribe", buildId: idOf(channel) });
  await appendLines(channel, lines(1, 1));
  await readTo(socket, 1, 1);
  const before = await droppedLines();
  const warn = vi.spyOn(console, "warn");
  await appendLines(channel, lines(2, 500));
  await post(`/v1/channels/${channel}/end`, { status: "success" });
  const read = await readTo(socket, 2, 500);
  expect(read.missing.length).toBeGreaterThan(100);
  expect(read.delivered.length).toBeGreaterThan(20);
  expect(read.gaps).toBeLessThan(10);
  expect((await droppedLines()) - before).toBe(read.missing.length);
  const told = warn.mock.calls.map(([line]) => JSON.parse(String(line)));
  const about = { event: "lines_dropped", reason: "rate", channel, subject: "ada" };
  expect(told).toEqual([{ ...about, lines: 1, total: 1 }]);
  warn.mockRestore();
  const from = read.missing[0] ?? 0;
  const page = await call(`/v1/channels/${channel}/entries?after=${from - 1}&limit=1`);
  expect(await page.json()).toMatchObject({ entries: [{ cursor: from, line: lines(from, from)[0] }] });
  expect(await socket.next()).toMatchObject({ type: "end", lines: 500 });
  socket.close();
});

test("[RAT3] a client that has caught up is level: from then on it is dropped to, before it was not", {
  timeout: 30_000,
}, async () => {
  const channel = freshChannel();
  await appendLines(channel, lines(1, 300));
  const socket = await openA();
  socket.send({ type: "subscribe", buildId: idOf(channel) });
  expect((await readTo(socket, 1, 300)).missing).toEqual([]);
  await appendLines(channel, lines(301, 800));
  expect((await readTo(socket, 301, 800)).missing.length).toBeGreaterThan(100);
  socket.close();
});

test("[RAT4] a lost leg in the middle of catching up or of dropping loses and repeats nothing", {
  timeout: 30_000,
}, async () => {
  const channel = freshChannel();
  await appendLines(channel, lines(1, 600));
  const socket = await openA();
  socket.send({ type: "subscribe", buildId: idOf(channel) });
  await readTo(socket, 1, 50);
  await evictDurableObject(stubOf(channel), { webSockets: "close" });
  expect((await readTo(socket, 51, 600)).missing).toEqual([]);
  await appendLines(channel, lines(601, 900));
  await readTo(socket, 601, 610);
  await evictDurableObject(stubOf(channel), { webSockets: "close" });
  await appendLines(channel, lines(901, 910));
  await readTo(socket, 611, 910);
  socket.close();
});

test("[RAT5] a message rate holds like one in bytes", { timeout: 30_000 }, async () => {
  const channel = freshChannel();
  await appendLines(
    channel,
    Array.from({ length: 1_000 }, () => ""),
  );
  const socket = await openA({ PACE_MESSAGES_PER_SECOND: "500", PACE_FIRST_BYTES: "1024" });
  const started = performance.now();
  socket.send({ type: "subscribe", buildId: idOf(channel) });
  expect((await readTo(socket, 1, 1_000)).missing).toEqual([]);
  expect(performance.now() - started).toBeGreaterThan(1_900);
  socket.close();
});
