import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { limits } from "../../protocol/mod.ts";
import type { ChannelObject } from "../../worker/objects/channel.ts";
import { directoryObject } from "../../worker/objects/env.ts";
import { appendTo, log, stubOf, TestSocket, tenant, testEnv } from "./channel_client.ts";

const lines = (from: number, to: number, pad = 0) =>
  Array.from({ length: to - from + 1 }, (_, i) => log(`line ${from + i}`.padEnd(pad, ".")));

/** Moves what is stored into the past, as if so many days had gone by while the object slept. */
async function age(channel: string, days: number): Promise<void> {
  await evictDurableObject(stubOf(channel), { webSockets: "hibernate" });
  await runInDurableObject(stubOf(channel), (_: ChannelObject, { storage }) => {
    const ms = days * 24 * 60 * 60 * 1000;
    storage.sql.exec("UPDATE journal SET meta = json_set(meta, '$.at', json_extract(meta, '$.at') - ?)", ms);
    for (const path of ["$.updatedAt", "$.end.endedAt"]) {
      storage.sql.exec(
        "UPDATE snapshot SET body = json_replace(body, ?, json_extract(body, ?) - ?)",
        path,
        path,
        ms,
      );
    }
  });
  await evictDurableObject(stubOf(channel), { webSockets: "hibernate" });
}

/** Wakes the object, which asks for its alarm, and runs the alarms until none is due. */
async function trim(channel: string): Promise<void> {
  await stubOf(channel).head(tenant, channel);
  for (let alarms = 0; alarms < 10; alarms++) {
    await runDurableObjectAlarm(stubOf(channel));
    const next = await runInDurableObject(stubOf(channel), (_: ChannelObject, { storage }) =>
      storage.getAlarm(),
    );
    if (next === null || next > Date.now() + 15_000) return;
  }
  throw new Error("The alarm is due for ever");
}

const listed = async () => {
  const { channels } = await directoryObject(testEnv, tenant).list({
    limit: 500,
    readable: { channels: ["*/*"], projects: [] },
  });
  return channels.map(({ channel }) => channel);
};

describe("retention in the channel object", () => {
  it("[OBJ15] trims what is old by the alarm, and tells a slow reader exactly what it will not get", async () => {
    const channel = "build/aged";
    const slow = await TestSocket.open(channel, { maxWindowBytes: limits.windowMinBytes }, false);
    for (let i = 0; i < 4; i++) await appendTo(channel, lines(i * 100 + 1, i * 100 + 100, 200));
    const { entries } = await slow.next("entries");
    await age(channel, 31);
    await appendTo(channel, lines(401, 402));
    await trim(channel);
    expect(await stubOf(channel).summary(tenant, channel)).toMatchObject({
      oldest: 401,
      tail: 402,
      lines: 402,
    });
    await evictDurableObject(stubOf(channel), { webSockets: "hibernate" });
    slow.send({ type: "ack", channel, cursor: entries.length });
    const gap = await slow.next("gap");
    expect(gap).toMatchObject({ to: 400, count: 400 - gap.from + 1, reason: "retention" });
    expect(await slow.lines(400, 402)).toEqual([
      [401, "line 401"],
      [402, "line 402"],
    ]);
  });

  it("[OBJ16] keeps tasks for a week and others for a month", async () => {
    for (const [channel, oldest] of [
      ["task/week", 3],
      ["build/month", 1],
    ] as const) {
      await appendTo(channel, lines(1, 2));
      await age(channel, 8);
      await trim(channel);
      expect((await stubOf(channel).head(tenant, channel)).oldest).toBe(oldest);
    }
  });

  it("[OBJ17] removes an ended channel after its days, from the directory too, and at last empties its storage", async () => {
    const channel = "build/removed";
    await appendTo(channel, lines(1, 5));
    await stubOf(channel).end({ tenant, channel, status: "success" });
    await expect.poll(listed).toContain(channel);
    await age(channel, 31);
    await trim(channel);
    await expect.poll(listed).not.toContain(channel);
    expect(await stubOf(channel).head(tenant, channel)).toMatchObject({ epoch: null, tail: 5 });
    await age(channel, 31);
    await trim(channel);
    const left = await runInDurableObject(stubOf(channel), async (_: ChannelObject, { storage }) => [
      [...storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")],
      await storage.getAlarm(),
    ]);
    expect(left).toEqual([[], null]);
    expect(await appendTo(channel, lines(1, 1))).toMatchObject({ ok: true, value: { first: 1 } });
    await evictDurableObject(stubOf(channel));
    expect(await stubOf(channel).head(tenant, channel)).toMatchObject({ first: 1, tail: 1, oldest: 1 });
  });
});
