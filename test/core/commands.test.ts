import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { type DownFrame, limits } from "../../protocol/mod.ts";
import { MemoryCommandStore } from "../../worker/core/commands/memory_command_store.ts";
import { SqliteCommandStore } from "../../worker/core/commands/sqlite_command_store.ts";
import { MemoryJournal } from "../../worker/core/memory_journal.ts";
import type { ChannelSettings } from "../../worker/core/ports.ts";
import { dayMs, log, TestChannel, TestPeer } from "./channel_harness.ts";
import { sqlOf } from "./sqlite.ts";

function channel(name = "project/p1", settings: Partial<ChannelSettings> = {}): TestChannel {
  return new TestChannel(new MemoryJournal(), settings, new MemoryCommandStore(), name);
}

const ids = (frames: readonly DownFrame[]) =>
  frames.flatMap((frame) => (frame.type === "command" ? [frame.id] : []));
const states = (frames: readonly DownFrame[]) =>
  frames.flatMap((frame) => (frame.type === "reply" ? [`${frame.id} ${frame.state}`] : []));
const types = (frames: readonly DownFrame[]) => frames.map(({ type }) => type);

function problemOf(outcome: { readonly ok: boolean; readonly problem?: unknown }): unknown {
  return outcome.ok ? null : outcome.problem;
}

describe("a command", () => {
  it("[CMC1] waits while no agent is there, is delivered in order once one is, and answered to its sender", () => {
    const it = channel();
    const sender = it.subscribe();
    const other = it.subscribe({ subject: "you" });
    sender.take();
    other.take();
    expect(it.command("a")).toMatchObject({ ok: true, value: { id: "a", state: "accepted", cursor: 1 } });
    it.now += 1_000;
    it.command("b", { data: '{"text":"ünï"}' });
    expect(states(sender.take())).toEqual(["a accepted", "b accepted"]);

    const agent = it.join("g");
    const frames = agent.take();
    expect(types(frames)).toEqual(["subscribed", "summary", "command", "command"]);
    expect(frames[3]).toEqual({
      type: "command",
      channel: "project/p1",
      cursor: 2,
      id: "b",
      name: "pause",
      data: { text: "ünï" },
      from: "me",
      ts: it.now,
    });
    it.commandAck(agent, 1);
    expect(states(sender.take())).toEqual(["a delivered"]);
    it.commandAck(agent, 2);
    it.answer(agent, "a", { done: 1 }, false);
    it.answer(agent, "a", { done: 2 });
    expect(sender.take()).toEqual([
      { type: "reply", channel: "project/p1", id: "b", state: "delivered" },
      { type: "reply", channel: "project/p1", id: "a", state: "answered", data: { done: 1 }, final: false },
      { type: "reply", channel: "project/p1", id: "a", state: "answered", data: { done: 2 }, final: true },
    ]);
    expect(other.take()).toEqual([]);
    expect(agent.take()).toEqual([]);
  });

  it("[CMC2] repeated is told the state of the first, whatever else it says, and is not sent again", () => {
    const it = channel();
    const agent = it.join("g");
    it.command("a");
    it.commandAck(agent, 1);
    expect(ids(agent.take())).toEqual(["a"]);
    expect(it.command("a", { name: "other", data: '{"x":1}' })).toMatchObject({
      ok: true,
      value: { id: "a", name: "pause", state: "delivered", cursor: 1 },
    });
    expect(it.command("a", { subject: "you" })).toMatchObject({ ok: true, value: { cursor: 2 } });
    expect(agent.take()).toMatchObject([{ type: "command", id: "a", cursor: 2, from: "you" }]);
  });

  it("[CMC3] that nobody takes expires after its time, and its sender is told", () => {
    const it = channel("project/p1", { commandTtlMs: 60_000 });
    const sender = it.subscribe();
    it.command("a");
    expect(it.calls.wakeAt.at(-1)).toBeGreaterThanOrEqual(it.now + 60_000);
    expect(it.calls.wakeAt.at(-1)).toBeLessThanOrEqual(it.now + 70_000);
    sender.take();
    it.now += 59_000;
    it.channel.alarm(it.now);
    expect(states(sender.take())).toEqual([]);
    it.now += 1_000;
    it.channel.alarm(it.now);
    expect(sender.take()).toEqual([
      { type: "reply", channel: "project/p1", id: "a", state: "expired", code: "command_expired" },
    ]);
    expect(ids(it.join("g").take())).toEqual([]);
  });

  it("[CMC4] of an ended channel is refused; a repeat is told where the first stands", () => {
    const it = channel();
    const sender = it.subscribe();
    it.command("a");
    it.end();
    expect(states(sender.take())).toEqual(["a accepted", "a expired"]);
    expect(it.command("a")).toMatchObject({ ok: true, value: { state: "expired", code: "channel_ended" } });
    expect(problemOf(it.command("b"))).toMatchObject({ code: "channel_ended", received: "success" });
  });

  it("[CMC5] expires when its channel is deleted, and the next one's cursor counts on, after an eviction too", () => {
    const it = channel();
    const sender = it.subscribe();
    const agent = it.join("g");
    it.command("a");
    it.commandAck(agent, 1);
    it.command("b", { group: "away" });
    sender.take();
    agent.take();
    expect(it.channel.deleteJournal(it.now)).toEqual({ ok: true, value: { existed: true } });
    expect(sender.take()).toMatchObject([
      { type: "reply", id: "b", state: "expired", code: "channel_deleted" },
      { type: "gap", reason: "epoch" },
      { type: "subscribed" },
    ]);
    expect(it.commands.wake()).toBeNull();
    it.evict([sender, agent]);
    expect(it.channel.deleteJournal(it.now)).toEqual({ ok: true, value: { existed: false } });
    expect(it.command("a")).toMatchObject({ ok: true, value: { state: "accepted", cursor: 3 } });
    expect(agent.take()).toMatchObject([{ type: "command", id: "a", cursor: 3 }]);
    it.commandAck(agent, 3);
    expect(it.channel.readCommand({ tenant: "t", channel: "project/p1", id: "a" })).toMatchObject({
      value: { state: "delivered" },
    });
  });

  it("[CMC6] is read by its sender, and of anybody the newest; an unknown one is not found", () => {
    const it = channel();
    it.command("a");
    it.command("a", { subject: "you", name: "resume" });
    const query = { tenant: "t", channel: "project/p1", id: "a" };
    expect(it.channel.readCommand({ ...query, subject: "me" })).toMatchObject({ value: { name: "pause" } });
    expect(it.channel.readCommand(query)).toMatchObject({ value: { name: "resume", from: "you" } });
    expect(problemOf(it.channel.readCommand({ ...query, subject: "eve" }))).toMatchObject({
      code: "command_not_found",
    });
  });

  it("[CMC7] is told to whoever subscribes later: what is not final, and what became so lately", () => {
    const it = channel();
    const agent = it.join("g");
    it.command("old");
    it.commandAck(agent, 1);
    it.answer(agent, "old", null);
    it.now += limits.toldCommandsMs + 1;
    it.command("done");
    it.commandAck(agent, 2);
    it.answer(agent, "done", { ok: true });
    it.command("waits");
    expect(states(it.subscribe().take())).toEqual(["done answered", "waits accepted"]);
    expect(states(it.subscribe({ subject: "you" }).take())).toEqual([]);
    it.evict();
    expect(states(it.subscribe().take())).toEqual(["done answered", "waits accepted"]);
  });

  it("[CMC8] more than a channel takes waiting ones is refused with how long to wait; taken ones make room", () => {
    const it = channel("project/p1", { commandsPerSecond: 10_000 });
    for (let i = 0; i < limits.openCommands; i++) expect(it.command(`c${i}`).ok).toBe(true);
    expect(problemOf(it.command("more"))).toMatchObject({ code: "too_many_commands", retryAfterMs: 30_000 });
    const agent = it.join("g");
    it.commandAck(agent, 1);
    expect(it.command("more").ok).toBe(true);
    expect(problemOf(it.command("most"))).toMatchObject({ code: "too_many_commands" });
  });

  it("[CMC9] and by the bytes of their data", () => {
    const it = channel("project/p1", { commandsPerSecond: 10_000 });
    const data = JSON.stringify({ text: "x".repeat(60_000) });
    const most = Math.floor(limits.openCommandsBytes / data.length);
    for (let i = 0; i < most; i++) expect(it.command(`c${i}`, { data }).ok).toBe(true);
    expect(problemOf(it.command("more", { data }))).toMatchObject({ code: "too_many_commands" });
    expect(it.command("small").ok).toBe(true);
  });

  it("[CMC10] a subject's rate is bounded, ten seconds of it at once, each subject for itself", () => {
    const it = channel("project/p1", { commandsPerSecond: 2 });
    for (let i = 0; i < 20; i++) expect(it.command(`c${i}`).ok).toBe(true);
    expect(problemOf(it.command("c0"))).toMatchObject({ code: "too_fast", expected: 2, retryAfterMs: 500 });
    expect(it.command("mine", { subject: "you" }).ok).toBe(true);
    it.now += 500;
    expect(it.command("c20").ok).toBe(true);
  });

  it("[CMC11] past its rows the journal lets the oldest go that somebody took, never one that waits", () => {
    const store = new SqliteCommandStore(sqlOf(new DatabaseSync(":memory:")));
    const it = new TestChannel(new MemoryJournal(), { commandsPerSecond: 100_000 }, store, "project/p1");
    const agent = it.join("g");
    it.command("waits", { group: "away" });
    for (let i = 0; i < limits.commandRows; i++) {
      it.command(`c${i}`);
      it.commandAck(agent, i + 2);
      agent.texts.length = 0;
    }
    expect(it.commands.wake()?.rows).toBe(limits.commandRows);
    expect(it.commands.find("me", "waits")).not.toBeNull();
    expect(it.commands.find("me", "c0")).toBeNull();
    expect(it.commands.find("me", "c1")).not.toBeNull();
  });

  it("[CMC12] that waits for nobody goes with the channel's retention, and at last the channel that had nothing else", () => {
    const it = channel("project/p1", { retention: { ageMs: dayMs, bytes: 1e9, entries: 0 } });
    const agent = it.join("g");
    it.command("a");
    it.commandAck(agent, 1);
    expect(it.calls.changed).toEqual(["status"]);
    expect(it.channel.commandedAt).toBe(it.now);
    it.channel.drop(agent, it.now);
    it.now += dayMs - 1_000;
    it.channel.alarm(it.now);
    expect(it.commands.wake()?.rows).toBe(1);
    it.now += 1_000;
    it.channel.alarm(it.now);
    expect(it.commands.wake()).toBeNull();
    expect(it.channel.commandedAt).toBeNull();
    expect(it.journal.wake()?.snapshot).toMatchObject({ epoch: null, lastCommand: 1 });
    it.now += 31 * dayMs;
    it.channel.alarm(it.now);
    expect(it.journal.wake()).toBeNull();
    expect(it.command("a")).toMatchObject({ value: { cursor: 1 } });
  });

  it("[CMC13] keeps a deleted channel's cursors from being forgotten while it waits", () => {
    const it = channel("project/p1", {
      commandTtlMs: 90 * dayMs,
      retention: { ageMs: dayMs, bytes: 1e9, entries: 0 },
    });
    it.append([log("a")]);
    it.channel.deleteJournal(it.now);
    it.command("a");
    it.now += 31 * dayMs;
    it.channel.alarm(it.now);
    expect(ids(it.join("g").take())).toEqual(["a"]);
    expect(it.journal.wake()?.snapshot.cursor).toBe(1);
  });

  it("[CMC14] a store that refuses it refuses it as retryable, and nothing has changed", () => {
    class Failing extends MemoryCommandStore {
      fails = false;
      override insert(...args: Parameters<MemoryCommandStore["insert"]>): void {
        if (this.fails) throw new Error("disk");
        super.insert(...args);
      }
      override change(...args: Parameters<MemoryCommandStore["change"]>): void {
        if (this.fails) throw new Error("disk");
        super.change(...args);
      }
    }
    const store = new Failing();
    const it = new TestChannel(new MemoryJournal(), { commandTtlMs: 1_000 }, store, "project/p1");
    const agent = it.join("g");
    it.command("a");
    agent.take();
    store.fails = true;
    expect(problemOf(it.command("b"))).toMatchObject({ code: "storage_failed", retryAfterMs: 1_000 });
    it.commandAck(agent, 1);
    it.answer(agent, "a", null);
    expect(agent.take()).toMatchObject([
      { type: "error", code: "storage_failed" },
      { type: "error", code: "storage_failed", id: "a" },
    ]);
    it.now += 2_000;
    it.channel.alarm(it.now);
    expect(it.calls.wakeAt.at(-1)).toBeGreaterThanOrEqual(it.now + 60_000);
    store.fails = false;
    expect(it.command("b")).toMatchObject({ value: { cursor: 2 } });
    expect(ids(agent.take())).toEqual(["b"]);
    it.commandAck(agent, 2);
    expect(it.channel.readCommand({ tenant: "t", channel: "project/p1", id: "a" })).toMatchObject({
      value: { state: "delivered" },
    });
  });
});

describe("agents", () => {
  it("[AGT1] of one group never both hold a command; when the first is gone the second gets what it left", () => {
    const it = channel();
    const first = it.join("g");
    const second = it.join("g");
    it.command("a");
    it.command("b");
    it.commandAck(first, 1);
    expect(ids(first.take())).toEqual(["a", "b"]);
    expect(ids(second.take())).toEqual([]);
    it.channel.drop(first, it.now);
    expect(ids(second.take())).toEqual(["b"]);
    it.commandAck(second, 2);
    expect(it.channel.readCommand({ tenant: "t", channel: "project/p1", id: "b" })).toMatchObject({
      value: { state: "delivered" },
    });
  });

  it("[AGT2] which one is at work outlives an eviction, and nothing that is on its way is sent again", () => {
    const it = channel();
    const first = it.join("g");
    const second = it.join("g");
    it.command("a");
    it.evict([second, first]);
    it.command("b");
    expect(ids(first.take())).toEqual(["a", "b"]);
    it.commandAck(first, 2);
    it.evict([second, first]);
    it.channel.drop(first, it.now);
    expect(ids(second.take())).toEqual([]);
  });

  it("[AGT13] one that went with the object's memory is missed at the wake: the next gets what it left", () => {
    const it = channel();
    const first = it.join("g");
    const second = it.join("g");
    it.command("a");
    expect(ids(first.take())).toEqual(["a"]);
    it.evict([second]);
    expect(ids(second.take())).toEqual(["a"]);
  });

  it("[AGT3] a command without a group is for every group, one with a group for that alone", () => {
    const it = channel();
    const a = it.join("a");
    const b = it.join("b");
    it.command("all");
    it.command("one", { group: "b" });
    expect(ids(a.take())).toEqual(["all"]);
    expect(ids(b.take())).toEqual(["all", "one"]);
    it.commandAck(b, 2);
    it.channel.drop(a, it.now);
    expect(ids(it.join("a").take())).toEqual(["all"]);
  });

  it("[AGT4] a group that joins for the first time gets what nobody has taken", () => {
    const it = channel();
    const a = it.join("a");
    it.command("taken");
    it.commandAck(a, 1);
    it.command("waits");
    it.command("elsewhere", { group: "c" });
    expect(ids(it.join("b").take())).toEqual(["waits"]);
    expect(ids(it.join("c").take())).toEqual(["waits", "elsewhere"]);
  });

  it("[AGT5] the group is the token's subject where none is named", () => {
    const it = channel();
    const agent = new TestPeer();
    it.channel.subscribe(
      agent,
      { tenant: "t", channel: "project/p1", subject: "runner-1", role: "agent" },
      it.now,
    );
    it.command("a", { group: "runner-1" });
    expect(ids(agent.take())).toEqual(["a"]);
  });

  it("[AGT6] at most 32 commands and 256 KiB of them are on their way to a group", () => {
    const it = channel("project/p1", { commandsPerSecond: 1_000 });
    const agent = it.join("g");
    for (let i = 1; i <= 40; i++) it.command(`c${i}`);
    expect(ids(agent.take())).toHaveLength(32);
    it.commandAck(agent, 3);
    expect(ids(agent.take())).toEqual(["c33", "c34", "c35"]);
    it.commandAck(agent, 35);
    expect(ids(agent.take())).toEqual(["c36", "c37", "c38", "c39", "c40"]);
    it.commandAck(agent, 40);
    const data = JSON.stringify({ text: "x".repeat(60_000) });
    for (let i = 1; i <= 6; i++) it.command(`d${i}`, { data });
    expect(ids(agent.take())).toEqual(["d1", "d2", "d3", "d4"]);
    it.evict([agent]);
    it.commandAck(agent, 41);
    expect(ids(agent.take())).toEqual(["d5"]);
  });

  it("[AGT7] an ack below the newest is nothing; one past what was sent is refused and changes nothing", () => {
    const it = channel();
    const agent = it.join("g");
    const second = it.join("g");
    it.command("a");
    agent.take();
    second.take();
    it.commandAck(agent, 2);
    it.commandAck(second, 1);
    expect(agent.take()).toMatchObject([{ type: "error", code: "invalid_field", expected: 1 }]);
    expect(second.take()).toMatchObject([{ type: "error", code: "invalid_field", expected: 0 }]);
    it.commandAck(agent, 1);
    it.commandAck(agent, 1);
    it.commandAck(agent, 0);
    expect(agent.take()).toEqual([]);
  });

  it("[AGT8] an answer is for a command that its group was sent, once and for all with the last one", () => {
    const it = channel();
    const agent = it.join("g");
    const stranger = it.join("other");
    it.command("a", { group: "g" });
    it.command("a", { group: "g", subject: "you" });
    agent.take();
    stranger.take();
    it.answer(stranger, "a", 1);
    expect(stranger.take()).toMatchObject([{ type: "error", code: "command_not_found", id: "a" }]);
    it.frame(agent, { type: "answer", id: "a", cursor: 2, data: 2, final: true });
    it.answer(agent, "a", 1);
    const query = { tenant: "t", channel: "project/p1", id: "a" };
    expect(it.channel.readCommand({ ...query, subject: "you" })).toMatchObject({ value: { data: 2 } });
    expect(it.channel.readCommand({ ...query, subject: "me" })).toMatchObject({ value: { data: 1 } });
    it.answer(agent, "a", 3);
    it.answer(agent, "b", 3);
    expect(agent.take()).toMatchObject([
      { type: "error", code: "command_not_found", id: "a" },
      { type: "error", code: "command_not_found", id: "b" },
    ]);
  });

  it("[AGT9] an answer is at most as large as a command, and never refused for its content", () => {
    const it = channel();
    const agent = it.join("g");
    it.command("a");
    agent.take();
    it.answer(agent, "a", "x".repeat(limits.commandBytes), false);
    expect(agent.take()).toMatchObject([{ type: "error", code: "command_too_large", id: "a" }]);
    it.answer(agent, "a", "<script>\u0000", false);
    expect(agent.take()).toEqual([]);
  });

  it("[AGT10] are counted to everybody, and told of status and who is there", () => {
    const it = channel();
    const viewer = it.subscribe();
    viewer.take();
    const agent = it.join("g");
    expect(agent.take()).toMatchObject([
      { type: "subscribed", epoch: null, windowBytes: 0 },
      { type: "summary", status: "waiting", stages: [], viewers: 1, agents: 1 },
    ]);
    it.append([log("a")]);
    it.channel.announce(it.now);
    expect(agent.take()).toEqual([
      { type: "summary", channel: "project/p1", status: "running", viewers: 1, agents: 1 },
    ]);
    expect(viewer.take().at(-1)).toMatchObject({ type: "summary", agents: 1 });
    expect(it.channel.summary).toMatchObject({ viewers: 1, agents: 1 });
    it.channel.drop(agent, it.now);
    expect(it.channel.summary).toMatchObject({ viewers: 1, agents: 0 });
  });

  it("[AGT11] frames that are not for them, or for another channel, are refused", () => {
    const it = channel();
    const agent = it.join("g");
    agent.take();
    it.frame(agent, { type: "subscribe" });
    it.frame(agent, { type: "commandAck", cursor: 0, channel: "project/p2" });
    it.frame(agent, { type: "command", id: "a", name: "b", data: {} });
    it.channel.receive(agent, '{"type": "ping"}', it.now);
    expect(agent.take()).toMatchObject([
      { type: "error", code: "unknown_frame" },
      { type: "error", code: "not_subscribed" },
      { type: "error", code: "unknown_frame" },
      { type: "pong" },
    ]);
    it.channel.receive(agent, "x".repeat(limits.upFrameBytes + 1), it.now);
    expect(agent.closed?.code).toBe(4400);
    expect(it.channel.summary.agents).toBe(0);
  });

  it("[AGT12] one agent or one group more than a channel takes is refused with how long to wait", () => {
    const it = channel();
    const agents = Array.from({ length: limits.channelAgents }, () => it.join("g"));
    expect(it.join("g").closed).toEqual({ code: 4429, reason: "too_many_agents" });
    for (const agent of agents) it.channel.drop(agent, it.now);
    it.command("a");
    for (let i = 1; i < limits.channelGroups; i++) it.channel.drop(it.join(`g${i}`), it.now);
    const refused = it.join("one more");
    expect(refused.take()).toMatchObject([{ type: "error", code: "too_many_agents", retryAfterMs: 30_000 }]);
    expect(refused.closed?.code).toBe(4429);
  });
});

describe("a task", () => {
  const install = { name: "install", data: '{"key":"nginx"}', group: "g" };
  const end = (it: TestChannel) => it.channel.summary.end;

  it("[TSK1] ends as its install's last answer says, once; progress answers do not end it", () => {
    const it = channel("task/1");
    const sender = it.subscribe();
    const agent = it.join("g");
    it.command("a", install);
    it.commandAck(agent, 1);
    it.answer(agent, "a", { progress: 10 }, false);
    expect(end(it)).toBeUndefined();
    it.answer(agent, "a", { status: "failure", exitCode: 3, message: "key_not_allowed: x" });
    expect(end(it)).toMatchObject({ status: "failure", exitCode: 3, message: "key_not_allowed: x" });
    expect(types(sender.take())).toEqual([
      "subscribed",
      "summary",
      "reply",
      "reply",
      "reply",
      "reply",
      "subscribed",
      "end",
    ]);
  });

  it("[TSK2] a last answer that is no end is refused, and changes nothing", () => {
    const it = channel("task/1");
    const agent = it.join("g");
    it.command("a", install);
    it.commandAck(agent, 1);
    agent.take();
    it.answer(agent, "a", { status: "done" });
    it.answer(agent, "a", "success");
    expect(agent.take()).toMatchObject([
      { type: "error", code: "invalid_field", id: "a" },
      { type: "error", code: "invalid_field", id: "a" },
    ]);
    expect(end(it)).toBeUndefined();
  });

  it("[TSK3] that no runner takes in time ends as expired", () => {
    const it = channel("task/1", { commandTtlMs: 60_000 });
    const sender = it.subscribe();
    it.command("a", install);
    it.evict([sender]);
    it.now += 60_000;
    it.channel.alarm(it.now);
    expect(end(it)).toMatchObject({ status: "expired" });
    expect(sender.take().at(-1)).toMatchObject({ type: "end", status: "expired" });
    expect(it.channel.readCommand({ tenant: "t", channel: "task/1", id: "a" })).toMatchObject({
      value: { state: "expired", code: "command_expired" },
    });
  });

  it("[TSK4] takes one install, and a repeat of it", () => {
    const it = channel("task/1");
    it.command("a", install);
    expect(problemOf(it.command("b", install))).toMatchObject({ code: "command_exists" });
    expect(it.command("a", install)).toMatchObject({ ok: true });
  });

  it("[TSK5] whose runner is gone for its grace ends as failed, and its sender is told", () => {
    const it = channel("task/1");
    const sender = it.subscribe();
    const agent = it.join("g");
    it.command("a", install);
    it.commandAck(agent, 1);
    sender.take();
    it.channel.drop(agent, it.now);
    it.now += 59_000;
    it.channel.alarm(it.now);
    expect(end(it)).toBeUndefined();
    it.now += 1_000;
    it.channel.alarm(it.now);
    expect(end(it)).toMatchObject({ status: "failure", message: expect.stringMatching(/^runner_lost:/) });
    expect(sender.take()).toMatchObject([
      { type: "reply", state: "answered", final: true, data: { status: "failure" } },
      { type: "subscribed" },
      { type: "end", status: "failure" },
    ]);
  });

  it("[TSK6] goes on when a runner of its group answers to it in time, and not when one merely joins", () => {
    const it = channel("task/1");
    const first = it.join("g");
    it.command("a", install);
    it.commandAck(first, 1);
    it.channel.drop(first, it.now);
    const second = it.join("g");
    it.now += 30_000;
    it.answer(second, "a", { progress: 50 }, false);
    it.now += 60_000;
    it.channel.alarm(it.now);
    expect(end(it)).toBeUndefined();
    it.channel.drop(second, it.now);
    it.join("g");
    it.now += 60_000;
    it.channel.alarm(it.now);
    expect(end(it)).toMatchObject({ status: "failure" });
  });

  it("[TSK7] whose runner went with the object's memory is given its grace from the next wake on", () => {
    const it = channel("task/1");
    const agent = it.join("g");
    it.command("a", install);
    it.commandAck(agent, 1);
    it.calls.wakeAt.length = 0;
    it.evict([]);
    expect(it.calls.wakeAt).toContain(it.now + 60_000);
    it.now += 59_000;
    it.evict([]);
    it.channel.alarm(it.now);
    expect(end(it)).toBeUndefined();
    it.now += 1_000;
    it.channel.alarm(it.now);
    expect(end(it)).toMatchObject({ status: "failure" });
  });

  it("[TSK8] whose runner is there is looked at every five minutes, and stays", () => {
    const it = channel("task/1", { commandTtlMs: 1_000 });
    const agent = it.join("g");
    it.command("a", install);
    it.commandAck(agent, 1);
    for (let i = 0; i < 10; i++) {
      it.evict([agent]);
      it.calls.wakeAt.length = 0;
      it.now += 300_000;
      it.channel.alarm(it.now);
      const next = Math.min(...it.calls.wakeAt);
      expect(next - it.now).toBeGreaterThanOrEqual(300_000);
      expect(next - it.now).toBeLessThanOrEqual(310_000);
    }
    expect(end(it)).toBeUndefined();
  });
});

describe("a direct socket", () => {
  const pause = { type: "command", id: "a", name: "pause", data: {} };

  it("[CMC15] sends commands where its token grants it, and is told each refusal by id", () => {
    const it = channel();
    const sender = it.subscribe({ commands: true });
    const reader = it.subscribe({ subject: "you" });
    sender.take();
    reader.take();
    it.frame(sender, pause);
    expect(states(sender.take())).toEqual(["a accepted"]);
    it.frame(sender, { ...pause, id: "b", data: { text: "<script>" } });
    it.frame(sender, { ...pause, id: "c", channel: "project/p2" });
    expect(sender.take()).toMatchObject([
      { type: "error", code: "hostile_content", channel: "project/p1", id: "b" },
      { type: "error", code: "not_subscribed" },
    ]);
    it.frame(reader, pause);
    expect(reader.take()).toMatchObject([
      { type: "error", code: "forbidden", id: "a", expected: "command:project/p1" },
    ]);
  });

  it("[CMC16] may or may not as its newest token says", () => {
    const it = channel();
    const socket = it.subscribe({ expiresAt: it.now + 600_000 });
    socket.take();
    it.channel.renew(socket, { ok: true, value: { expiresAt: it.now + 900_000, commands: true } }, it.now);
    it.evict([socket]);
    it.frame(socket, pause);
    expect(states(socket.take())).toEqual(["a accepted"]);
    it.channel.renew(socket, { ok: true, value: { expiresAt: it.now + 900_000, commands: false } }, it.now);
    it.frame(socket, { ...pause, id: "b" });
    expect(socket.take()).toMatchObject([{ type: "error", code: "forbidden", id: "b" }]);
  });

  it("[CMC18] that sends nothing is sent replies up to a bound; one that pings is not, and no Worker's leg", () => {
    const it = channel();
    const expiresAt = it.now + 3_600_000;
    const [silent, pinging, leg] = [it.subscribe({ expiresAt }), it.subscribe({ expiresAt }), it.subscribe()];
    const agent = it.join("g");
    it.command("a");
    it.commandAck(agent, 1);
    for (let i = 0; i < 20; i++) {
      it.now += 1_000;
      pinging.pingedAt = it.now;
      it.answer(agent, "a", "x".repeat(60_000), false);
    }
    expect(silent.closed).toEqual({ code: 4429, reason: "ack_overdue" });
    const bytes = silent.texts.reduce((sum, text) => sum + text.length, 0);
    expect(bytes).toBeLessThan(limits.unheardReplyBytes + 70_000);
    expect([pinging.closed, leg.closed]).toEqual([null, null]);
    expect(it.channel.viewers).toBe(2);
  });

  it("[CMC17] hostile content is taken where the setting allows it", () => {
    const it = channel("project/p1", { allowsHostile: true });
    const sender = it.subscribe({ commands: true });
    sender.take();
    it.frame(sender, { ...pause, data: { text: "<script>" } });
    expect(states(sender.take())).toEqual(["a accepted"]);
  });
});
