import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { pingText } from "../../protocol/mod.ts";
import { socketPlanHeader } from "../../worker/core/contract.ts";
import type { SubscriberState } from "../../worker/core/subscriber.ts";
import type { ChannelObject } from "../../worker/objects/channel.ts";
import { appendTo, log, stubOf, TestSocket, tenant, testEnv } from "./channel_client.ts";

const lines = (from: number, to: number, pad = 0) =>
  Array.from({ length: to - from + 1 }, (_, i) => log(`line ${from + i}`.padEnd(pad, ".")));

const direct = () => ({ expiresAt: Date.now() + 3_600_000 });

/** Lets the object sleep, and moves what its sockets know of their use into the past. */
async function pass(channel: string, ms: number): Promise<void> {
  const stub = stubOf(channel);
  await evictDurableObject(stub, { webSockets: "hibernate" });
  await runInDurableObject(stub, (_: ChannelObject, ctx) => {
    for (const socket of ctx.getWebSockets()) {
      const state = socket.deserializeAttachment() as SubscriberState;
      const { heardAt, sentAt, joinedAt, pingedAt } = state;
      const past = { heardAt: heardAt - ms, sentAt: sentAt - ms, joinedAt: joinedAt - ms };
      socket.serializeAttachment({ ...state, ...past, pingedAt: pingedAt === null ? null : pingedAt - ms });
    }
  });
  await evictDurableObject(stub, { webSockets: "hibernate" });
}

describe("silent sockets of the channel object", () => {
  it("[OBJ18] closes 4408 who was idle for the timeout, by its sweep after a wake, and nobody who pings", async () => {
    const channel = "build/idle";
    const [idle, pinging] = [
      await TestSocket.open(channel, direct()),
      await TestSocket.open(channel, direct()),
    ];
    await pass(channel, 599_000);
    pinging.socket.send(pingText);
    await pinging.next("pong");
    expect(await runDurableObjectAlarm(stubOf(channel))).toBe(true);
    expect((await stubOf(channel).summary(tenant, channel)).viewers).toBe(2);
    await pass(channel, 2_000);
    expect(await runDurableObjectAlarm(stubOf(channel))).toBe(true);
    expect(await idle.next("error")).toMatchObject({ code: "timeout" });
    expect((await idle.closed).code).toBe(4408);
    await evictDurableObject(stubOf(channel), { webSockets: "hibernate" });
    expect((await stubOf(channel).summary(tenant, channel)).viewers).toBe(1);
    await appendTo(channel, lines(1, 1));
    expect(await pinging.lines(0, 1)).toEqual([[1, "line 1"]]);
  });

  it("[OBJ19] asks for a sweep within five minutes while anyone is connected", async () => {
    const channel = "build/sweep";
    const alarm = () =>
      runInDurableObject(stubOf(channel), async (_: ChannelObject, { storage }) => {
        return ((await storage.getAlarm()) ?? Number.POSITIVE_INFINITY) - Date.now();
      });
    const socket = await TestSocket.open(channel, direct());
    await socket.next("summary");
    for (let round = 0; round < 3; round++) {
      await expect.poll(alarm).toBeLessThanOrEqual(310_000);
      expect(await alarm()).toBeGreaterThan(200_000);
      await evictDurableObject(stubOf(channel), { webSockets: "hibernate" });
      await runDurableObjectAlarm(stubOf(channel));
    }
    socket.socket.close();
    await socket.closed;
    await expect.poll(async () => (await stubOf(channel).summary(tenant, channel)).viewers).toBe(0);
    await runDurableObjectAlarm(stubOf(channel));
    expect(await alarm()).toBe(Number.POSITIVE_INFINITY);
  });

  it("[OBJ20] a socket that was closed and does not answer stays, and a wake finds nothing to take for a subscriber", async () => {
    const channel = "build/ghost";
    await openSilently(channel, Date.now());
    expect(await runDurableObjectAlarm(stubOf(channel))).toBe(true);
    const left = await runInDurableObject(stubOf(channel), (_: ChannelObject, ctx) =>
      ctx.getWebSockets().map((socket) => socket.deserializeAttachment() as unknown),
    );
    expect(left).toEqual([null]);
    expect((await stubOf(channel).summary(tenant, channel)).viewers).toBe(0);
  });
});

/** A client that takes nothing, and answers no close. */
async function openSilently(channel: string, expiresAt: number): Promise<void> {
  const header = JSON.stringify({ tenant, channel, subject: "test", expiresAt });
  const response = await stubOf(channel).fetch("https://object/", {
    headers: { Upgrade: "websocket", [socketPlanHeader]: header },
  });
  if (response.webSocket === null) throw new Error(`No socket but ${response.status}`);
}

describe("limits of the channel object", () => {
  it("[OBJ21] takes so many clients for a task", async () => {
    const channel = "task/crowd";
    await Promise.all(Array.from({ length: 10 }, () => TestSocket.open(channel)));
    const refused = await TestSocket.open(channel);
    expect(await refused.next("error")).toMatchObject({ code: "too_many_viewers", retryAfterMs: 30_000 });
    expect((await refused.closed).code).toBe(4429);
  });

  it("[OBJ22] counts frames over evictions: too_fast with how long to wait, then 4429", async () => {
    const channel = "build/flood";
    const socket = await TestSocket.open(channel);
    await socket.next("summary");
    for (let i = 0; i < 900; i++) socket.send({ type: "ack", channel, cursor: 0 });
    await stubOf(channel).head(tenant, channel);
    await evictDurableObject(stubOf(channel), { webSockets: "hibernate" });
    for (let i = 0; i < 600; i++) socket.send({ type: "ack", channel, cursor: 0 });
    const error = await socket.next("error");
    expect(error).toMatchObject({ code: "too_fast", expected: 200 });
    expect(error.retryAfterMs).toBeGreaterThan(0);
    expect((await socket.closed).code).toBe(4429);
  }, 20_000);

  it("[OBJ23] refuses a subject that connects too fast, inside the socket or by status; another is taken", async () => {
    const channel = "build/storm";
    const burst = 10 * Number(testEnv["MAX_CONNECTS_PER_SECOND"]);
    const sockets = await Promise.all(Array.from({ length: burst }, () => TestSocket.open(channel)));
    const refused = await TestSocket.open(channel);
    const error = await refused.next("error");
    expect(error).toMatchObject({ code: "too_fast", expected: burst / 10 });
    expect(error.retryAfterMs).toBeLessThanOrEqual(10_000 / burst);
    expect((await refused.closed).code).toBe(4429);
    for (const socket of sockets) socket.socket.close();
    await Promise.all(sockets.map((socket) => socket.closed));
    await expect.poll(async () => (await stubOf(channel).summary(tenant, channel)).viewers).toBe(0);
    const other = await TestSocket.open(channel, { subject: "other" });
    expect(await other.next("subscribed")).toMatchObject({ channel });
  }, 20_000);
});

describe("owed acknowledgements", () => {
  it("[OBJ25] who owes one for 30 s is closed 4429 by the alarm, after a wake; who reads is served meanwhile", async () => {
    const channel = "build/owed";
    const silent = await TestSocket.open(channel, direct(), false);
    const healthy = await TestSocket.open(channel, direct());
    for (let i = 0; i < 8; i++) await appendTo(channel, lines(i * 100 + 1, i * 100 + 100, 900));
    const alarm = await runInDurableObject(stubOf(channel), (_: ChannelObject, { storage }) =>
      storage.getAlarm(),
    );
    expect((alarm ?? 0) - Date.now()).toBeLessThanOrEqual(40_000);
    expect((await healthy.lines(0, 800)).at(-1)?.[0]).toBe(800);
    await runDurableObjectAlarm(stubOf(channel));
    expect((await stubOf(channel).summary(tenant, channel)).viewers).toBe(2);
    await evictDurableObject(stubOf(channel), { webSockets: "hibernate" });
    await runInDurableObject(stubOf(channel), (_: ChannelObject, ctx) => {
      for (const socket of ctx.getWebSockets()) {
        const state = socket.deserializeAttachment() as SubscriberState;
        if (state.owesSince === null) continue;
        socket.serializeAttachment({ ...state, owesSince: state.owesSince - 30_000 });
      }
    });
    await evictDurableObject(stubOf(channel), { webSockets: "hibernate" });
    await runDurableObjectAlarm(stubOf(channel));
    expect(await silent.next("error")).toMatchObject({ code: "ack_overdue", retryAfterMs: 1_000 });
    expect((await silent.closed).code).toBe(4429);
    expect((await stubOf(channel).summary(tenant, channel)).viewers).toBe(1);
  }, 20_000);
});

describe("what closed sockets hold", () => {
  it("[OBJ24] past 24 MiB the object is given up: its sockets are lost, and who resumes loses nothing", async () => {
    const channel = "build/stranded";
    for (let i = 0; i < 16; i++) await appendTo(channel, lines(i * 100 + 1, i * 100 + 100, 900));
    const healthy = await TestSocket.open(channel, direct());
    expect((await healthy.lines(0, 1_600)).at(-1)?.[0]).toBe(1_600);
    for (let i = 0; i < 80; i++) await openSilently(channel, Date.now());
    await runDurableObjectAlarm(stubOf(channel)).catch((error: unknown) => {
      expect(String(error)).toContain("closed and do not read");
    });
    expect((await healthy.closed).code).toBe(1006);
    const resumed = await TestSocket.open(channel, { cursor: 1_590, ...direct() });
    expect((await resumed.lines(1_590, 1_600)).length).toBe(10);
    expect(await appendTo(channel, lines(1_601, 1_601))).toMatchObject({ ok: true, value: { first: 1_601 } });
  }, 20_000);
});
