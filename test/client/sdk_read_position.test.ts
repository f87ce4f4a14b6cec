import { describe, expect, it } from "vitest";
import { ReadPosition } from "../../client/sdk/read_position.ts";
import { encodeSavedRead, parseSavedRead } from "../../client/sdk/saved_read.ts";
import {
  crc32Hex,
  type EndFrame,
  type EntriesFrame,
  type GapReason,
  type LogEntry,
  type SubscribedFrame,
  TextSummer,
} from "../../protocol/mod.ts";

const channel = "build/1";

function line(cursor: number): LogEntry {
  return { kind: "log", ts: cursor, level: "info", line: `line ${cursor} é` };
}

function entries(first: number, last: number): EntriesFrame {
  const list = Array.from({ length: last - first + 1 }, (_, index) => line(first + index));
  return { type: "entries", channel, first, entries: list };
}

function gap(from: number, to: number | null, reason: GapReason = "retention") {
  const count = to === null ? null : to - from + 1;
  return { type: "gap", channel, from, to, count, reason } as const;
}

function subscribed(change: Partial<SubscribedFrame> = {}): SubscribedFrame {
  return {
    type: "subscribed",
    channel,
    epoch: "A",
    first: 1,
    cursor: 0,
    tail: 10,
    oldest: 1,
    ended: false,
    resumed: false,
    windowBytes: 65_536,
    ...change,
  };
}

function endOf(first: number, last: number): EndFrame {
  const summer = new TextSummer();
  for (let cursor = first; cursor <= last; cursor++) summer.add(line(cursor));
  const { lines, bytes, crc } = summer.sum;
  return { type: "end", channel, cursor: last, status: "success", lines, bytes, crc32: crc32Hex(crc) };
}

/** A reader that has begun at the oldest. */
function begun(change: Partial<SubscribedFrame> = {}, isFiltered = false): ReadPosition {
  const position = new ReadPosition(null, isFiltered);
  position.subscribed(subscribed(change));
  return position;
}

const known = { kind: "known" };

describe("reading in order, each entry once", () => {
  it("[POS1] drops what it has: pages may begin at or below the cursor", () => {
    const position = begun();
    expect(position.entries(entries(1, 4))).toMatchObject({ kind: "deliver", value: { first: 1 } });
    expect(position.entries(entries(2, 4))).toEqual(known);
    expect(position.entries(entries(3, 6))).toEqual({
      kind: "deliver",
      value: { first: 5, entries: [line(5), line(6)] },
    });
    expect(position.cursor).toBe(6);
  });

  it("[POS2] finds the hole that nobody announced, before entries, gaps and the end", () => {
    const position = begun();
    position.entries(entries(1, 4));
    expect(position.entries(entries(6, 7))).toEqual({ kind: "hole", expected: 5, found: 6 });
    expect(position.gap(gap(6, 7))).toEqual({ kind: "hole", expected: 5, found: 6 });
    expect(position.end(endOf(1, 5))).toEqual({ kind: "hole", expected: 5, found: 6 });
    expect(position.cursor).toBe(4);
  });

  it("[POS3] goes on after a gap, and tells only the part of it that is new", () => {
    const position = begun();
    position.entries(entries(1, 4));
    expect(position.gap(gap(3, 6))).toEqual({ kind: "deliver", value: gap(5, 6) });
    expect(position.gap(gap(5, 6))).toEqual(known);
    expect(position.entries(entries(7, 8))).toMatchObject({ kind: "deliver", value: { first: 7 } });
  });

  it("[POS4] keeps its own cursor when the same epoch is taken up again", () => {
    const position = begun();
    position.entries(entries(1, 4));
    position.subscribed(subscribed({ cursor: 4, resumed: true }));
    expect(position.entries(entries(3, 6))).toMatchObject({ kind: "deliver", value: { first: 5 } });
  });

  it("[POS5] after a live deletion goes on where the new epoch begins", () => {
    const position = begun();
    position.entries(entries(1, 4));
    expect(position.gap(gap(5, null, "epoch")).kind).toBe("deliver");
    expect(position.epoch).toBeNull();
    position.subscribed(subscribed({ epoch: "B", first: 5, cursor: 4, oldest: 5 }));
    position.entries(entries(5, 9));
    expect(position.end(endOf(5, 9))).toEqual({ kind: "deliver", value: { state: "verified" } });
  });

  it("[POS6] after a deletion while away reads on from the oldest, even below the cursor it had", () => {
    const position = new ReadPosition({ cursor: 50, epoch: "A", sum: { lines: 50, bytes: 50, crc: 1 } });
    position.subscribed(subscribed({ epoch: "B", first: 1, cursor: 50, oldest: 1 }));
    position.gap(gap(51, null, "epoch"));
    expect(position.cursor).toBe(0);
    position.entries(entries(1, 3));
    expect(position.end(endOf(1, 3))).toEqual({ kind: "deliver", value: { state: "verified" } });
  });

  it("[POS7] called away by another journal, keeps its place until the gap is told", () => {
    const position = begun();
    position.entries(entries(1, 5));
    position.subscribed(subscribed({ epoch: "B", first: 11, cursor: 10, oldest: 11, tail: 12 }));
    // The connection may break here: the next one must be told that 6 and on are gone.
    expect(position.saved).toMatchObject({ cursor: 5, epoch: "A" });
    expect(position.gap(gap(6, null, "epoch"))).toMatchObject({ kind: "deliver" });
    expect(position.saved).toMatchObject({ cursor: 10, epoch: "B" });
  });

  it("[POS8] without an epoch of its own, is told what was trimmed while it was away", () => {
    const position = new ReadPosition({
      cursor: 5,
      epoch: null,
      sum: null,
      lack: { code: "filtered", reason: "" },
    });
    position.subscribed(subscribed({ cursor: 8, oldest: 9 }));
    expect(position.gap(gap(6, 8))).toMatchObject({ kind: "deliver", value: { from: 6, to: 8, count: 3 } });
    expect(position.entries(entries(9, 10))).toMatchObject({ kind: "deliver", value: { first: 9 } });
    expect(position.saved).toMatchObject({ cursor: 10, epoch: "A" });
  });
});

describe("the proof of the end", () => {
  function proofOf(position: ReadPosition, end = endOf(1, 10)): unknown {
    const step = position.end(end);
    return step.kind === "deliver" ? step.value : step;
  }

  it("[PRF1] verified: the whole text from its first line, whatever the frames", () => {
    const position = begun();
    position.entries(entries(1, 3));
    position.subscribed(subscribed({ cursor: 3, resumed: true }));
    position.entries(entries(2, 10));
    expect(proofOf(position)).toEqual({ state: "verified" });
  });

  it("[PRF2] verified across processes: the sum is kept beside the cursor", () => {
    const position = begun();
    position.entries(entries(1, 6));
    const text = encodeSavedRead(position.saved ?? expect.fail("nothing to save"));
    const next = new ReadPosition(parseSavedRead(text));
    next.subscribed(subscribed({ cursor: 6, resumed: true }));
    next.entries(entries(5, 10));
    expect(proofOf(next)).toEqual({ state: "verified" });
  });

  it("[PRF3] mismatch: everything was read and the text is another", () => {
    const position = begun();
    position.entries(entries(1, 10));
    const end = { ...endOf(1, 10), crc32: "00000000" };
    expect(proofOf(position, end)).toMatchObject({ state: "mismatch", expected: { crc: 0, lines: 10 } });
  });

  it("[PRF4] incomplete, with the reason: a gap, a late beginning, a filter, a bare cursor, a redaction", () => {
    const gapped = begun();
    gapped.gap(gap(1, 4));
    gapped.entries(entries(5, 10));
    expect(proofOf(gapped)).toEqual({
      state: "incomplete",
      code: "not_delivered",
      reason: "Cursors 1 to 4 were not delivered (retention).",
    });

    const late = begun({ cursor: 7 });
    late.entries(entries(8, 10));
    expect(proofOf(late)).toEqual({
      state: "incomplete",
      code: "began_late",
      reason: "Reading began after cursor 7, and the channel begins at 1.",
    });

    const filtered = begun({}, true);
    filtered.entries(entries(3, 4));
    filtered.skipped({ type: "skipped", channel, to: 10 });
    expect(proofOf(filtered)).toEqual({
      state: "incomplete",
      code: "filtered",
      reason: "A filter chose what was read.",
    });

    const bare = new ReadPosition({
      cursor: 5,
      epoch: "A",
      sum: null,
      lack: { code: "resumed_bare", reason: "Resumed." },
    });
    bare.subscribed(subscribed({ cursor: 5, resumed: true }));
    bare.entries(entries(6, 10));
    expect(proofOf(bare)).toEqual({ state: "incomplete", code: "resumed_bare", reason: "Resumed." });

    const redacted = begun();
    redacted.entries(entries(1, 10));
    redacted.redact({ type: "redact", channel, from: 4, to: 5 });
    expect(proofOf(redacted, { ...endOf(1, 10), crc32: "00000000" })).toEqual({
      state: "incomplete",
      code: "redacted",
      reason: "Complete, redacted: cursors 4 to 5 were changed after they were read.",
    });
  });

  it("[PRF5] a redaction of what was not read yet changes nothing", () => {
    const position = begun();
    position.entries(entries(1, 3));
    position.redact({ type: "redact", channel, from: 4, to: 5 });
    position.entries(entries(4, 10));
    expect(proofOf(position)).toEqual({ state: "verified" });
  });

  it("[PRF6] takes up no stored place that it did not write", () => {
    for (const text of [
      "",
      "{}",
      "[]",
      "null",
      '{"cursor":1,"epoch":null,"sum":null,"lack":{"code":"x","reason":"x"}}',
    ]) {
      expect(parseSavedRead(text)).toBeNull();
    }
    expect(parseSavedRead('{"cursor":3,"epoch":"A","sum":{"lines":1}}')).toBeNull();
  });
});
