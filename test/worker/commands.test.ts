import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { CommandRequest, SocketPlan } from "../../worker/core/contract.ts";
import type { ChannelObject } from "../../worker/objects/channel.ts";
import { commandObject, directoryObject } from "../../worker/objects/env.ts";
import { stubOf, TestSocket, tenant, testEnv } from "./channel_client.ts";

/** [OBC] the second journal in a real object, which sleeps between any two steps. */

const object = (channel: string) => commandObject(testEnv, tenant, channel);

function command(channel: string, id: string, more: Partial<CommandRequest> = {}) {
  return object(channel).command({ tenant, channel, subject: "ada", id, name: "pause", data: "{}", ...more });
}

async function stateOf(channel: string, id: string): Promise<string> {
  const found = await object(channel).readCommand({ tenant, channel, id });
  return found.ok ? `${found.value.state} ${found.value.code ?? ""}`.trim() : found.problem.code;
}

const join = (channel: string, group: string, more: Partial<SocketPlan> = {}) =>
  TestSocket.open(channel, { role: "agent", group, subject: `${group}-token`, ...more });

const sleep = (channel: string) => evictDurableObject(stubOf(channel), { webSockets: "hibernate" });

/** Moves what is stored of commands into the past, as if so many seconds had gone by while the object slept. */
async function age(channel: string, seconds: number): Promise<void> {
  await sleep(channel);
  await runInDurableObject(stubOf(channel), (_: ChannelObject, { storage }) => {
    const ms = seconds * 1_000;
    storage.sql.exec("UPDATE commands SET ts = ts - ?, changed_at = changed_at - ?", ms, ms);
    storage.sql.exec("UPDATE commands SET lost_at = lost_at - ? WHERE lost_at > 0", ms);
  });
  await sleep(channel);
}

const replyOf = async (socket: TestSocket) => {
  const { id, state, data } = await socket.next("reply");
  return data === undefined ? `${id} ${state}` : `${id} ${state} ${JSON.stringify(data)}`;
};

test("[OBC1] a command waits for its agent, is delivered in order and answered, asleep between all of it", async () => {
  const channel = "project/asleep";
  const sender = await TestSocket.open(channel, { subject: "ada" });
  await command(channel, "a");
  await sleep(channel);
  await command(channel, "b");
  expect(await replyOf(sender)).toBe("a accepted");
  expect(await replyOf(sender)).toBe("b accepted");
  await sleep(channel);
  const agent = await join(channel, "g");
  expect(await agent.next("command")).toMatchObject({ id: "a", cursor: 1, from: "ada" });
  expect(await agent.next("command")).toMatchObject({ id: "b", cursor: 2 });
  await sleep(channel);
  agent.send({ type: "commandAck", channel, cursor: 1 });
  expect(await replyOf(sender)).toBe("a delivered");
  await sleep(channel);
  agent.send({ type: "commandAck", channel, cursor: 2 });
  expect(await replyOf(sender)).toBe("b delivered");
  await sleep(channel);
  agent.send({ type: "answer", channel, id: "a", data: { ok: 1 }, final: true });
  expect(await replyOf(sender)).toBe('a answered {"ok":1}');
  await sleep(channel);
  const again = await TestSocket.open(channel, { subject: "ada" });
  expect(await replyOf(again)).toBe('a answered {"ok":1}');
  expect(await replyOf(again)).toBe("b delivered");
});

test("[OBC2] what nobody took expires by the alarm alone, where nothing else is known of the channel", async () => {
  const channel = "task/forgotten";
  await command(channel, "i", { name: "install", data: '{"key":"nginx"}' });
  await age(channel, 3_599);
  expect(await stateOf(channel, "i")).toBe("accepted");
  await age(channel, 2);
  expect(await runDurableObjectAlarm(stubOf(channel))).toBe(true);
  expect(await stateOf(channel, "i")).toBe("expired command_expired");
  const summary = await stubOf(channel).summary(tenant, channel);
  expect(summary).toMatchObject({ status: "expired", end: { status: "expired" } });
});

test("[OBC3] the second agent of a group takes over when the first dies, over a sleep too, and a task waits its grace", async () => {
  const channel = "task/handed-over";
  const first = await join(channel, "g");
  const second = await join(channel, "g");
  await command(channel, "i", { name: "install", data: '{"key":"nginx"}' });
  expect(await first.next("command")).toMatchObject({ id: "i" });
  await sleep(channel);
  first.socket.close(1000);
  expect(await second.next("command")).toMatchObject({ id: "i", cursor: 1 });
  second.send({ type: "commandAck", channel, cursor: 1 });
  await expect.poll(() => stateOf(channel, "i")).toBe("delivered");
  await sleep(channel);
  second.socket.close(1000);
  await expect.poll(async () => (await stubOf(channel).summary(tenant, channel)).agents).toBe(0);
  await age(channel, 61);
  await runDurableObjectAlarm(stubOf(channel));
  expect((await stubOf(channel).summary(tenant, channel)).end).toMatchObject({
    status: "failure",
    message: expect.stringMatching(/^runner_lost:/),
  });
  expect(await stateOf(channel, "i")).toBe("answered");
});

test("[OBC4] a channel with commands alone is listed as waiting at once, and no longer when it is deleted", async () => {
  const channel = "project/listed-waiting";
  const list = async () => {
    const { channels } = await directoryObject(testEnv, tenant).list({
      status: "waiting",
      limit: 500,
      readable: { channels: ["*/*"], projects: [] },
    });
    return channels
      .filter((entry) => entry.channel === channel)
      .map(({ status, epoch }) => ({ status, epoch }));
  };
  await command(channel, "a");
  await expect.poll(list).toEqual([{ status: "waiting", epoch: null }]);
  await stubOf(channel).deleteJournal(tenant, channel);
  await expect.poll(list).toEqual([]);
  expect(await stateOf(channel, "a")).toBe("command_not_found");
  expect(await command(channel, "a")).toMatchObject({ ok: true, value: { cursor: 2 } });
});

test("[OBC5] the last command of a deleted channel is remembered over a sleep, in the one row that is left", async () => {
  const channel = "project/one-row";
  await command(channel, "a");
  await stubOf(channel).deleteJournal(tenant, channel);
  await sleep(channel);
  const rows = await runInDurableObject(stubOf(channel), (_: ChannelObject, { storage }) =>
    ["journal", "snapshot", "commands", "command_groups", "command_place"].map(
      (table) => storage.sql.exec(`SELECT count(*) AS n FROM ${table}`).one()["n"],
    ),
  );
  expect(rows).toEqual([0, 1, 0, 0, 0]);
  expect(await command(channel, "b")).toMatchObject({ ok: true, value: { cursor: 2 } });
});

test("[OBC6] a quiet object with an agent is asleep: nothing but what comes wakes it", async () => {
  const channel = "project/quiet";
  const agent = await join(channel, "g");
  await agent.next("summary");
  await agent.next("summary");
  const alarm = await runInDurableObject(stubOf(channel), (_: ChannelObject, { storage }) =>
    storage.getAlarm(),
  );
  expect(alarm).toBeNull();
  await sleep(channel);
  await command(channel, "a");
  expect(await agent.next("command")).toMatchObject({ id: "a" });
});
