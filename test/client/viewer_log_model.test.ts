import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EndProof, LogListener } from "../../client/sdk/mod.ts";
import type { LogSource } from "../../client/viewer/adapter.ts";
import { parseLine } from "../../client/viewer/ansi/line.ts";
import { piecesOf } from "../../client/viewer/ansi/pieces.ts";
import { attribute } from "../../client/viewer/ansi/style.ts";
import { connectionName } from "../../client/viewer/components/connection_name.ts";
import { stageState } from "../../client/viewer/components/stage_state.ts";
import { chunkRows, noStage } from "../../client/viewer/models/line_chunk.ts";
import { LineStore } from "../../client/viewer/models/line_store.ts";
import { LogBuffer } from "../../client/viewer/models/log_buffer.ts";
import { LogModel } from "../../client/viewer/models/log_model.ts";
import { keywordPattern } from "../../client/viewer/rows/matches.ts";
import type { EndFrame, LogEntry, Status, SubscribedFrame } from "../../protocol/mod.ts";

const channel = "build/1";

function line(text: string, rest: Partial<LogEntry> = {}): LogEntry {
  return { kind: "log", ts: 1_000, level: "info", line: text, ...rest };
}

function subscribed(rest: Partial<SubscribedFrame> = {}): SubscribedFrame {
  return {
    type: "subscribed",
    channel,
    epoch: "e1",
    first: 1,
    cursor: 0,
    tail: 0,
    oldest: 1,
    ended: false,
    resumed: false,
    windowBytes: 49_152,
    ...rest,
  };
}

const end: EndFrame = {
  type: "end",
  channel,
  cursor: 3,
  status: "failure",
  lines: 3,
  bytes: 30,
  crc32: "00000000",
};

/** A model whose channel and frames are moved by hand. */
function open(limit?: number): { model: LogModel; tell: LogListener; frame: () => boolean } {
  let tell: LogListener = {};
  let due: (() => void) | null = null;
  const source: LogSource = {
    open(_channel, listener) {
      tell = listener;
      return { close: () => {}, reconnect: () => {} };
    },
  };
  const nextFrame = (callback: () => void): (() => void) => {
    due = callback;
    return () => {
      due = null;
    };
  };
  const model = new LogModel(channel, source, nextFrame, new LogBuffer(limit));
  model.view.resize(400);
  const frame = (): boolean => {
    const callback = due;
    due = null;
    callback?.();
    return callback !== null;
  };
  return { model, tell, frame };
}

function texts(model: LogModel): string[] {
  const { layout } = model.view;
  return Array.from({ length: layout.count }, (_, index) => {
    const row = layout.at(index);
    if (row === null || row.kind === "dropped") return row?.kind ?? "nothing";
    if (row.kind === "stage") return `# ${model.buffer.stageName(row.stage)}`;
    return model.buffer.store.kind(row.row) === "gap" ? "gap" : model.buffer.store.text(row.row);
  });
}

describe("[LST1] line store", () => {
  test("gives back what was put in, across chunks, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "binary", maxLength: 6 }), { minLength: 1, maxLength: 9 }),
        (some) => {
          const store = new LineStore();
          const rows = Array.from({ length: chunkRows + 50 }, (_, at) => some[at % some.length] ?? "");
          for (const [at, text] of rows.entries()) {
            store.append({
              kind: "line",
              cursor: at * 2 + 1,
              ts: at,
              level: "warn",
              stage: at % 3,
              more: at % 7 === 0,
              text,
              style: 5,
            });
          }
          for (const [at, text] of rows.entries()) expect(store.text(at)).toBe(text);
          expect(store.read(chunkRows)).toEqual({
            kind: "line",
            cursor: chunkRows * 2 + 1,
            ts: chunkRows,
            level: "warn",
            stage: chunkRows % 3,
            more: chunkRows % 7 === 0,
            text: rows[chunkRows],
            style: 5,
          });
          expect(store.rowOfCursor(1)).toBe(0);
          expect(store.rowOfCursor(2)).toBe(1);
          expect(store.rowOfCursor(2 * chunkRows + 1)).toBe(chunkRows);
          expect(store.rowOfCursor(1e9)).toBe(store.end);
          expect(store.read(store.end)).toBeNull();
        },
      ),
      { numRuns: 10 },
    );
  });

  test("past its limit the oldest chunk goes, and the numbers of the others stay", () => {
    const { model, tell, frame } = open(2 * chunkRows);
    const entries = Array.from({ length: 3 * chunkRows }, (_, at) => line(`line ${at + 1}`));
    tell.onEntries?.(1, entries);
    frame();
    const { store } = model.buffer;
    expect(store.base).toBe(chunkRows);
    expect(store.lines).toBe(2 * chunkRows);
    expect(store.text(chunkRows)).toBe(`line ${chunkRows + 1}`);
    expect(store.text(0)).toBe("");
    expect(store.rowOfCursor(1)).toBe(chunkRows);
    expect(texts(model)[0]).toBe("dropped");
    expect(texts(model).at(-1)).toBe(`line ${3 * chunkRows}`);
  });
});

describe("[LOG1] what arrives is taken in once a frame", () => {
  test("in the order it came, gaps between", () => {
    const { model, tell, frame } = open();
    const { version } = model.view;
    tell.onSubscribed?.(subscribed());
    tell.onEntries?.(1, [line("a"), line("b")]);
    tell.onGap?.({ type: "gap", channel, from: 3, to: 7, count: 5, reason: "rate" });
    tell.onEntries?.(8, [line("c")]);
    expect(model.buffer.store.end).toBe(0);
    const before = version.value;
    expect(frame()).toBe(true);
    expect(version.value).toBe(before + 1);
    expect(texts(model)).toEqual(["a", "b", "gap", "c"]);
    expect(model.buffer.gapAt(2)).toMatchObject({ from: 3, to: 7, count: 5, reason: "rate" });
    expect(frame()).toBe(false);
  });

  test("without a frame too when 5,000 entries wait", () => {
    const { model, tell } = open();
    for (let at = 0; at < 5; at++) tell.onEntries?.(at * 1_000 + 1, Array<LogEntry>(1_000).fill(line("x")));
    expect(model.buffer.store.end).toBe(5_000);
  });

  test("a closed model takes nothing in any more", () => {
    const { model, tell, frame } = open();
    tell.onEntries?.(1, [line("a")]);
    model.close();
    frame();
    expect(model.buffer.store.end).toBe(0);
  });

  test("events are rows, and redacted lines lose their text", () => {
    const { model, tell, frame } = open();
    tell.onEntries?.(1, [
      line("secret one"),
      { kind: "event", ts: 1, event: "deployed", data: { to: "prod" } },
      line("kept"),
    ]);
    tell.onRedact?.({ type: "redact", channel, from: 1, to: 2 });
    frame();
    expect(texts(model)).toEqual(["", "", "kept"]);
    expect(model.buffer.store.kind(0)).toBe("redacted");
    expect(model.buffer.store.lines).toBe(1);
    expect(model.facts.isRedacted.value).toBe(true);
  });
});

describe("[LOG2] stages fold", () => {
  test("heads, folds and gaps that no fold hides", () => {
    const { model, tell, frame } = open();
    tell.onEntries?.(1, [line("a"), line("b", { stage: "one" }), line("c", { stage: "one" })]);
    tell.onGap?.({ type: "gap", channel, from: 4, to: 4, count: 1, reason: "slow" });
    tell.onEntries?.(5, [line("d", { stage: "one", level: "error" }), line("e", { stage: "two" })]);
    frame();
    expect(texts(model)).toEqual(["a", "# one", "b", "c", "gap", "# one", "d", "# two", "e"]);
    const one = model.buffer.stageNumber("one");
    model.view.setFolded([one], true);
    expect(texts(model)).toEqual(["a", "# one", "gap", "# one", "# two", "e"]);
    expect(model.buffer.tallyOf(one)).toEqual({ errors: 1, fatals: 0, warnings: 0 });
  });

  test("going to a folded stage opens it, and leaves the others folded", () => {
    const { model, tell, frame } = open();
    const stages = ["one", "two", "three"];
    tell.onEntries?.(
      1,
      stages.flatMap((stage) => Array<LogEntry>(100).fill(line(stage, { stage }))),
    );
    frame();
    model.view.setFolded(
      stages.map((stage) => model.buffer.stageNumber(stage)),
      true,
    );
    expect(texts(model)).toEqual(["# one", "# two", "# three"]);
    model.view.goToStage(101);
    expect(texts(model)).toEqual(["# one", "# two", ...Array<string>(100).fill("two"), "# three"]);
    expect(model.view.position.top).toBe(20);
    expect(model.view.following.value).toBe(false);
  });

  test("a link to a line in a folded stage opens it", () => {
    const { model, tell, frame } = open();
    tell.onEntries?.(1, [line("a", { stage: "one" }), line("b", { stage: "one" })]);
    frame();
    model.view.setFolded([model.buffer.stageNumber("one")], true);
    model.view.goTo(2);
    expect(texts(model)).toEqual(["# one", "a", "b"]);
    expect(model.view.target.value).toBe(2);
  });

  test("a link to a line that has not come yet is followed when it comes", () => {
    const { model, tell, frame } = open();
    model.view.goTo(300);
    for (let first = 1; first <= 501; first += 100) {
      tell.onEntries?.(
        first,
        Array.from({ length: 100 }, (_, at) => line(`line ${first + at}`)),
      );
      frame();
    }
    const { top } = model.view.position;
    expect(top).toBeGreaterThanOrEqual(280 * 20);
    expect(top).toBeLessThan(300 * 20);
    expect(model.view.following.value).toBe(false);
  });
});

describe("[LOG3] a keyword shows the lines that hold it", () => {
  test("literally, whatever the case, in the text as shown, as lines come", () => {
    const { model, tell, frame } = open();
    tell.onEntries?.(1, [
      line("A.B here"),
      line("axb"),
      line("a\x1b[31m.b\x1b[0m coloured"),
      line("a.b\r---"),
      line("\x1b]0;a.b\x07title"),
    ]);
    tell.onGap?.({ type: "gap", channel, from: 6, to: 6, count: 1, reason: "slow" });
    frame();
    model.setKeyword("a.b");
    expect(texts(model)).toEqual(["A.B here", "a\x1b[31m.b\x1b[0m coloured", "gap"]);
    expect(model.view.matched).toBe(2);
    tell.onEntries?.(7, [line("no"), line("A.b again")]);
    frame();
    expect(model.view.matched).toBe(3);
    expect(model.buffer.store.lines).toBe(7);
    model.setKeyword("");
    expect(model.view.matched).toBeNull();
    expect(texts(model)).toHaveLength(8);
  });

  test("a long log is searched in steps of a frame", () => {
    const { model, tell, frame } = open();
    for (let at = 0; at < 50; at++) {
      tell.onEntries?.(at * 2_000 + 1, Array<LogEntry>(2_000).fill(line(at % 2 === 0 ? "even" : "odd")));
      frame();
    }
    model.setKeyword("odd");
    expect(model.view.isSearching).toBe(true);
    let frames = 0;
    while (frame()) frames += 1;
    expect(frames).toBeGreaterThan(1);
    expect(model.view.isSearching).toBe(false);
    expect(model.view.matched).toBe(50_000);
  });

  test("who takes the keyword off again is where it was put on", () => {
    const { model, tell, frame } = open();
    const some = Array.from({ length: 60_000 }, (_, at) => line(at % 10 === 0 ? "tenth" : "other"));
    tell.onEntries?.(1, some);
    frame();
    model.view.scrolled(40_000 * 20 + 5);
    const { top } = model.view.position;
    model.setKeyword("tenth");
    while (frame());
    expect(Math.floor(model.view.position.top / 20)).toBe(4_000);
    model.setKeyword("");
    expect(model.view.position.top).toBe(top);
  });

  test("rows that the store drops leave the matches", () => {
    const { model, tell, frame } = open(2 * chunkRows);
    model.setKeyword("line");
    for (let at = 0; at < 3; at++) {
      tell.onEntries?.(at * chunkRows + 1, Array<LogEntry>(chunkRows).fill(line("line")));
      frame();
    }
    expect(model.view.matched).toBe(2 * chunkRows);
    expect(texts(model)[0]).toBe("dropped");
  });

  test("matches are marked, also over a change of colour", () => {
    const { runs } = parseLine("xx a\x1b[1mb\x1b[0mab");
    const pieces = piecesOf(runs, keywordPattern("AB"));
    expect(pieces.map(({ text, isMatch }) => [text, isMatch])).toEqual([
      ["xx ", false],
      ["a", true],
      ["b", true],
      ["ab", true],
    ]);
    expect(pieces[2]?.style.attributes).toBe(attribute.bold);
    expect(pieces.map((piece) => piece.text).join("")).toBe("xx abab");
  });
});

describe("[LOG4] lines that come while the reader is elsewhere", () => {
  test("are counted with their errors until the end is followed again", () => {
    const { model, tell, frame } = open();
    tell.onEntries?.(1, Array<LogEntry>(100).fill(line("x")));
    frame();
    expect(model.view.following.value).toBe(true);
    model.view.scrolled(0);
    tell.onEntries?.(101, [line("y"), line("z", { level: "error" }), line("part", { more: true })]);
    frame();
    expect(model.view.unseen.value).toEqual({ lines: 2, errors: 1 });
    model.view.follow();
    expect(model.view.unseen.value).toEqual({ lines: 0, errors: 0 });
    expect(model.view.following.value).toBe(true);
  });

  test("a channel that has ended opens at its first line", () => {
    const { model, tell, frame } = open();
    tell.onSubscribed?.(subscribed({ ended: true, tail: 500 }));
    tell.onEntries?.(1, Array<LogEntry>(500).fill(line("x")));
    frame();
    expect(model.view.position.top).toBe(0);
    expect(model.view.following.value).toBe(false);
  });
});

describe("[LOG5] facts", () => {
  test("the gateway's summary counts up to its tail, and later lines here", () => {
    const { model, tell, frame } = open();
    const levels = { trace: 0, debug: 0, info: 2, success: 0, warn: 0, error: 0, fatal: 0 };
    const stages = [{ name: "one", first: 1, lines: 2, startedAt: 1_000 }];
    tell.onSubscribed?.(subscribed({ tail: 2 }));
    tell.onSummary?.({ type: "summary", channel, status: "running", stages, levels, viewers: 3, agents: 0 });
    tell.onEntries?.(1, [line("a", { stage: "one" }), line("b", { stage: "one" })]);
    tell.onEntries?.(3, [line("c", { stage: "one", ts: 2_000 }), line("d", { stage: "two", ts: 3_000 })]);
    frame();
    expect(model.facts.summary.value.stages).toEqual([
      { name: "one", first: 1, lines: 3, startedAt: 1_000, endedAt: 3_000 },
      { name: "two", first: 4, lines: 1, startedAt: 3_000 },
    ]);
    expect(model.facts.summary.value.levels.info).toBe(4);
    expect(model.facts.viewers.value).toBe(3);
    tell.onEnd?.(end, { state: "verified" });
    frame();
    expect(model.facts.status.value).toBe("failure");
    expect(model.facts.end.value?.proof).toEqual({ state: "verified" });
  });

  test("a style goes on within a stage, and not into the next", () => {
    const { model, tell, frame } = open();
    tell.onEntries?.(1, [
      line("\x1b[31mred", { stage: "one" }),
      line("still red", { stage: "one" }),
      line("plain", { stage: "two" }),
    ]);
    frame();
    const styleAt = (row: number): number =>
      model.buffer.styleOf(model.buffer.store.read(row)?.style ?? 0).foreground;
    expect([styleAt(0), styleAt(1), styleAt(2)]).toEqual([0, 2, 0]);
  });

  test("stages past the limit share one head", () => {
    const buffer = new LogBuffer();
    for (let at = 0; at < 1_200; at++) buffer.add(line("x", { stage: `stage ${at}` }), at + 1);
    expect(buffer.stageName(buffer.sections.stageOf(999))).toBe("stage 999");
    expect(buffer.stageName(buffer.sections.stageOf(1_100))).toBe("…");
    expect(buffer.sections.stageOf(1_100)).not.toBe(noStage);
  });
});

describe("[LOG6] marks that say how it went", () => {
  /** The marks of a build's stages, in the order in which they began. */
  function marks(entries: readonly LogEntry[], status: Status): string[] {
    const { model, tell, frame } = open();
    tell.onSubscribed?.(subscribed());
    tell.onEntries?.(1, entries);
    if (status !== "running" && status !== "waiting") tell.onEnd?.({ ...end, status }, { state: "verified" });
    frame();
    const { stages } = model.facts.summary.value;
    return stages.map((stage) => stageState(stage, model.facts.status.value, model.buffer).name);
  }
  const at = (ts: number, stage: string | null, level: LogEntry["level"] = "info") =>
    line("x", { ts, level, ...(stage !== null && { stage }) });

  test("the stage that ran last failed, though others began after it", () => {
    const entries = [at(1, "build"), at(2, "test"), at(3, "build", "error")];
    expect(marks(entries, "failure")).toEqual(["failed", "done"]);
    expect(marks(entries, "success")).toEqual(["done", "done"]);
    expect(marks(entries, "running")).toEqual(["running", "done"]);
  });

  test("so it did when lines of no stage came after it, and when all happened within a millisecond", () => {
    expect(marks([at(1, "build"), at(2, "test"), at(3, null, "error")], "failure")).toEqual([
      "done",
      "failed",
    ]);
    expect(marks([at(1, "build"), at(1, "test"), at(1, null)], "failure")).toEqual(["done", "failed"]);
  });

  test("one that was passed and said something fatal does not look well", () => {
    const entries = [at(1, "build", "fatal"), at(2, "test", "error"), at(3, "pack")];
    expect(marks(entries, "failure")).toEqual(["flawed", "done", "failed"]);
    expect(marks(entries, "success")).toEqual(["flawed", "done", "done"]);
  });

  test("an end is complete only where it was verified, or redacted on purpose", () => {
    const sum = { lines: 1, bytes: 2, crc: 3 };
    const name = (proof: EndProof, isRedacted = false) =>
      connectionName({ name: "ready", isPinged: false, refusal: null }, { frame: end, proof }, isRedacted);
    const incomplete = { state: "incomplete", code: "not_delivered", reason: "A gap." } as const;
    expect(name({ state: "verified" })).toBe("complete");
    expect(name({ state: "mismatch", expected: sum, found: sum })).toBe("mismatch");
    expect(name({ state: "mismatch", expected: sum, found: sum }, true)).toBe("mismatch");
    expect(name(incomplete)).toBe("ended");
    expect(name(incomplete, true)).toBe("complete");
    expect(connectionName({ name: "idle" }, null, false)).toBe("idle");
  });
});
