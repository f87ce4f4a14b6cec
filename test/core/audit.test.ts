import { describe, expect, test } from "vitest";
import { AuditRecorder } from "../../worker/core/audit_event.ts";
import { callItems, storedItems, Unsent } from "../../worker/core/unsent.ts";
import { channelName, TestChannel } from "./channel_harness.ts";

describe("who leaves a channel", () => {
  const expiresAt = 10_000_000;

  test("[AUD18] is told once, with the close code of the side that closed", () => {
    const it = new TestChannel();
    const left = it.subscribe({ expiresAt, subject: "left" });
    const broken = it.subscribe({ expiresAt, subject: "broken" });
    const unsubscribed = it.subscribe({ expiresAt, subject: "unsubscribed" });
    const closed = it.subscribe({ expiresAt, subject: "closed" });
    it.channel.drop(left, it.now, 1001);
    it.channel.drop(broken, it.now);
    it.channel.receive(unsubscribed, JSON.stringify({ type: "unsubscribe", channel: channelName }), it.now);
    it.channel.receive(closed, "no JSON", it.now);
    // The answers to a close from this side.
    it.channel.drop(unsubscribed, it.now, 1000);
    it.channel.drop(closed, it.now, 4400);
    expect(it.calls.left).toEqual([
      ["left", 1001],
      ["broken", 1006],
      ["unsubscribed", 1000],
      ["closed", 4400],
    ]);
  });

  test("[AUD18] by token or silence is told when the alarm closes it, also after a wake", () => {
    const it = new TestChannel();
    const peer = it.subscribe({ expiresAt, subject: "expired" });
    it.evict([peer]);
    it.now = expiresAt;
    it.channel.alarm(it.now);
    expect(it.calls.left).toEqual([["expired", 4401]]);
  });

  test("[AUD18] is not told of a Worker's legs: the Worker knows their client", () => {
    const it = new TestChannel();
    it.channel.drop(it.subscribe(), it.now, 1006);
    expect(it.calls.left).toEqual([]);
  });
});

describe("events that wait", () => {
  test("[AUD19] are bounded: the oldest go first, and are counted", () => {
    const unsent = new Unsent<number>();
    for (let i = 0; i < 10_005; i++) unsent.add(i);
    expect(unsent.count).toBe(10_000);
    expect(unsent.takeDropped()).toBe(5);
    expect(unsent.takeDropped()).toBe(0);
    const call = unsent.take();
    expect([call.length, call[0], call.at(-1)]).toEqual([callItems, 5, callItems + 4]);
    for (let i = 0; i < 999; i++) unsent.add(i);
    unsent.putBack(call);
    expect([unsent.count, unsent.takeDropped()]).toEqual([10_000, 999]);
    expect(unsent.take()[0]).toBe(5 + 999);
    expect(unsent.newest()).toHaveLength(storedItems);
  });

  test("[AUD19] keep their order by their ids, also past the end of a digit", () => {
    const recorder = new AuditRecorder("somebody");
    const ids = Array.from(
      { length: 2_000 },
      () => recorder.event({ subject: null }, { action: "connect" }, 1).id,
    );
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
