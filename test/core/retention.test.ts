import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DownFrame } from "../../protocol/mod.ts";
import { limits } from "../../protocol/mod.ts";
import type { RowHead } from "../../worker/core/journal.ts";
import { MemoryJournal } from "../../worker/core/memory_journal.ts";
import { goneRows, lastCursorKeptMs, nextStep, type Retention } from "../../worker/core/retention.ts";
import { dayMs, log, TestChannel, type TestPeer } from "./channel_harness.ts";
import { rowAfter } from "./journal_suite.ts";

const lines = (from: number, to: number, pad = 0) =>
  Array.from({ length: to - from + 1 }, (_, i) => log(`line ${from + i}`.padEnd(pad, ".")));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

const everything: Retention = { ageMs: 7 * dayMs, bytes: 1e9, entries: 0 };

/** Rows of ten entries and 100 bytes, flushed a second apart. */
const rows: readonly RowHead[] = range(0, 9).map((i) => {
  const row = rowAfter(i * 10, 10, i * 100);
  return { ...row, bytes: 100, meta: { ...row.meta, at: 1_000 * (i + 1) } };
});
const tail = { cursor: 100, offset: 1_000 };

describe("what retention keeps", () => {
  it.each([
    { what: "all of it before its time", retention: everything, now: 7 * dayMs + 800, gone: 0 },
    { what: "nothing flushed so long ago", retention: everything, now: 7 * dayMs + 3_000, gone: 3 },
    { what: "nothing when all is old", retention: everything, now: 8 * dayMs, gone: 10 },
    { what: "at most so many bytes", retention: { ...everything, bytes: 450 }, now: 0, gone: 6 },
    { what: "exactly so many bytes", retention: { ...everything, bytes: 400 }, now: 0, gone: 6 },
    { what: "whole rows of so many entries", retention: { ...everything, entries: 25 }, now: 0, gone: 7 },
    { what: "exactly so many entries", retention: { ...everything, entries: 30 }, now: 0, gone: 7 },
    { what: "all where there are fewer", retention: { ...everything, entries: 300 }, now: 0, gone: 0 },
  ])("[RET1] $what", ({ retention, now, gone }) => {
    expect(goneRows(rows, tail, retention, now)).toEqual(rows.slice(0, gone));
  });

  it.each([
    { what: "nothing where nothing is stored", oldestRow: null, endedAt: null, deletedAt: null, next: null },
    {
      what: "a trim when the oldest row is old",
      oldestRow: { last: 10, offset: 0, at: 50 },
      endedAt: 60,
      deletedAt: null,
      next: { step: "trim", due: 50 + 7 * dayMs },
    },
    {
      what: "a trim now, past the bytes",
      oldestRow: { last: 10, offset: -1e9, at: 50 },
      endedAt: null,
      deletedAt: null,
      next: { step: "trim", due: 5 },
    },
    {
      what: "an ended channel's removal, once nothing is left",
      oldestRow: null,
      endedAt: 60,
      deletedAt: null,
      next: { step: "remove", due: 60 + 7 * dayMs },
    },
    {
      what: "the last cursor's end",
      oldestRow: null,
      endedAt: null,
      deletedAt: 70,
      next: { step: "erase", due: 70 + lastCursorKeptMs },
    },
  ])("[RET2] what is due next: $what", ({ oldestRow, endedAt, deletedAt, next }) => {
    expect(nextStep({ tail, oldestRow, endedAt, deletedAt }, everything, 5)).toEqual(next);
  });
});

/** A channel that keeps its entries for a day. */
const aDay = (more: Partial<Retention> = {}, journal = new MemoryJournal()) =>
  new TestChannel(journal, { retention: { ageMs: dayMs, bytes: 1e9, entries: 0, ...more } });

/** Lets the alarm come at its times until it is due later than now. */
function trimAll(it: TestChannel): number {
  for (let alarms = 1; alarms < 1_000; alarms++) {
    it.calls.wakeAt.length = 0;
    it.channel.alarm(it.now);
    if (!it.calls.wakeAt.includes(it.now)) return alarms;
  }
  throw new Error("The alarm is due for ever");
}

describe("trimming", () => {
  it("[RET3] asks for the alarm at the oldest row's time, after a wake too, and trims what is old by then", () => {
    const it = aDay();
    it.append(lines(1, 3));
    it.now += dayMs / 2;
    it.append(lines(4, 5));
    expect(Math.min(...it.calls.wakeAt)).toBe(1_000_000 + dayMs);
    it.calls.wakeAt.length = 0;
    it.evict();
    expect(it.calls.wakeAt).toEqual([1_000_000 + dayMs]);
    it.now = 1_000_000 + dayMs;
    it.channel.alarm(it.now);
    expect(it.channel.head).toMatchObject({ first: 1, oldest: 4, tail: 5 });
    expect(it.calls.wakeAt.at(-1)).toBe(1_000_000 + 1.5 * dayMs);
    it.evict();
    expect(it.channel.head).toMatchObject({ first: 1, oldest: 4, tail: 5 });
  });

  it("[RET4] trims a hundred rows a step, the next at once, and ends", () => {
    const it = aDay({ bytes: 20_000 });
    for (let i = 0; i < 450; i++) it.append(lines(i + 1, i + 1, 200));
    expect(trimAll(it)).toBe(4);
    const { oldest } = it.channel.head;
    const kept = it.journal.readFrom(1, 1e9);
    expect(kept[0]?.first).toBe(oldest);
    const bytes = kept.reduce((sum, row) => sum + row.bytes, 0);
    expect(bytes).toBeLessThanOrEqual(20_000);
    expect(bytes).toBeGreaterThan(19_500);
  });

  it("[RET5] keeps totals, summary, producers and the end's proof, whatever was trimmed, over wakes", () => {
    const it = aDay({ entries: 2 });
    const texts = range(1, 250).map((i) => `line ${i}`);
    for (const [seq, text] of texts.entries()) {
      it.append([log(text, { stage: `s${seq % 3}` })], { id: "p", epoch: 0, seq });
      if (seq % 40 === 39) trimAll(it);
      if (seq % 30 === 29) it.evict();
    }
    trimAll(it);
    const before = it.channel.summary;
    it.evict();
    expect(it.channel.summary).toEqual(before);
    expect(before).toMatchObject({ oldest: 249, tail: 250, lines: 250 });
    expect(before.stages.map((stage) => stage.lines)).toEqual([84, 83, 83]);
    expect(it.append([log("again")], { id: "p", epoch: 0, seq: 249 })).toMatchObject([
      { ok: true, value: { first: 250, last: 250, duplicate: true } },
    ]);
    const text = texts.map((line) => `${line}\n`).join("");
    expect(it.end()).toMatchObject({
      ok: true,
      value: { lines: 250, bytes: text.length, crc32: crc32(text).toString(16).padStart(8, "0") },
    });
  });

  it("[RET6] a journal that refuses to trim is asked again a minute later, and nothing has changed", () => {
    const journal = new StubbornJournal();
    const it = aDay({}, journal);
    it.append(lines(1, 3));
    it.now += dayMs;
    journal.refuses = true;
    it.calls.wakeAt.length = 0;
    it.channel.alarm(it.now);
    expect(it.channel.head.oldest).toBe(1);
    expect(it.calls.wakeAt).toEqual([Math.ceil((it.now + 60_000) / 10_000) * 10_000]);
    journal.refuses = false;
    it.now += 60_000;
    it.channel.alarm(it.now);
    expect(it.channel.head.oldest).toBe(4);
  });

  it("[RET7] an open channel that lost all its entries takes more, and a resuming reader is told what is gone", () => {
    const it = aDay();
    it.append(lines(1, 5));
    it.now += dayMs;
    it.channel.alarm(it.now);
    expect(it.channel.head).toMatchObject({ epoch: "epoch-1", oldest: 6, tail: 5 });
    it.evict();
    const peer = it.subscribe({ cursor: 2, epoch: "epoch-1" });
    expect(peer.take().slice(0, 2)).toMatchObject([
      { type: "subscribed", cursor: 5, oldest: 6, resumed: false },
      { type: "gap", from: 3, to: 5, count: 3, reason: "retention" },
    ]);
    it.append(lines(6, 6));
    expect(peer.takeLines()).toEqual([[6, "line 6"]]);
  });
});

describe("resuming from a deleted journal", () => {
  it("[RET13] one open gap covers what the new epoch has trimmed since, too; reading goes on with the oldest", () => {
    const it = aDay();
    it.append(lines(1, 5));
    it.channel.deleteJournal(it.now);
    it.append(lines(6, 8));
    it.now += dayMs - 10_000;
    it.append(lines(9, 9));
    it.now += 20_000;
    it.channel.alarm(it.now);
    expect(it.channel.head).toMatchObject({ epoch: "epoch-2", first: 6, oldest: 9, tail: 9 });
    for (const epoch of ["epoch-1", undefined]) {
      const peer = it.subscribe({ cursor: 2, ...(epoch !== undefined && { epoch }) });
      const frames = peer.take();
      expect(frames[0]).toMatchObject({ type: "subscribed", cursor: 8, oldest: 9, resumed: false });
      expect(frames.filter(({ type }) => type === "gap")).toMatchObject([
        { from: 3, to: null, count: null, reason: "epoch" },
      ]);
      expect(frames.at(-1)).toMatchObject({ type: "entries", first: 9, entries: [{ line: "line 9" }] });
    }
  });
});

describe("what becomes of an old channel", () => {
  it("[RET8] an ended one is removed after its days: its readers are told, its cursors count on", () => {
    const it = aDay();
    it.append(lines(1, 5));
    it.now += 1_000;
    it.end();
    const peer = it.subscribe();
    peer.take();
    it.calls.changed.length = 0;
    it.now += dayMs;
    trimAll(it);
    expect(it.channel.summary).toMatchObject({ epoch: null, status: "waiting", tail: 5 });
    expect(it.calls.changed).toEqual(["status"]);
    expect(peer.take()).toMatchObject([
      { type: "gap", from: 6, to: null, reason: "epoch" },
      { type: "subscribed", epoch: null, tail: 5 },
    ]);
    it.append(lines(6, 6));
    expect(it.channel.head).toMatchObject({ epoch: "epoch-2", first: 6 });
  });

  it("[RET9] a deleted one's last cursor is kept 30 days and then forgotten, unless entries came", () => {
    for (const comes of [false, true]) {
      const it = aDay();
      it.append(lines(1, 5));
      it.channel.deleteJournal(it.now);
      expect(Math.min(...it.calls.wakeAt)).toBe(1_000_000 + dayMs);
      it.evict();
      expect(it.calls.wakeAt.at(-1)).toBe(1_000_000 + lastCursorKeptMs);
      it.now += lastCursorKeptMs - 1_000;
      it.channel.alarm(it.now);
      expect(it.journal.wake()).not.toBeNull();
      if (comes) it.append(lines(6, 6));
      it.now += 1_000;
      it.channel.alarm(it.now);
      expect(it.journal.wake() === null).toBe(!comes);
      it.append(lines(6, 7));
      expect(it.channel.head.first).toBe(comes ? 6 : 1);
      expect(it.channel.head.tail).toBe(comes ? 8 : 2);
    }
  });

  it("[RET10] nothing is forgotten while somebody watches: cursors would run backwards", () => {
    const it = aDay();
    it.append(lines(1, 5));
    it.channel.deleteJournal(it.now);
    const peer = it.subscribe();
    it.now += lastCursorKeptMs;
    it.channel.alarm(it.now);
    expect(it.journal.wake()).not.toBeNull();
    it.channel.drop(peer, it.now);
    it.now += dayMs;
    it.channel.alarm(it.now);
    expect(it.journal.wake()).toBeNull();
  });
});

/** What a reader was told: the cursors it got, and the ranges it did not. */
function told(frames: readonly DownFrame[]): { got: number[]; gone: number[]; reasons: string[] } {
  const got: number[] = [];
  const gone: number[] = [];
  const reasons: string[] = [];
  for (const frame of frames) {
    if (frame.type === "entries") got.push(...range(frame.first, frame.first + frame.entries.length - 1));
    if (frame.type !== "gap") continue;
    reasons.push(frame.reason);
    expect(frame.count).toBe((frame.to ?? 0) - frame.from + 1);
    gone.push(...range(frame.from, frame.to ?? 0));
  }
  return { got, gone, reasons };
}

describe("trimming under readers", () => {
  it("[RET11] who is behind gets one exact gap when it reads on, and the rest; who is level notices nothing", () => {
    const it = aDay({ entries: 100 });
    const level = it.subscribe();
    const slow = it.subscribe({ maxWindowBytes: limits.windowMinBytes });
    const frames: DownFrame[] = [];
    for (let i = 0; i < 20; i++) {
      it.append(lines(i * 50 + 1, i * 50 + 50, 200));
      it.channel.flushDue(it.now);
      it.ack(level, (i + 1) * 50);
    }
    expect(told(level.take())).toEqual({ got: range(1, 1_000), gone: [], reasons: [] });
    frames.push(...slow.take());
    trimAll(it);
    it.evict([level, slow]);
    const last = () => told(frames).got.at(-1) ?? 0;
    for (let turns = 0; last() < 1_000; turns++) {
      expect(turns).toBeLessThan(100);
      it.ack(slow, last());
      frames.push(...slow.take());
    }
    const { got, gone, reasons } = told(frames);
    expect(reasons).toEqual(["retention"]);
    expect(gone.at(-1)).toBe(900);
    expect([...got, ...gone].toSorted((a, b) => a - b)).toEqual(range(1, 1_000));
  });

  it("[RET12] for any pace, windows, trims and evictions: delivered and gaps are the journal, windows hold", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("append" as const), count: fc.integer({ min: 1, max: 80 }) }),
      fc.record({ do: fc.constant("ack" as const), back: fc.integer({ min: 0, max: 40 }) }),
      fc.constant({ do: "trim" as const }),
      fc.constant({ do: "evict" as const }),
    );
    const story = fc.array(step, { minLength: 10, maxLength: 60 });
    const window = fc.constantFrom(8_192, 16_384, 65_536);
    fc.assert(
      fc.property(story, window, fc.integer({ min: 1, max: 60 }), (steps, maxWindowBytes, entries) => {
        const it = aDay({ entries });
        const reader = new CarefulReader(it, it.subscribe({ maxWindowBytes }), maxWindowBytes);
        let appended = 0;
        for (const each of steps) {
          if (each.do === "append") {
            it.append(lines(appended + 1, appended + each.count, 150));
            it.channel.flushDue(it.now);
            appended += each.count;
          }
          if (each.do === "ack") reader.ack(each.back);
          if (each.do === "trim") trimAll(it);
          if (each.do === "evict") it.evict([reader.peer]);
          reader.read();
        }
        for (let turns = 0; reader.at < appended && turns < 500; turns++) {
          reader.ack(0);
          reader.read();
        }
        expect(reader.at).toBe(appended);
      }),
      { numRuns: 150 },
    );
  });
});

/** Reads as a client: each cursor is delivered or in a gap, in order and once; half a window in flight at most. */
class CarefulReader {
  readonly peer: TestPeer;
  at = 0;
  readonly #channel: TestChannel;
  readonly #windowBytes: number;
  #inFlight: { readonly last: number; readonly bytes: number }[] = [];

  constructor(channel: TestChannel, peer: TestPeer, windowBytes: number) {
    this.#channel = channel;
    this.peer = peer;
    this.#windowBytes = windowBytes;
  }

  read(): void {
    for (const frame of this.peer.take()) {
      if (frame.type === "gap") {
        expect(frame).toMatchObject({ from: this.at + 1, reason: "retention" });
        this.at = frame.to ?? 0;
      }
      if (frame.type !== "entries") continue;
      expect(frame.first).toBe(this.at + 1);
      this.at = frame.first + frame.entries.length - 1;
      const bytes = frame.entries.reduce((sum, entry) => sum + JSON.stringify(entry).length, 0);
      this.#inFlight.push({ last: this.at, bytes });
    }
    const state = this.peer.reading;
    const counted = (state?.sent.offset ?? 0) - (state?.acked.offset ?? 0);
    expect(counted).toBeGreaterThanOrEqual(0);
    expect(counted).toBeLessThanOrEqual(this.#windowBytes);
    // Acks of trimmed chunks count for all of them: never for less than the client says.
    expect(counted).toBeLessThanOrEqual(this.#inFlight.reduce((sum, { bytes }) => sum + bytes, 0) * 1.1);
  }

  /** Acknowledges all but the last so many cursors. */
  ack(back: number): void {
    const cursor = Math.max(0, this.at - back);
    this.#inFlight = this.#inFlight.filter(({ last }) => last > cursor);
    this.#channel.ack(this.peer, cursor);
    expect(this.peer.texts.some((text) => text.includes("invalid_field"))).toBe(false);
  }
}

class StubbornJournal extends MemoryJournal {
  refuses = false;

  override trim(...args: Parameters<MemoryJournal["trim"]>): void {
    if (this.refuses) throw new Error("disk full");
    super.trim(...args);
  }
}
