import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { limits, type Result } from "../../protocol/mod.ts";
import type { AppendReceipt } from "../../worker/core/contract.ts";
import { MemoryJournal } from "../../worker/core/memory_journal.ts";
import { channelName, log, TestChannel, type TestPeer } from "./channel_harness.ts";

const lines = (from: number, to: number, pad = 0) =>
  Array.from({ length: to - from + 1 }, (_, i) => log(`line ${from + i}`.padEnd(pad, ".")));

const numbersOf = (peer: TestPeer) => peer.takeLines().map(([cursor]) => cursor);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

function receipt(outcomes: Result<AppendReceipt>[]): AppendReceipt | string {
  const [outcome] = outcomes;
  if (outcome === undefined) return "waiting";
  return outcome.ok ? outcome.value : outcome.problem.code;
}

describe("appending", () => {
  it("[APP1] gives contiguous cursors from 1, and the epoch", () => {
    const it = new TestChannel();
    expect(receipt(it.append(lines(1, 3)))).toEqual({
      channel: channelName,
      epoch: "epoch-1",
      first: 1,
      last: 3,
      duplicate: false,
    });
    expect(receipt(it.append(lines(4, 4)))).toMatchObject({ first: 4, last: 4 });
  });

  it("[APP2] acknowledges a repeat and does not store it again, after a wake too", () => {
    const it = new TestChannel();
    const producer = { id: "p", epoch: 0, seq: 0 };
    it.append(lines(1, 2), producer);
    expect(receipt(it.append(lines(1, 2), producer))).toMatchObject({ first: 1, last: 2, duplicate: true });
    it.evict();
    expect(receipt(it.append(lines(1, 2), producer))).toMatchObject({ first: 1, last: 2, duplicate: true });
    expect(it.channel.head.tail).toBe(2);
  });

  it("[APP3] acknowledges a repeat older than the newest without first and last", () => {
    const it = new TestChannel();
    it.append(lines(1, 1), { id: "p", epoch: 0, seq: 0 });
    it.append(lines(2, 2), { id: "p", epoch: 0, seq: 1 });
    const again = receipt(it.append(lines(1, 1), { id: "p", epoch: 0, seq: 0 }));
    expect(again).toEqual({ channel: channelName, epoch: "epoch-1", duplicate: true });
  });

  it("[APP4] refuses a hole with what was expected, an unknown producer over 0, and a fenced epoch", () => {
    const it = new TestChannel();
    expect(receipt(it.append(lines(1, 1), { id: "p", epoch: 0, seq: 3 }))).toBe("producer_unknown");
    it.append(lines(1, 1), { id: "p", epoch: 1, seq: 0 });
    expect(it.append(lines(2, 2), { id: "p", epoch: 1, seq: 2 })).toMatchObject([
      { ok: false, problem: { code: "sequence_hole", expected: 1, received: 2 } },
    ]);
    expect(it.append(lines(2, 2), { id: "p", epoch: 0, seq: 1 })).toMatchObject([
      { ok: false, problem: { code: "producer_fenced", expected: 1, received: 0 } },
    ]);
    expect(it.append(lines(2, 2), { id: "p", epoch: 2, seq: 1 })).toMatchObject([
      { ok: false, problem: { code: "sequence_hole", expected: 0 } },
    ]);
    expect(receipt(it.append(lines(2, 2), { id: "p", epoch: 2, seq: 0 }))).toMatchObject({ first: 2 });
  });

  it("[APP5] counts batches that wait for the flush: a repeat of one waits with it", () => {
    const it = new TestChannel();
    for (let i = 0; i < 30; i++) it.subscribe();
    it.append(lines(1, 1), { id: "p", epoch: 0, seq: 0 });
    const first = it.append(lines(2, 2), { id: "p", epoch: 0, seq: 1 });
    const repeat = it.append(lines(2, 2), { id: "p", epoch: 0, seq: 1 });
    const next = it.append(lines(3, 3), { id: "p", epoch: 0, seq: 2 });
    expect([receipt(first), receipt(repeat), receipt(next)]).toEqual(["waiting", "waiting", "waiting"]);
    it.channel.flushDue(it.now);
    expect(receipt(first)).toMatchObject({ first: 2, last: 2, duplicate: false });
    expect(receipt(repeat)).toMatchObject({ first: 2, last: 2, duplicate: true });
    expect(receipt(next)).toMatchObject({ first: 3, last: 3, duplicate: false });
  });

  it("[APP6] refuses every batch of a flush that fails, as retryable, and tells nobody of it", () => {
    const it = new TestChannel(new FailingJournal());
    const peer = it.subscribe();
    peer.take();
    (it.journal as FailingJournal).failsNext = true;
    const producer = { id: "p", epoch: 0, seq: 0 };
    expect(receipt(it.append(lines(1, 2), producer))).toBe("storage_failed");
    expect(peer.takeLines()).toEqual([]);
    expect(it.channel.head).toMatchObject({ epoch: null, tail: 0 });
    expect(receipt(it.append(lines(1, 2), producer))).toMatchObject({ first: 1, last: 2, duplicate: false });
    expect(numbersOf(peer)).toEqual([1, 2]);
  });

  it("[APP7] takes nothing after the end but repeats of what was stored before it", () => {
    const it = new TestChannel();
    it.append(lines(1, 1), { id: "p", epoch: 1, seq: 0 });
    const end = it.end();
    it.evict();
    expect(receipt(it.append(lines(2, 2)))).toBe("channel_ended");
    expect(receipt(it.append(lines(2, 2), { id: "p", epoch: 1, seq: 1 }))).toBe("channel_ended");
    expect(receipt(it.append(lines(2, 2), { id: "p", epoch: 1, seq: 2 }))).toBe("channel_ended");
    expect(receipt(it.append(lines(2, 2), { id: "p", epoch: 0, seq: 1 }))).toBe("channel_ended");
    expect(receipt(it.append(lines(2, 2), { id: "q", epoch: 0, seq: 7 }))).toBe("channel_ended");
    expect(receipt(it.append(lines(1, 1), { id: "p", epoch: 1, seq: 0 }))).toMatchObject({ duplicate: true });
    expect(it.end("failure")).toEqual(end);
  });
});

describe("idle producers", () => {
  const idleMs = 24 * 60 * 60 * 1000;

  it("[IDP1] are forgotten after a day, over a wake and without anyone else, and begin a new epoch at 0", () => {
    for (const wakes of [false, true]) {
      const it = new TestChannel();
      it.append(lines(1, 1), { id: "p", epoch: 0, seq: 0 });
      it.now += idleMs - 1;
      if (wakes) it.evict();
      expect(receipt(it.append(lines(2, 2), { id: "p", epoch: 0, seq: 1 }))).toMatchObject({ first: 2 });
      it.now += idleMs;
      if (wakes) it.evict();
      expect(it.append(lines(3, 3), { id: "p", epoch: 0, seq: 2 })).toMatchObject([
        { ok: false, problem: { code: "producer_unknown", expected: 0, received: 2 } },
      ]);
      expect(receipt(it.append(lines(3, 3), { id: "p", epoch: 1, seq: 0 }))).toMatchObject({ first: 3 });
    }
  });

  it("[IDP2] are bounded in number, the longest idle one going first, over wakes and snapshots", () => {
    const it = new TestChannel();
    for (let i = 0; i < limits.producers + 2; i++) {
      it.now += 1;
      it.append(lines(1, 1), { id: `p${i}`, epoch: 0, seq: 0 });
      if (i % 250 === 0) it.evict();
    }
    it.evict();
    const next = (id: string) => receipt(it.append(lines(1, 1), { id, epoch: 0, seq: 1 }));
    expect([next("p0"), next("p1")]).toEqual(["producer_unknown", "producer_unknown"]);
    expect(next("p2")).toMatchObject({ duplicate: false });
    const stored = it.journal.wake();
    expect(Object.keys(stored?.snapshot.producers ?? {}).length).toBeLessThanOrEqual(limits.producers);
  });
});

describe("projects", () => {
  it("[APP8] refuses a batch allowed by a grant on a project that the channel is not of", () => {
    const it = new TestChannel();
    for (let i = 0; i < 30; i++) it.subscribe();
    const first = it.append(lines(1, 1), undefined, { project: "a", grantedProject: "a" });
    expect(receipt(first)).toMatchObject({ first: 1 });
    expect(receipt(it.append(lines(2, 2), undefined, { project: "b", grantedProject: "b" }))).toBe(
      "forbidden",
    );
    expect(receipt(it.append(lines(2, 2), undefined, { grantedProject: "a" }))).toBe("waiting");
    expect(receipt(it.append(lines(3, 3), undefined, { project: "b" }))).toBe("waiting");
    expect(it.channel.head.project).toBe("a");
  });
});

describe("flushing", () => {
  it("[FLU1] flushes the first batch at once, gathers what comes soon after, and is quiet again", () => {
    const it = new TestChannel();
    for (let i = 0; i < 100; i++) it.subscribe();
    it.append(lines(1, 1));
    expect(it.channel.head.tail).toBe(1);
    expect(it.calls.flushAfter).toEqual([7]);
    it.append(lines(2, 2));
    it.append(lines(3, 3));
    expect(it.channel.head.tail).toBe(1);
    it.channel.flushDue(it.now);
    expect(it.channel.head.tail).toBe(3);
    expect(it.journal.readFrom(2, 1).map((row) => [row.first, row.last])).toEqual([[2, 3]]);
    expect(it.calls.flushAfter).toHaveLength(2);
    it.channel.flushDue(it.now);
    expect(it.calls.flushAfter).toHaveLength(2);
  });

  it("[FLU2] never waits with more than the limit of bytes", () => {
    const it = new TestChannel();
    for (let i = 0; i < 100; i++) it.subscribe();
    it.append(lines(1, 1));
    const megabyte = Array.from({ length: 100 }, () => log("x".repeat(10_500)));
    for (let i = 0; i < 3; i++) it.append(megabyte);
    expect(it.channel.head.tail).toBe(1);
    it.append(megabyte);
    expect(it.channel.head.tail).toBe(401);
  });

  it("[FLU3] stores a flush as rows of at most 256 KiB, with sums of their own and running ones", () => {
    const it = new TestChannel();
    it.append(Array.from({ length: 1_000 }, (_, i) => log(`${i}`.padEnd(1_000, "y"))));
    const rows = it.journal.readFrom(1, 1e9);
    expect(rows.length).toBeGreaterThan(3);
    expect(Math.max(...rows.map((row) => row.bytes))).toBeLessThanOrEqual(limits.rowBytes);
    expect(rows.at(-1)?.meta.total.lines).toBe(1_000);
    expect(rows.reduce((sum, row) => sum + row.meta.sum.lines, 0)).toBe(1_000);
    expect(rows.flatMap((row) => JSON.parse(`[${row.text}]`))).toHaveLength(1_000);
  });

  it("[FLU5] keeps a row's own account small, however many stages and producers a flush has", () => {
    const it = new TestChannel();
    for (let i = 0; i < 100; i++) it.subscribe();
    it.append(lines(1, 1));
    for (let i = 0; i < 1_100; i++) {
      const stage = String(i).padEnd(limits.stageChars, "漢");
      it.append([log("x", { stage })], {
        id: String(i).padEnd(limits.producerIdChars, "漢"),
        epoch: 0,
        seq: 0,
      });
    }
    it.channel.flushDue(it.now);
    const rows = it.journal.readFrom(1, 1e9);
    expect(rows.at(-1)?.last).toBe(1_101);
    const sizes = rows.map(({ meta }) => new TextEncoder().encode(JSON.stringify(meta)).length);
    expect(Math.max(...sizes)).toBeLessThan(1_000_000);
    const before = it.channel.summary;
    it.evict();
    expect(it.channel.summary).toEqual({ ...before, viewers: 0 });
  });

  it("[FLU4] writes a snapshot at least every 100 rows, and a wake from it equals the channel that slept", () => {
    const it = new TestChannel();
    for (let i = 0; i < 250; i++) {
      const batch = [log(`${i}`, { stage: `s${i % 7}`, level: i % 5 === 0 ? "error" : "info" })];
      it.append(batch, { id: `p${i % 3}`, epoch: 0, seq: Math.floor(i / 3) });
    }
    const before = it.channel.summary;
    expect(it.journal.wake()?.rows.length).toBeLessThanOrEqual(limits.snapshotRows + 1);
    it.evict();
    expect(it.channel.summary).toEqual(before);
    expect(receipt(it.append(lines(1, 1), { id: "p0", epoch: 0, seq: 84 }))).toMatchObject({ first: 251 });
  });
});

describe("subscribing", () => {
  it("[SUB1] from the beginning: subscribed, summary, everything, then live lines", () => {
    const it = new TestChannel();
    it.append(lines(1, 5));
    const peer = it.subscribe();
    const frames = peer.take();
    expect(frames.map((frame) => frame.type)).toEqual(["subscribed", "summary", "entries"]);
    expect(frames[0]).toEqual({
      type: "subscribed",
      channel: channelName,
      epoch: "epoch-1",
      first: 1,
      cursor: 0,
      tail: 5,
      oldest: 1,
      ended: false,
      resumed: false,
      windowBytes: limits.windowMaxBytes,
    });
    it.append(lines(6, 6));
    expect(peer.takeLines()).toEqual([[6, "line 6"]]);
  });

  it("[SUB2] to what does not exist: waits, is told when the epoch begins, and stores nothing", () => {
    const it = new TestChannel();
    const peer = it.subscribe();
    expect(peer.take()).toMatchObject([
      { type: "subscribed", epoch: null, first: 1, tail: 0, oldest: 1 },
      { type: "summary", status: "waiting" },
    ]);
    expect(it.journal.wake()).toBeNull();
    it.append(lines(1, 2));
    expect(peer.take().map((frame) => frame.type)).toEqual(["subscribed", "entries"]);
  });

  it("[SUB3] resumes after a cursor with nothing missing", () => {
    const it = new TestChannel();
    it.append(lines(1, 500, 100));
    for (const cursor of [0, 1, 37, 250, 499, 500]) {
      const peer = it.subscribe({ cursor, epoch: "epoch-1" });
      expect(peer.take()[0]).toMatchObject({ type: "subscribed", cursor, resumed: true });
      const again = it.subscribe({ cursor });
      const got = numbersOf(again).filter((number) => number > cursor);
      expect(got).toEqual(range(cursor + 1, 500));
    }
  });

  it("[SUB4] with the last n, or live only", () => {
    const it = new TestChannel();
    it.append(lines(1, 10));
    expect(numbersOf(it.subscribe({ last: 3 })).filter((number) => number > 7)).toEqual([8, 9, 10]);
    const live = it.subscribe({ last: 0 });
    expect(live.takeLines()).toEqual([]);
    it.append(lines(11, 11));
    expect(numbersOf(live)).toEqual([11]);
  });

  it("[SUB5] with a cursor past the tail or of an old epoch: a gap of reason epoch, then the oldest", () => {
    const it = new TestChannel();
    it.append(lines(1, 3));
    for (const plan of [{ cursor: 9 }, { cursor: 2, epoch: "other" }]) {
      const frames = it.subscribe(plan).take();
      expect(frames[1]).toEqual({
        type: "gap",
        channel: channelName,
        from: plan.cursor + 1,
        to: null,
        count: null,
        reason: "epoch",
      });
      expect(frames.find((frame) => frame.type === "entries")).toMatchObject({ first: 1 });
    }
  });

  it("[SUB6] is refused past the limit of viewers, with how long to wait", () => {
    const it = new TestChannel(undefined, { maxDirectViewers: 1 });
    it.subscribe();
    expect(it.channel.admits("me", it.now)).toMatchObject({
      ok: false,
      problem: { code: "too_many_viewers", retryAfterMs: 30_000 },
    });
  });

  it("[SUB7] after the end: everything, then the end, with the proof", () => {
    const it = new TestChannel();
    it.append([log("a"), log("b", { more: true }), log("c")]);
    it.end();
    const frames = it.subscribe().take();
    expect(frames.at(-1)).toEqual({
      type: "end",
      channel: channelName,
      cursor: 3,
      status: "success",
      lines: 2,
      bytes: 5,
      crc32: crc32("a\nbc\n").toString(16).padStart(8, "0"),
    });
    it.evict();
    expect(it.subscribe().take().at(-1)).toEqual(frames.at(-1));
  });
});

describe("windows", () => {
  const page = (count: number) => Array.from({ length: count }, (_, i) => log(`${i}`.padEnd(900, "z")));

  it("[WIN1] at most a window is ever in flight, and acks bring the rest exactly", () => {
    const it = new TestChannel();
    for (let i = 0; i < 4; i++) it.append(page(1_000));
    const peer = it.subscribe({ maxWindowBytes: 64 * 1024 });
    const got: number[] = [];
    for (let turns = 0; got.at(-1) !== 4_000; turns++) {
      expect(turns).toBeLessThan(500);
      const bytes = peer.texts.reduce(
        (sum, text) => sum + (text.startsWith('{"type":"entries') ? text.length : 0),
        0,
      );
      expect(bytes).toBeLessThanOrEqual(64 * 1024 + 2_048);
      got.push(...numbersOf(peer));
      it.ack(peer, got.at(-1) ?? 0);
    }
    expect(got).toEqual(range(1, 4_000));
  });

  it("[WIN2] who does not acknowledge gets half a window and a frame, and slows nobody", () => {
    const it = new TestChannel();
    const slow = it.subscribe();
    const quick = it.subscribe();
    const got: number[] = [];
    for (let i = 0; i < 40; i++) {
      it.append(page(100));
      it.channel.flushDue(it.now);
      got.push(...numbersOf(quick));
      it.ack(quick, got.at(-1) ?? 0);
    }
    expect(got).toEqual(range(1, 4_000));
    const held = slow.texts.join("").length;
    expect(held).toBeLessThan(limits.windowMaxBytes * 0.6);
    expect(held).toBeGreaterThan(limits.windowMaxBytes * 0.4);
  });

  it("[WIN3] the same strings go to everybody who is level", () => {
    const it = new TestChannel();
    const peers = Array.from({ length: 3 }, () => it.subscribe());
    for (const peer of peers) peer.take();
    it.append(page(50));
    const [first = [], ...others] = peers.map((peer) =>
      peer.texts.filter((text) => text.includes('"entries"')),
    );
    expect(first.length).toBeGreaterThan(0);
    for (const other of others) expect(other).toEqual(first);
  });

  it("[WIN4] shrinks windows as viewers come and grows them as they go, telling each before it counts", () => {
    const it = new TestChannel(undefined, { windowTotalBytes: 1024 * 1024 });
    const peers = Array.from({ length: 32 }, () => it.subscribe());
    const told = peers[0]?.take().flatMap((frame) => (frame.type === "window" ? [frame.windowBytes] : []));
    expect(told).toEqual([524_288, 262_144, 131_072, 65_536, 32_768]);
    for (const peer of peers.slice(4)) it.channel.drop(peer, it.now);
    const grown = peers[0]?.take().flatMap((frame) => (frame.type === "window" ? [frame.windowBytes] : []));
    expect(grown?.at(-1)).toBe(262_144);
  });

  it("[WIN9] sends on to who was held back by a smaller window, though it has acknowledged nothing", () => {
    const it = new TestChannel(undefined, { windowTotalBytes: 1024 * 1024 });
    const [slow, ...others] = Array.from({ length: 32 }, () => it.subscribe());
    if (slow === undefined) throw new Error("Nobody subscribed");
    it.append(page(200));
    it.channel.flushDue(it.now);
    const before = slow.takeLines().length;
    expect(before).toBeLessThan(200);
    for (const peer of others) it.channel.drop(peer, it.now);
    expect(before + slow.takeLines().length).toBe(200);
    it.now += 60_000;
    it.channel.alarm(it.now);
    expect(slow.closed).toBeNull();
  });

  it("[WIN5] closes with 4429 who owes an acknowledgement for 30 s, and nobody sooner", () => {
    const it = new TestChannel();
    const slow = it.subscribe();
    const quiet = it.subscribe();
    for (let i = 0; i < 10; i++) {
      it.append(page(100));
      it.channel.flushDue(it.now);
      it.ack(quiet, it.channel.head.tail);
    }
    expect(Math.min(...it.calls.wakeAt)).toBe(Math.ceil((it.now + 30_000) / 10_000) * 10_000);
    it.now += 20_000;
    it.channel.alarm(it.now);
    expect(slow.closed).toBeNull();
    it.now += 10_000;
    it.channel.alarm(it.now);
    expect(slow.closed?.code).toBe(4429);
    expect(quiet.closed).toBeNull();
  });

  it("[WIN6] an ack of what was never sent is refused and changes nothing", () => {
    const it = new TestChannel();
    it.append(lines(1, 2));
    const peer = it.subscribe();
    peer.take();
    it.ack(peer, 3);
    expect(peer.take()).toMatchObject([{ type: "error", code: "invalid_field", expected: 2 }]);
    expect(peer.closed).toBeNull();
  });

  it("[WIN7] an entry larger than half a window is sent all the same", () => {
    const it = new TestChannel();
    const peer = it.subscribe({ maxWindowBytes: limits.windowMinBytes });
    peer.take();
    it.append([log("a"), log("b".repeat(60_000)), log("c")]);
    expect(numbersOf(peer)).toEqual([1, 2]);
    it.ack(peer, 2);
    expect(numbersOf(peer)).toEqual([3]);
  });

  it("[WIN8] gives the object up when closed sockets hold too much, and counts only who does not read", () => {
    const it = new TestChannel();
    const strand = () => {
      const peer = it.subscribe();
      it.channel.reject(peer, { code: "ack_overdue", message: "." }, it.now);
      return peer;
    };
    for (let i = 0; i < 8; i++) it.append(page(100));
    for (let i = 0; i < 40; i++) it.channel.drop(strand(), it.now);
    expect(it.calls.aborted).toEqual([]);
    for (let i = 0; i < 60; i++) strand();
    expect(it.calls.aborted.length).toBeGreaterThan(0);
  });
});

describe("waking", () => {
  it("[WAK1] serves the same sockets after an eviction between any two steps", () => {
    const it = new TestChannel();
    const peer = it.subscribe({ maxWindowBytes: 16 * 1024 });
    const got: number[] = [];
    for (let i = 0; i < 60; i++) {
      if (i < 20) it.append(lines(i * 20 + 1, i * 20 + 20, 200));
      it.channel.flushDue(it.now);
      it.evict([peer]);
      got.push(...numbersOf(peer));
      it.evict([peer]);
      if (got.length > 0) it.ack(peer, got.at(-1) ?? 0);
    }
    expect(got).toEqual(range(1, 400));
  });

  it("[WAK2] a subscriber that waits keeps waiting, and hears of the epoch", () => {
    const it = new TestChannel();
    const peer = it.subscribe();
    peer.take();
    it.evict([peer]);
    it.append(lines(1, 1));
    expect(peer.take().map((frame) => frame.type)).toEqual(["subscribed", "entries"]);
  });

  it("[WAK3] sends the end once, not again after a wake", () => {
    const it = new TestChannel();
    it.append(lines(1, 1));
    const peer = it.subscribe();
    it.end();
    it.evict([peer]);
    it.channel.alarm(it.now);
    it.ack(peer, 1);
    expect(peer.take().filter((frame) => frame.type === "end")).toHaveLength(1);
  });
});

describe("tokens and frames", () => {
  it("[TOK1] warns a minute before a token expires and closes 4401 when it has, unless it was renewed", () => {
    const it = new TestChannel();
    const expiresAt = it.now + 90_000;
    const [left, renewed] = [it.subscribe({ expiresAt }), it.subscribe({ expiresAt })];
    it.now = expiresAt - 60_000;
    it.channel.alarm(it.now);
    expect(left.take().at(-1)).toEqual({ type: "expiring", inMs: 60_000 });
    it.channel.renew(
      renewed,
      { ok: true, value: { expiresAt: expiresAt + 600_000, commands: false } },
      it.now,
    );
    it.now = expiresAt;
    it.channel.alarm(it.now);
    expect(left.closed?.code).toBe(4401);
    expect(renewed.closed).toBeNull();
  });

  it("[TOK3] warns once of each token, of a renewed one never before half of its life", () => {
    const it = new TestChannel();
    const peer = it.subscribe({ expiresAt: it.now + 40_000 });
    const warnings = () => peer.take().filter(({ type }) => type === "expiring");
    const alarmAfter = (ms: number) => {
      it.now += ms;
      it.channel.alarm(it.now);
    };
    alarmAfter(0);
    expect(warnings()).toEqual([{ type: "expiring", inMs: 40_000 }]);
    alarmAfter(1_000);
    expect(warnings()).toEqual([]);
    it.channel.renew(peer, { ok: true, value: { expiresAt: it.now + 50_000, commands: false } }, it.now);
    it.evict([peer]);
    alarmAfter(24_000);
    expect(warnings()).toEqual([]);
    alarmAfter(1_000);
    expect(warnings()).toEqual([{ type: "expiring", inMs: 25_000 }]);
    alarmAfter(10_000);
    expect(warnings()).toEqual([]);
    expect(peer.closed).toBeNull();
  });

  it("[FRM1] answers unknown frames and wrong fields with an error and stays open; closes what is no JSON", () => {
    const it = new TestChannel();
    const peer = it.subscribe();
    for (const [text, code] of [
      ['{"type":"dance"}', "unknown_frame"],
      ['{"type":"ack","channel":"build/1"}', "missing_field"],
      ['{"type":"ack","channel":"build/1","cursor":1,"x":1}', "unknown_field"],
      ['{"type":"ack","channel":"build/2","cursor":0}', "not_subscribed"],
      ['{"type":"ack","channel":"nope","cursor":0}', "channel_name_invalid"],
      ['{"type":"subscribe","channel":"build/1"}', "unknown_frame"],
    ]) {
      peer.take();
      it.channel.receive(peer, text ?? "", it.now);
      expect(peer.take()).toMatchObject([{ type: "error", code }]);
    }
    expect(peer.closed).toBeNull();
    it.channel.receive(peer, "{", it.now);
    expect(peer.closed).toEqual({ code: 4400, reason: "malformed_json" });
    expect(it.channel.viewers).toBe(0);
  });
});

describe("frames that name a channel", () => {
  it("[FRM2] unsubscribes the socket's own channel alone", () => {
    const it = new TestChannel();
    const peer = it.subscribe();
    peer.take();
    it.channel.receive(peer, '{"type":"unsubscribe","channel":"build/2"}', it.now);
    expect(peer.take()).toMatchObject([{ type: "error", code: "not_subscribed" }]);
    expect(peer.closed).toBeNull();
    it.channel.receive(peer, `{"type":"unsubscribe","channel":"${channelName}"}`, it.now);
    expect(peer.closed?.code).toBe(1000);
  });

  it("[TOK2] closes 4401 whose new token is refused, whatever it lacks", () => {
    const it = new TestChannel();
    const peer = it.subscribe();
    it.channel.renew(peer, { ok: false, problem: { code: "forbidden", message: "No grant." } }, it.now);
    expect(peer.closed).toEqual({ code: 4401, reason: "forbidden" });
  });
});

describe("deleting", () => {
  it("[DEL1] tells everyone, counts cursors on under a new epoch, and makes old cursors void", () => {
    const it = new TestChannel();
    it.append(lines(1, 3));
    const peer = it.subscribe();
    peer.take();
    it.channel.deleteJournal(it.now);
    expect(peer.take()).toMatchObject([
      { type: "gap", from: 4, to: null, count: null, reason: "epoch" },
      { type: "subscribed", epoch: null, tail: 3 },
    ]);
    it.evict([peer]);
    it.append(lines(4, 4));
    expect(peer.take()).toMatchObject([
      { type: "subscribed", epoch: "epoch-2", first: 4 },
      { type: "entries", first: 4 },
    ]);
    expect(it.subscribe({ cursor: 2, epoch: "epoch-1" }).take()[1]).toMatchObject({
      type: "gap",
      reason: "epoch",
    });
    expect(it.subscribe({ cursor: 3 }).take()[0]).toMatchObject({ type: "subscribed", resumed: true });
  });
});

describe("deleting under readers", () => {
  it("[DEL2] tells a reader who is behind from where on nothing will come", () => {
    const it = new TestChannel();
    it.append(Array.from({ length: 2_000 }, (_, i) => log(`${i}`.padEnd(900, "z"))));
    const peer = it.subscribe({ maxWindowBytes: limits.windowMinBytes });
    const last = numbersOf(peer).at(-1) ?? 0;
    expect(last).toBeLessThan(100);
    it.channel.deleteJournal(it.now);
    expect(peer.take()[0]).toMatchObject({ type: "gap", from: last + 1, reason: "epoch" });
  });
});

class FailingJournal extends MemoryJournal {
  failsNext = false;

  override commit(...args: Parameters<MemoryJournal["commit"]>): void {
    const fails = this.failsNext;
    this.failsNext = false;
    if (fails) throw new Error("disk full");
    super.commit(...args);
  }
}
