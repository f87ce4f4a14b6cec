import { describe, expect, test } from "vitest";
import { type Entry, type LogEntry, limits } from "../../protocol/mod.ts";
import { AnsiStripper } from "../../worker/core/ansi_stripper.ts";
import { backoffMs } from "../../worker/core/backoff.ts";
import type { ChannelHead, Page, PageRequest } from "../../worker/core/contract.ts";
import { compileSelection } from "../../worker/core/entry_test.ts";
import { entryWriter } from "../../worker/core/export_text.ts";
import { FilteredReader } from "../../worker/core/filtered_reader.ts";
import { checkRetained, HistoryScan } from "../../worker/core/history.ts";
import { compilePattern } from "../../worker/core/search_pattern.ts";
import { Silence } from "../../worker/core/silence.ts";

function log(line: string, more: Partial<LogEntry> = {}): LogEntry {
  return { kind: "log", ts: 1, level: "info", line, ...more };
}

/** A journal that answers in pages of `size` entries, from `oldest`. */
function journal(tail: number, size: number, oldest = 1) {
  const head: ChannelHead = { channel: "build/1", epoch: "e", first: 1, tail, oldest, ended: false };
  const pageOf = (first: number, last: number): Page => {
    const entries = Array.from({ length: last - first + 1 }, (_, i) => log(`line ${first + i}`));
    return { head, first, last, text: entries.map((entry) => JSON.stringify(entry)).join(",") };
  };
  const read = (request: PageRequest): Page | null => {
    const at = "after" in request ? request.after + 1 : request.before - 1;
    if (at < oldest || at > tail) return null;
    // Pages are cut at the journal's own borders, so that they begin before what is asked for.
    const first = Math.max(oldest, at - ((at - 1) % size));
    return pageOf(first, Math.min(tail, first + size - 1));
  };
  return { head, read };
}

function scanAll(scan: HistoryScan, { head, read }: ReturnType<typeof journal>) {
  let reads = 0;
  for (let next = scan.nextRead; next !== null; next = scan.nextRead) {
    scan.take({ head, page: read(next) });
    reads += 1;
    if (reads > 1_000) throw new Error("The scan does not end");
  }
  return scan.result;
}

const everything = () => true;

describe("a page of history", () => {
  test.each([
    [1, 10],
    [7, 10],
    [10, 3],
    [100, 7],
  ])("[HIS1] limits of %i over pages of %i give each entry once, both ways", (limit, size) => {
    const stored = journal(53, size, 4);
    const all = Array.from({ length: 50 }, (_, i) => i + 4);
    const forwards: number[] = [];
    for (let after: number | null = 3; after !== null; ) {
      const request = { after, limit, countsOnly: false };
      const page = scanAll(new HistoryScan(request, stored.head, everything), stored);
      forwards.push(...page.entries.map(({ cursor }) => cursor));
      after = page.next;
    }
    expect(forwards).toEqual(all);
    const backwards: number[] = [];
    for (let before: number | null = 54; before !== null; ) {
      const request = { before, limit, countsOnly: false };
      const page = scanAll(new HistoryScan(request, stored.head, everything), stored);
      backwards.unshift(...page.entries.map(({ cursor }) => cursor));
      before = page.next;
    }
    expect(backwards).toEqual(all);
  });

  test("[HIS2] counts without a limit, and ends where nothing matches", () => {
    const stored = journal(30, 4);
    const matches = (entry: Entry) => entry.kind === "log" && entry.line.endsWith("0");
    const counted = new HistoryScan({ limit: 1, countsOnly: true }, stored.head, matches);
    expect(scanAll(counted, stored)).toEqual({ entries: [], count: 3, next: null });
    const none = new HistoryScan({ limit: 5, countsOnly: false }, stored.head, () => false);
    expect(scanAll(none, stored)).toEqual({ entries: [], count: 0, next: null });
  });

  test("[HIS3] is short where much is scanned, and says how to go on", () => {
    const large = JSON.stringify(log("x".repeat(65_000)));
    const head = journal(1_000, 1).head;
    const scan = new HistoryScan({ limit: 5, countsOnly: false }, head, () => false);
    let reads = 0;
    for (let next = scan.nextRead; next !== null; next = scan.nextRead) {
      reads += 1;
      scan.take({ head, page: { head, first: reads, last: reads, text: large } });
    }
    expect(reads).toBe(Math.ceil(limits.historyScanBytes / large.length));
    expect(scan.result.next).toBe(reads);
  });

  test("[HIS4] is refused from before the oldest", () => {
    const { head } = journal(53, 10, 4);
    expect(checkRetained(head, 3)).toMatchObject({ ok: true });
    expect(checkRetained(head, 2)).toMatchObject({
      ok: false,
      problem: { code: "cursor_trimmed", oldest: 4 },
    });
    expect(checkRetained(head, 0)).toMatchObject({ ok: false });
    expect(checkRetained({ ...head, first: 4 }, 0)).toMatchObject({ ok: true });
    expect(checkRetained({ ...head, first: 4 }, 1)).toMatchObject({ ok: false });
  });
});

test("[HIS5] stops where entries were trimmed while it read, and leaves none out silently", () => {
  const [before, after] = [journal(53, 10), journal(53, 10, 31)];
  const scan = new HistoryScan({ after: 5, limit: 1_000, countsOnly: false }, before.head, everything);
  for (const { head, read } of [before, after]) {
    const request = scan.nextRead;
    if (request !== null) scan.take({ head, page: read(request) });
  }
  expect(scan.nextRead).toBeNull();
  expect(scan.result.entries.map(({ cursor }) => cursor)).toEqual([6, 7, 8, 9, 10]);
  expect(scan.result.next).toBe(10);
  expect(checkRetained(after.head, 10)).toMatchObject({ ok: false, problem: { code: "cursor_trimmed" } });
});

describe("a search", () => {
  const finds = (search: string, options: object, text: string) => {
    const compiled = compilePattern(search, options);
    if (!compiled.ok) throw new Error(compiled.problem.message);
    return compiled.value(text);
  };

  test("[SEA1] is literal unless asked otherwise", () => {
    expect(finds("a.c", {}, "xA.Cx")).toBe(true);
    expect(finds("a.c", {}, "abc")).toBe(false);
    expect(finds("a.c", { isCaseSensitive: true }, "A.C")).toBe(false);
    expect(finds("a.c", { isWholeWord: true }, "see a.c here")).toBe(true);
    expect(finds("fail", { isWholeWord: true }, "failure")).toBe(false);
    expect(finds("a.c", { isRegex: true }, "ABC")).toBe(true);
    expect(finds("^\\d+ (?:ok|failed)$", { isRegex: true }, "12 failed")).toBe(true);
    expect(finds("b", { isRegex: true, isWholeWord: true }, "a b c")).toBe(true);
  });

  test("[SEA3] a selection by level or stage leaves events out", () => {
    const event: Entry = { kind: "event", ts: 5, event: "deploy", data: { to: "Prod" } };
    const test = (selection: object, entry: Entry) => {
      const compiled = compileSelection(selection);
      return compiled.ok && compiled.value(entry);
    };
    expect(test({}, event)).toBe(true);
    expect(test({ search: "prod" }, event)).toBe(true);
    expect(test({ levels: ["info"] }, event)).toBe(false);
    expect(test({ stage: "a" }, log("x", { stage: "a" }))).toBe(true);
    expect(test({ since: 2 }, log("x"))).toBe(false);
    expect(test({ until: 1 }, log("x"))).toBe(true);
  });
});

describe("an export", () => {
  test("[EXP1] joins the parts of a split line, and ends one whose rest was filtered out", () => {
    const write = entryWriter("text");
    const parts = [
      write(log("a", { more: true }), 1),
      write(log("b"), 2),
      write(log("c", { more: true }), 3),
      write(log("d"), 5),
    ];
    expect(parts.join("")).toBe("ab\nc\nd\n");
  });

  test.each([
    ["colour \x1b[1;38;2;1;2;3mx\x1b[m", "colour x"],
    ["link \x1b]8;;http://a\x1b\\x\x1b]8;;\x07", "link x"],
    ["two \x1b(B \x1b7 \x1bM", "two   "],
    ["private \x1b[?25l\x1b[2K", "private "],
    ["cut \x1b[31", "cut "],
    ["no escape \r back", "no escape \r back"],
  ])("[EXP2] plain text of %j", (line, plain) => {
    expect(new AnsiStripper().strip(line, false)).toBe(plain);
  });

  test("[EXP3] an escape across the parts of a line is taken out whole", () => {
    const stripper = new AnsiStripper();
    expect(stripper.strip("a\x1b[3", true) + stripper.strip("1mb\x1b[0m", false)).toBe("ab");
  });
});

describe("a filtered reading", () => {
  const frameOf = (first: number, lines: string[]) => {
    const frame = {
      type: "entries" as const,
      channel: "build/1",
      first,
      entries: lines.map((line) => log(line)),
    };
    return [JSON.stringify(frame), frame] as const;
  };
  const passes = (entry: Entry) => entry.kind === "log" && entry.line.startsWith("+");

  test("[FIL1] sends contiguous runs, and what was skipped at the end of a page", () => {
    const reader = new FilteredReader("build/1", passes, 100_000);
    const { frames } = reader.read(...frameOf(5, ["-", "+a", "+b", "-", "+c"]));
    expect(frames.map((text) => JSON.parse(text))).toMatchObject([
      { type: "entries", first: 6, entries: [{ line: "+a" }, { line: "+b" }] },
      { type: "entries", first: 9, entries: [{ line: "+c" }] },
    ]);
    const skipped = reader.read(...frameOf(10, ["-", "-"]));
    expect(skipped.frames.map((text) => JSON.parse(text))).toEqual([
      { type: "skipped", channel: "build/1", to: 11 },
    ]);
  });

  test("[FIL2] acknowledges what is hidden by itself, and waits for the client's ack of what is not", () => {
    const reader = new FilteredReader("build/1", passes, 8_192);
    const hidden = reader.read(...frameOf(1, ["-".repeat(5_000)]));
    expect(hidden.ackTo).toBe(1);
    const shown = reader.read(...frameOf(2, [`+${"x".repeat(5_000)}`]));
    expect(shown.ackTo).toBeNull();
    expect(reader.read(...frameOf(3, ["-".repeat(5_000)])).ackTo).toBeNull();
    expect(reader.ack(1)).toMatchObject({ value: { ackTo: null } });
    expect(reader.ack(2)).toMatchObject({ value: { ackTo: 3 } });
    expect(reader.ack(2)).toMatchObject({ value: { ackTo: null } });
  });

  test("[FIL3] acknowledges at once when its window changes", () => {
    const reader = new FilteredReader("build/1", passes, 8_192);
    expect(reader.resize(4_096).ackTo).toBeNull();
    reader.read(...frameOf(1, ["-"]));
    expect(reader.resize(16_384).ackTo).toBe(1);
  });

  test("[FIL5] acknowledges for a changed window as soon as the client's acks let it", () => {
    const reader = new FilteredReader("build/1", passes, 8_192);
    expect(reader.read(...frameOf(1, [`+${"x".repeat(5_000)}`])).ackTo).toBeNull();
    expect(reader.resize(9_000).ackTo).toBeNull();
    reader.ack(0);
    expect(reader.resize(100_000).ackTo).toBe(1);
    expect(reader.read(...frameOf(2, [`+${"x".repeat(8_000)}`])).ackTo).toBeNull();
    expect(reader.resize(12_000).ackTo).toBeNull();
    expect(reader.resize(20_000).ackTo).toBeNull();
    expect(reader.ack(2)).toMatchObject({ value: { ackTo: 2 } });
    expect(reader.ack(2)).toMatchObject({ value: { ackTo: null } });
  });

  test("[FIL4] refuses an ack past what the client was told of, which changes nothing", () => {
    const reader = new FilteredReader("build/1", passes, 8_192);
    reader.goOnAfter(0);
    expect(reader.ack(1)).toMatchObject({ problem: { code: "invalid_field", expected: 0 } });
    reader.read(...frameOf(1, [`+${"x".repeat(5_000)}`, "-"]));
    const refused = { problem: { code: "invalid_field", expected: 2, received: 99_999_999 } };
    expect(reader.ack(99_999_999)).toMatchObject(refused);
    expect(reader.ack(2)).toMatchObject({ value: { ackTo: 2 } });
    reader.goOnAfter(9);
    expect(reader.ack(9)).toMatchObject({ ok: true });
  });
});

test("[LEG1] legs are opened again ever less often, within bounds", () => {
  const waits = [0, 1, 2, 3, 10].map((attempt) => [backoffMs(attempt, 0), backoffMs(attempt, 0.999_999)]);
  expect(waits).toEqual([
    [125, 250],
    [250, 500],
    [500, 1_000],
    [1_000, 2_000],
    [5_000, 10_000],
  ]);
});

test("[LEG3] a client that pinged counts as silent after three of its longest intervals, 90 s at least", () => {
  const silence = new Silence(3_600_000, 0);
  expect(silence.due).toEqual({ at: 3_600_000, kind: "idle" });
  silence.pinged(2_000);
  expect(silence.due).toEqual({ at: 92_000, kind: "stale" });
  silence.pinged(62_000);
  expect(silence.due.at).toBe(62_000 + 180_000);
  silence.pinged(63_000);
  silence.heard(70_000);
  silence.sent(80_000);
  expect(silence.due).toEqual({ at: 70_000 + 180_000, kind: "stale" });
  const slow = new Silence(3_600_000, 0);
  slow.pinged(200_000);
  expect(slow.due.at).toBe(800_000);
});

test("[LEG4] any client counts as idle when nothing was sent either way for the timeout", () => {
  const silence = new Silence(600_000, 0);
  expect(silence.due).toEqual({ at: 600_000, kind: "idle" });
  silence.heard(1_000);
  expect(silence.due).toEqual({ at: 601_000, kind: "idle" });
  silence.sent(5_000);
  expect(silence.due).toEqual({ at: 605_000, kind: "idle" });
  // Three of its intervals would be longer than the timeout.
  silence.pinged(300_000);
  expect(silence.due).toEqual({ at: 900_000, kind: "idle" });
});
