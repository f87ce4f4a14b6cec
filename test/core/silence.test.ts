import { describe, expect, it } from "vitest";
import { silenceOf, type Usage, withPing } from "../../worker/core/client_silence.ts";
import { sweepMs } from "../../worker/core/sweeps.ts";
import { log, TestChannel, type TestPeer } from "./channel_harness.ts";

const timeoutMs = 600_000;
const expiresAt = 1e12;

/** Joined at 0 and unused since. */
const unused: Usage = { joinedAt: 0, heardAt: 0, sentAt: 0, pingedAt: null, longestPingMs: 0, expiresAt };

describe("silence", () => {
  it.each<{ what: string; usage: Partial<Usage>; now: number; is: "idle" | "stale" | null }>([
    { what: "nothing either way, almost too long", usage: {}, now: 599_000, is: null },
    { what: "nothing either way for too long", usage: {}, now: 600_000, is: "idle" },
    { what: "an alarm that comes some ms early", usage: {}, now: 599_950, is: "idle" },
    { what: "the gateway sent", usage: { sentAt: 100_000 }, now: 699_000, is: null },
    { what: "the gateway sent, too long ago", usage: { sentAt: 100_000 }, now: 700_000, is: "idle" },
    { what: "the client sent", usage: { heardAt: 100_000 }, now: 699_000, is: null },
    { what: "the client sent, too long ago", usage: { heardAt: 100_000 }, now: 700_000, is: "idle" },
    { what: "a ping counts", usage: { pingedAt: 650_000 }, now: 700_000, is: null },
    { what: "one ping, then 89 s", usage: { pingedAt: 1_000 }, now: 90_000, is: null },
    { what: "one ping, then 90 s", usage: { pingedAt: 1_000 }, now: 91_000, is: "stale" },
    { what: "one that never pinged owes nothing", usage: { sentAt: 90_000 }, now: 500_000, is: null },
    {
      what: "three short intervals count as 90 s",
      usage: { pingedAt: 60_000, longestPingMs: 5_000 },
      now: 149_000,
      is: null,
    },
    {
      what: "three of the longest intervals",
      usage: { pingedAt: 100_000, longestPingMs: 50_000 },
      now: 249_000,
      is: null,
    },
    {
      what: "three of the longest intervals are over, whatever was sent to it",
      usage: { pingedAt: 100_000, longestPingMs: 50_000, sentAt: 250_000 },
      now: 250_000,
      is: "stale",
    },
    {
      what: "another frame is as good as a ping",
      usage: { pingedAt: 100_000, longestPingMs: 50_000, heardAt: 150_000 },
      now: 299_000,
      is: null,
    },
    { what: "a Worker's own leg", usage: { expiresAt: null }, now: 1e9, is: null },
    { what: "a clock that stands still", usage: { heardAt: 5_000, sentAt: 5_000 }, now: 5_000, is: null },
  ])("[QUI1] $what", ({ usage, now, is }) => {
    expect(silenceOf({ ...unused, ...usage }, timeoutMs, now)).toBe(is);
  });

  it("[QUI2] the longest interval is what lies between two looks, the first since joining", () => {
    const first = withPing(unused, 20_000);
    expect(first).toMatchObject({ pingedAt: 20_000, longestPingMs: 20_000 });
    expect(withPing(first, 20_000)).toBe(first);
    expect(withPing(first, null)).toBe(first);
    const second = withPing(first, 75_000);
    expect(second).toMatchObject({ pingedAt: 75_000, longestPingMs: 55_000 });
    expect(withPing(second, 80_000)).toMatchObject({ pingedAt: 80_000, longestPingMs: 55_000 });
  });
});

/** Lets the alarm come whenever it was asked for, until `until`; answers how often it came. */
function runAlarms(it: TestChannel, until: number, before: () => void = () => undefined): number {
  let alarms = 0;
  for (;;) {
    const due = Math.min(...it.calls.wakeAt);
    if (due > until) {
      it.now = until;
      return alarms;
    }
    it.calls.wakeAt.length = 0;
    it.now = Math.max(it.now, due);
    before();
    it.channel.alarm(it.now);
    alarms += 1;
    expect(alarms).toBeLessThan(1_000);
  }
}

describe("sweeps", () => {
  it("[SWP1] a quiet channel wakes once in five minutes while anyone is connected, and not for nobody", () => {
    const it = new TestChannel();
    const start = it.now;
    const peer = it.subscribe({ expiresAt: start + 1e9 });
    peer.pingedAt = start;
    const ping = () => {
      peer.pingedAt = it.now - 10_000;
      it.evict([peer]);
    };
    expect(runAlarms(it, start + 12 * sweepMs, ping)).toBeGreaterThanOrEqual(11);
    expect(runAlarms(it, it.now + 12 * sweepMs, ping)).toBeLessThanOrEqual(12);
    expect(peer.closed).toBeNull();
    it.channel.drop(peer, it.now);
    it.calls.wakeAt.length = 0;
    it.channel.alarm(it.now);
    expect(it.calls.wakeAt).toEqual([]);
  });

  it("[SWP2] closes 4408 who was idle for the timeout, at the next sweep, over wakes; sends count", () => {
    const it = new TestChannel();
    const start = it.now;
    const idle = it.subscribe({ expiresAt: start + 1e9 });
    const leg = it.subscribe();
    runAlarms(it, start + 500_000, () => it.evict([idle, leg]));
    it.append([log("a")]);
    it.evict([idle, leg]);
    runAlarms(it, start + 1_090_000, () => it.evict([idle, leg]));
    expect(idle.closed).toBeNull();
    runAlarms(it, start + 1_100_000 + sweepMs + 10_000, () => it.evict([idle, leg]));
    expect(idle.closed).toEqual({ code: 4408, reason: "timeout" });
    expect(idle.take().at(-1)).toMatchObject({ type: "error", code: "timeout", retryAfterMs: 1_000 });
    expect(leg.closed).toBeNull();
    expect(it.channel.viewers).toBe(1);
  });

  it("[SWP3] closes who pinged and fell silent, though lines flow to it, by the intervals seen meanwhile", () => {
    const it = new TestChannel();
    const start = it.now;
    const [gone, alive] = [it.subscribe({ expiresAt: 1e12 }), it.subscribe({ expiresAt: 1e12 })];
    const second = (i: number) => {
      it.now = start + i * 1_000;
      if (i % 20 === 0) alive.pingedAt = it.now;
      if (i % 20 === 0 && i <= 200) gone.pingedAt = it.now;
      it.append([log(`${i}`)]);
      it.channel.flushDue(it.now);
      if (i % 50 === 0) it.evict([gone, alive].filter((peer) => peer.closed === null));
    };
    for (let i = 1; i <= 280; i++) second(i);
    it.channel.alarm(it.now);
    expect(gone.closed).toBeNull();
    for (let i = 281; i <= 300; i++) second(i);
    it.channel.alarm(it.now);
    expect(gone.closed?.code).toBe(4408);
    expect(alive.closed).toBeNull();
  });

  it("[SWP4] sweeps without the alarm while lines flow, within 10 s", () => {
    const it = new TestChannel();
    const start = it.now;
    const [gone, alive] = [it.subscribe({ expiresAt: 1e12 }), it.subscribe({ expiresAt: 1e12 })];
    const flowTo = (second: number) => {
      while (it.now < start + second * 1_000) {
        it.now += 1_000;
        alive.pingedAt = it.now;
        if (it.now <= start + 20_000) gone.pingedAt = it.now;
        it.append([log("a")]);
        it.channel.flushDue(it.now);
      }
    };
    flowTo(109);
    expect(gone.closed).toBeNull();
    flowTo(121);
    expect(gone.closed).toEqual({ code: 4408, reason: "timeout" });
    expect(alive.closed).toBeNull();
    expect(alive.take().at(-1)).toMatchObject({ type: "entries", first: 121 });
  });
});

const frameTo = (it: TestChannel, peer: TestPeer, text: string) => it.channel.receive(peer, text, it.now);

describe("frames a second", () => {
  it("[FPS1] past the rate each is refused with how long to wait, and a second's worth more closes 4429", () => {
    const it = new TestChannel(undefined, { framesPerSecond: 10 });
    const peer = it.subscribe();
    peer.take();
    for (let i = 0; i < 50; i++) {
      frameTo(it, peer, '{"type":"ack","channel":"build/1","cursor":0}');
      if (i % 7 === 0) it.evict([peer]);
    }
    expect(peer.take()).toEqual([]);
    frameTo(it, peer, '{"type":"dance"}');
    expect(peer.take()).toMatchObject([{ type: "error", code: "too_fast", expected: 10, retryAfterMs: 100 }]);
    it.now += 200;
    frameTo(it, peer, '{"type":"dance"}');
    expect(peer.take()).toMatchObject([{ code: "unknown_frame" }]);
    for (let i = 0; i < 10; i++) frameTo(it, peer, '{"type":"ping" }');
    expect(peer.closed).toBeNull();
    it.evict([peer]);
    frameTo(it, peer, '{"type":"ping" }');
    expect(peer.closed).toEqual({ code: 4429, reason: "too_fast" });
    expect(peer.take().at(-1)).toMatchObject({ code: "too_fast", retryAfterMs: 1_100 });
  });

  it("[FPS2] acks that say something new are free: reading fast is not sending fast", () => {
    const it = new TestChannel(undefined, { framesPerSecond: 1 });
    const peer = it.subscribe();
    for (let i = 1; i <= 200; i++) {
      it.append([log(`${i}`)]);
      it.channel.flushDue(it.now);
      it.ack(peer, i);
    }
    expect(peer.take().some((frame) => frame.type === "error")).toBe(false);
    expect(peer.closed).toBeNull();
  });
});

describe("connects a second", () => {
  it("[CPS1] one subject is refused past them with how long to wait; others are not; a wake counts who is there", () => {
    const it = new TestChannel(undefined, { connectsPerSecond: 2 });
    const connect = (subject: string) => it.channel.admits(subject, it.now);
    const peers: TestPeer[] = [];
    for (let i = 0; i < 20; i++) {
      expect(connect("a").ok).toBe(true);
      peers.push(it.subscribe({ subject: "a" }));
    }
    const refusal = { ok: false, problem: { code: "too_fast", expected: 2, retryAfterMs: 500 } };
    expect(connect("a")).toMatchObject(refusal);
    expect(connect("b").ok).toBe(true);
    it.evict(peers);
    expect(connect("a")).toMatchObject(refusal);
    it.now += 500;
    expect(connect("a").ok).toBe(true);
    expect(connect("a")).toMatchObject(refusal);
  });

  it("[CPS2] remembers so many subjects, and sleeping forgets none that is not full again", () => {
    const it = new TestChannel(undefined, { connectsPerSecond: 1 });
    for (let i = 0; i < 5_000; i++) expect(it.channel.admits(`subject ${i}`, it.now).ok).toBe(true);
    for (let i = 0; i < 9; i++) expect(it.channel.admits("subject 4999", it.now).ok).toBe(true);
    expect(it.channel.admits("subject 4999", it.now).ok).toBe(false);
    it.now += 10_000;
    for (let i = 0; i < 10; i++) expect(it.channel.admits("subject 4999", it.now).ok).toBe(true);
    expect(it.channel.admits("subject 4999", it.now).ok).toBe(false);
  });
});
