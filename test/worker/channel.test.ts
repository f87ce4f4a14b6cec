import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { limits, pingText, pongText } from "../../protocol/mod.ts";
import type { ChannelObject } from "../../worker/objects/channel.ts";
import { appendTo, log, stubOf, TestSocket, tenant, testEnv } from "./channel_client.ts";

const lines = (from: number, to: number, pad = 0) =>
  Array.from({ length: to - from + 1 }, (_, i) => log(`line ${from + i}`.padEnd(pad, ".")));

const cursors = (lines: [number, string][]) => lines.map(([cursor]) => cursor);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("the channel object", () => {
  it("[OBJ1] stores, streams and resumes through evictions in the middle of a stream", async () => {
    const channel = "build/evicted";
    const stub = stubOf(channel);
    const socket = await TestSocket.open(channel);
    for (let round = 0; round < 6; round++) {
      await appendTo(channel, lines(round * 100 + 1, round * 100 + 100, 200));
      if (round % 2 === 0) await evictDurableObject(stub, { webSockets: "hibernate" });
    }
    expect(cursors(await socket.lines(0, 600))).toEqual(range(1, 600));
    const resumed = await TestSocket.open(channel, { cursor: 250 });
    await evictDurableObject(stub);
    expect(cursors(await resumed.lines(250, 600))).toEqual(range(251, 600));
  });

  it("[OBJ2] keeps producers, sums and the end over evictions", async () => {
    const channel = "build/kept";
    const producer = { id: "p", epoch: 3, seq: 0 };
    const first = await appendTo(channel, lines(1, 2), producer);
    await evictDurableObject(stubOf(channel));
    expect(await appendTo(channel, lines(1, 2), producer)).toEqual({
      ok: true,
      value: { ...(first.ok && first.value), duplicate: true },
    });
    const end = await stubOf(channel).end({ tenant, channel, status: "failure", exitCode: 2 });
    await evictDurableObject(stubOf(channel));
    expect(await stubOf(channel).end({ tenant, channel, status: "success" })).toEqual(end);
    expect(end).toMatchObject({ ok: true, value: { lines: 2, bytes: 14, status: "failure", exitCode: 2 } });
    const late = await TestSocket.open(channel);
    expect(await late.next("end")).toMatchObject({ exitCode: 2, lines: 2 });
  });

  it("[OBJ3] a read stores no journal", async () => {
    const channel = "build/never";
    const socket = await TestSocket.open(channel);
    expect(await socket.next("subscribed")).toMatchObject({ epoch: null, tail: 0 });
    await stubOf(channel).summary(tenant, channel);
    const tables = await runInDurableObject(stubOf(channel), (_: ChannelObject, state) => {
      return [
        ...state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'"),
      ];
    });
    expect(tables).toEqual([]);
    await evictDurableObject(stubOf(channel));
    await appendTo(channel, lines(1, 1));
    expect(await socket.next("subscribed")).toMatchObject({ first: 1 });
    expect(await socket.lines(0, 1)).toEqual([[1, "line 1"]]);
  });

  it("[OBJ4] answers pings by the platform alone, under hibernation too", async () => {
    const channel = "build/ping";
    const socket = await TestSocket.open(channel);
    await runInDurableObject(stubOf(channel), (_: ChannelObject, state) => {
      expect(state.getWebSocketAutoResponseTimestamp(state.getWebSockets()[0] as WebSocket)).toBeNull();
    });
    await evictDurableObject(stubOf(channel));
    socket.socket.send(pingText);
    expect(await socket.next("pong")).toEqual(JSON.parse(pongText));
    await runInDurableObject(stubOf(channel), (_: ChannelObject, state) => {
      expect(state.getWebSocketAutoResponseTimestamp(state.getWebSockets()[0] as WebSocket)).toBeInstanceOf(
        Date,
      );
    });
  });

  it("[OBJ5] answers a close, a bare one too, and lets the subscriber go", async () => {
    const channel = "build/close";
    for (const close of [(it: WebSocket) => it.close(), (it: WebSocket) => it.close(4000, "bye")]) {
      const socket = await TestSocket.open(channel);
      await socket.next("summary");
      close(socket.socket);
      await socket.closed;
      await expect.poll(async () => (await stubOf(channel).summary(tenant, channel)).viewers).toBe(0);
    }
  });

  it("[OBJ6] refuses binary frames and frames that are no JSON with an error, then 4400", async () => {
    for (const [message, code] of [
      [new Uint8Array([1, 2]), "frame_invalid"],
      ["nonsense", "malformed_json"],
      [`"${"x".repeat(limits.upFrameBytes)}"`, "frame_too_large"],
    ] as const) {
      const socket = await TestSocket.open("build/bad");
      await socket.next("summary");
      socket.socket.send(message);
      expect(await socket.next("error")).toMatchObject({ code, channel: "build/bad" });
      expect((await socket.closed).code).toBe(4400);
    }
  });

  it("[OBJ7] a disk that refuses the second row of a flush: nothing is acknowledged, nobody hears of it, the next works", async () => {
    const channel = "build/full";
    await appendTo(channel, lines(1, 1));
    const socket = await TestSocket.open(channel);
    await socket.lines(0, 1);
    const run = (query: string) =>
      runInDurableObject(stubOf(channel), (_: ChannelObject, { storage }) => [...storage.sql.exec(query)]);
    await run(`CREATE TRIGGER full BEFORE INSERT ON journal WHEN (SELECT count(*) FROM journal) = 2
      BEGIN SELECT RAISE(ABORT, 'disk full'); END`);
    const producer = { id: "p", epoch: 0, seq: 0 };
    const twoRows = lines(9_001, 9_400, 1_000);
    const refused = { ok: false, problem: { code: "storage_failed", retryAfterMs: 1_000 } };
    expect(await appendTo(channel, twoRows, producer)).toMatchObject(refused);
    await evictDurableObject(stubOf(channel), { webSockets: "hibernate" });
    const [first, second] = await Promise.all([
      appendTo(channel, twoRows, producer),
      appendTo(channel, lines(9_401, 9_401), { ...producer, seq: 1 }),
    ]);
    expect(first).toMatchObject(refused);
    expect(second).toMatchObject({ ok: false });
    expect(await run("SELECT first, last FROM journal")).toEqual([{ first: 1, last: 1 }]);
    await run("DROP TRIGGER full");
    const next = { ok: true, value: { first: 2, last: 3, duplicate: false } };
    expect(await appendTo(channel, lines(2, 3), producer)).toMatchObject(next);
    expect(await socket.lines(1, 3)).toEqual([
      [2, "line 2"],
      [3, "line 3"],
    ]);
  });

  it("[OBJ8] stores a flush as one row, and nothing per entry", async () => {
    const channel = "build/rows";
    for (let i = 0; i < 5; i++) await appendTo(channel, lines(i * 50 + 1, i * 50 + 50));
    const rows = await runInDurableObject(stubOf(channel), (_: ChannelObject, state) => {
      return [...state.storage.sql.exec("SELECT count(*) AS n FROM journal")];
    });
    expect(rows).toEqual([{ n: 5 }]);
  });

  it("[OBJ9] warns of a token that expires, and closes the socket once it has, by the alarm, after a wake", async () => {
    const channel = "build/expired";
    const expiresAt = Date.now() + 2_000;
    const socket = await TestSocket.open(channel, { expiresAt });
    expect((await socket.next("expiring")).inMs).toBeLessThanOrEqual(2_000);
    await evictDurableObject(stubOf(channel));
    expect(await socket.next("error")).toMatchObject({ code: "token_expired" });
    expect((await socket.closed).code).toBe(4401);
    expect(Date.now()).toBeGreaterThan(expiresAt - 200);
  }, 20_000);

  it("[OBJ10] a stalled subscriber gets at most a window, and everything once it acknowledges", async () => {
    const channel = "build/stalled";
    const stalled = await TestSocket.open(channel, { maxWindowBytes: 64 * 1024 }, false);
    const healthy = await TestSocket.open(channel);
    for (let i = 0; i < 10; i++) await appendTo(channel, lines(i * 200 + 1, i * 200 + 200, 900));
    expect(cursors(await healthy.lines(0, 2_000))).toEqual(range(1, 2_000));
    const got: number[] = [];
    while (got.at(-1) !== 2_000) {
      const { first, entries } = await stalled.next("entries");
      got.push(...range(first, first + entries.length - 1));
      stalled.send({ type: "ack", channel, cursor: got.at(-1) });
    }
    expect(got).toEqual(range(1, 2_000));
  });

  it("[OBJ11] pages of history are whole chunks, forwards and backwards, each at most what was asked", async () => {
    const channel = "build/pages";
    await appendTo(channel, lines(1, 3_000, 100));
    const stub = stubOf(channel);
    const forwards: number[] = [];
    for (let after = 0; ; ) {
      const { page } = await stub.read(tenant, channel, { after, maxBytes: 32 * 1024 });
      if (page === null) break;
      expect(page.text.length).toBeLessThanOrEqual(33 * 1024);
      expect(JSON.parse(`[${page.text}]`)).toHaveLength(page.last - page.first + 1);
      forwards.push(...range(Math.max(page.first, after + 1), page.last));
      after = page.last;
    }
    expect(forwards).toEqual(range(1, 3_000));
    const backwards: number[] = [];
    for (let before = 3_001; ; ) {
      const { page } = await stub.read(tenant, channel, { before, maxBytes: 32 * 1024 });
      if (page === null) break;
      backwards.unshift(...range(page.first, Math.min(page.last, before - 1)));
      before = page.first;
    }
    expect(backwards).toEqual(range(1, 3_000));
  });

  it("[OBJ12] a wait for the tail ends when it moves, and in its time when it does not", async () => {
    const channel = "build/wait";
    await appendTo(channel, lines(1, 1));
    const moved = stubOf(channel).waitAfter(tenant, channel, 1, 30_000);
    await appendTo(channel, lines(2, 2));
    expect((await moved).tail).toBe(2);
    expect((await stubOf(channel).waitAfter(tenant, channel, 2, 20)).tail).toBe(2);
    const ahead = stubOf(channel).waitAfter(tenant, channel, 4, 30_000);
    for (const n of [3, 4, 5]) await appendTo(channel, lines(n, n));
    expect((await ahead).tail).toBe(5);
  });

  it("[OBJ30] a delete that the storage refuses changes nothing and may be sent again", async () => {
    const channel = "build/undeletable";
    await appendTo(channel, lines(1, 1));
    await runInDurableObject(stubOf(channel), (_: ChannelObject, state) => {
      state.storage.sql.exec(
        "CREATE TRIGGER full BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'disk full'); END",
      );
    });
    expect(await stubOf(channel).deleteJournal(tenant, channel)).toMatchObject({
      ok: false,
      problem: { code: "storage_failed", retryAfterMs: 1_000 },
    });
    expect((await stubOf(channel).head(tenant, channel)).tail).toBe(1);
    await runInDurableObject(stubOf(channel), (_: ChannelObject, state) => {
      state.storage.sql.exec("DROP TRIGGER full");
    });
    expect(await stubOf(channel).deleteJournal(tenant, channel)).toEqual({
      ok: true,
      value: { existed: true },
    });
  });

  it("[OBJ13] tells viewers who is there, gathered", async () => {
    const channel = "build/presence";
    const first = await TestSocket.open(channel);
    await first.next("summary");
    const others = await Promise.all([1, 2, 3].map(() => TestSocket.open(channel)));
    for (;;) {
      const { viewers } = await first.next("summary");
      if (viewers === 4) break;
    }
    for (const other of others) other.socket.close();
    for (;;) {
      const { viewers } = await first.next("summary");
      if (viewers === 1) break;
    }
  });

  it("[OBJ14] refuses one subscriber too many: inside the socket, or by status where that is asked for", async () => {
    const channel = "build/crowd";
    const most = Number(testEnv["MAX_DIRECT_VIEWERS"]);
    await Promise.all(Array.from({ length: most }, () => TestSocket.open(channel)));
    const refused = await TestSocket.open(channel);
    expect(await refused.next("error")).toMatchObject({ code: "too_many_viewers", retryAfterMs: 30_000 });
    expect((await refused.closed).code).toBe(4429);
    await expect(TestSocket.open(channel, { refusesByStatus: true })).rejects.toThrow("429");
  });
});
