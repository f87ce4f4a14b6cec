import { describe, expect, test } from "vitest";
import type { Dialect, Speech, SpeechParams } from "../../protocol/dialects/dialect.ts";
import { dialects } from "../../protocol/dialects/dialects.ts";
import type { EndFrame, Entry, GapFrame, SubscribedFrame, SummaryFrame } from "../../protocol/mod.ts";
import { utf8Bytes } from "../../protocol/mod.ts";

const now = 1_700_000_000_000;

function dialectOf(name: string): Dialect {
  const found = dialects.find((each) => each.name === name);
  if (found === undefined) throw new Error(`No dialect is called ${name}.`);
  return found;
}

function speechOf(name: string, params: SpeechParams): Speech {
  const speech = dialectOf(name).speak(params, () => now);
  if (!speech.ok) throw new Error(speech.problem.message);
  return speech.value;
}

function requestsOf(speech: Speech, frame: Readonly<Record<string, unknown>>) {
  const decoded = speech.decode(frame);
  return decoded.ok ? decoded.value : decoded.problem.code;
}

function log(line: string, more: object = {}): Entry {
  return { kind: "log", ts: now, level: "info", line, ...more };
}

const channel = "task/1";
const subscribed: SubscribedFrame = {
  type: "subscribed",
  channel,
  epoch: "e1",
  first: 1,
  cursor: 0,
  tail: 9,
  oldest: 1,
  ended: false,
  resumed: true,
  windowBytes: 8_192,
};
const gap: GapFrame = { type: "gap", channel, from: 4, to: 6, count: 3, reason: "rate" };
const end: EndFrame = {
  type: "end",
  channel,
  cursor: 9,
  status: "success",
  lines: 9,
  bytes: 90,
  crc32: "00000000",
};

test("[DIA9] what a path, a query or a frame asks has its bounds: ids, cursors, a frame's own id", () => {
  const wrong: readonly [string, SpeechParams, string][] = [
    ["C", {}, "missing_field"],
    ["C", { plugin_id: "a b" }, "channel_name_invalid"],
    ["C", { plugin_id: "Build/x" }, "channel_name_invalid"],
    ["C", { plugin_id: "p", cursor: "-1" }, "invalid_field"],
    ["D", {}, "missing_field"],
    ["D", { task_id: "" }, "channel_name_invalid"],
    ["D", { task_id: "t", offset: "1e3" }, "invalid_field"],
    ["D", { task_id: "t", offset: "9007199254740993" }, "invalid_field"],
    ["E", { session_id: "" }, "channel_name_invalid"],
    ["E", { cursor: "" }, "invalid_field"],
  ];
  for (const [name, params, code] of wrong) {
    const speech = dialectOf(name).speak(params, () => now);
    expect(speech.ok ? null : speech.problem.code, `${name} ${JSON.stringify(params)}`).toBe(code);
  }
  for (const { name, key = "type" } of dialects) {
    const speech = speechOf(name, { plugin_id: "p", task_id: "t" });
    const ping = { type: "ping", [key === "cmd" ? "cmd" : "type"]: "ping" };
    expect(requestsOf(speech, { ...ping, id: "x".repeat(129) }), name).toBe("invalid_field");
    expect(requestsOf(speech, { ...ping, id: "x".repeat(128), other: 1 }), name).toMatchObject([
      { kind: "answer" },
    ]);
  }
});

test.each(dialects)("[DIA25] $name says that a frame has no type, where it is absent or null", ({ name }) => {
  const speech = speechOf(name, { plugin_id: "p", task_id: "t" });
  const field = name === "E" ? "cmd" : "type";
  for (const frame of [{}, { [field]: null }]) {
    const decoded = speech.decode(frame);
    expect(decoded.ok ? null : decoded.problem).toMatchObject({
      code: "unknown_frame",
      message: expect.stringContaining(`The frame has no ${field}. Allowed: `),
    });
  }
});

describe("dialect C's filter", () => {
  function passing(frame: Readonly<Record<string, unknown>>): number[] {
    const speech = speechOf("C", { plugin_id: "p" });
    expect(requestsOf(speech, { type: "filter", ...frame })).toEqual([]);
    const reading = speech.read("p", "plugin/p");
    const entries: Entry[] = [
      log("Plain"),
      log("bad", { level: "error" }),
      { kind: "event", ts: now, event: "plain", data: { Deep: 1 } },
    ];
    return entries.flatMap((entry, i) => (reading.encode(entry, i + 1) === null ? [] : [i + 1]));
  }

  test.each([
    [{}, [1, 2, 3]],
    [{ level: null, search: null }, [1, 2, 3]],
    [{ level: "", search: "" }, [1, 2, 3]],
    [{ level: "ERROR" }, [2]],
    [{ level: "error, Info" }, [1, 2, 3]],
    [{ level: "info" }, [1, 3]],
    [{ search: "PLAIN" }, [1, 3]],
    [{ search: '{"deep"' }, [3]],
    [{ level: "warn", search: "plain" }, []],
  ])("[DIA10] %j lets through %j; an event is a line of level info", (frame, expected) => {
    expect(passing(frame)).toEqual(expected);
  });

  test.each([
    { level: "loud" },
    { level: "info," },
    { level: ["info"] },
    { level: 5 },
    { search: 5 },
    { search: "x".repeat(257) },
  ])("[DIA11] %j is refused and changes nothing", (frame) => {
    const speech = speechOf("C", { plugin_id: "p" });
    requestsOf(speech, { type: "filter", level: "error" });
    expect(requestsOf(speech, { type: "filter", ...frame })).toBe("invalid_field");
    expect(speech.read("p", "plugin/p").encode(log("a"), 1)).toBeNull();
  });
});

describe("dialect D's progress", () => {
  interface Message {
    readonly progress: number | null;
    readonly step: string | null;
    readonly offset: number;
  }

  function readingOf(frame: Partial<SubscribedFrame>, summary: Partial<SummaryFrame> = {}) {
    const reading = speechOf("D", { task_id: "1" }).read("1", channel);
    reading.subscribed?.({ ...subscribed, ...frame });
    const whole = { stages: [], viewers: 1, agents: 0, status: "running", channel } as const;
    reading.summary?.({ type: "summary", ...whole, ...summary });
    const say = (entry: Entry, cursor: number): Message => {
      const [text = ""] = reading.frames([reading.encode(entry, cursor)?.part]);
      return JSON.parse(text) as Message;
    };
    return { reading, say };
  }

  test("[DIA12] is carried on from the beginning, also over a gap and a lost leg", () => {
    const { reading, say } = readingOf({}, { progress: 90, step: "late" });
    expect(say(log("a"), 1)).toMatchObject({ progress: 0, step: null });
    expect(say(log("b", { progress: 30, step: "unpack" }), 2)).toMatchObject({
      progress: 30,
      step: "unpack",
    });
    expect(say(log("c", { step: "link" }), 3)).toMatchObject({ progress: 30, step: "link" });
    const [missing = ""] = reading.gap(gap);
    expect(JSON.parse(missing)).toMatchObject({ level: "WARN", progress: 30, step: "link", offset: 6 });
    reading.subscribed?.({ ...subscribed, cursor: 6 });
    reading.summary?.({
      type: "summary",
      channel,
      status: "running",
      stages: [],
      viewers: 1,
      agents: 0,
      progress: 90,
    });
    expect(say(log("d"), 7)).toMatchObject({ progress: 30, step: "link" });
  });

  test("[DIA13] is the summary's for who comes back to the newest line, and unknown before that", () => {
    expect(readingOf({ cursor: 9 }, { progress: 70, step: "s" }).say(log("a"), 10)).toMatchObject({
      progress: 70,
      step: "s",
    });
    expect(readingOf({ cursor: 9 }).say(log("a"), 10)).toMatchObject({ progress: 0 });
    expect(readingOf({ cursor: 5 }, { progress: 70 }).say(log("a"), 6)).toMatchObject({ progress: null });
    // Later summaries tell who is there, and nothing of progress.
    const { reading, say } = readingOf({ cursor: 5 });
    reading.summary?.({ type: "summary", channel, status: "running", viewers: 2, agents: 0, progress: 99 });
    expect(say(log("a"), 6)).toMatchObject({ progress: null });
  });

  test("[DIA14] begins anew with the next journal", () => {
    const { reading, say } = readingOf({});
    say(log("a", { progress: 60 }), 1);
    reading.subscribed?.({ ...subscribed, epoch: null, first: 10, cursor: 9, tail: 9 });
    reading.subscribed?.({ ...subscribed, epoch: "e2", first: 10, cursor: 9, tail: 9 });
    expect(say(log("b"), 10)).toMatchObject({ progress: 0 });
  });

  test("[DIA15] is 100 in the last message of a success, and as it was in any other", () => {
    const { reading, say } = readingOf({});
    say(log("a", { progress: 60 }), 1);
    const told = (status: EndFrame["status"]) => {
      const { frames, close } = reading.end({ ...end, status });
      expect(close).toBe(1000);
      return JSON.parse(frames[0] ?? "") as unknown;
    };
    expect(told("success")).toMatchObject({ level: "SUCCESS", progress: 100, offset: 9 });
    for (const status of ["failure", "cancelled", "expired"] as const) {
      expect(told(status)).toMatchObject({ level: "ERROR", progress: 60, offset: 9 });
    }
  });
});

describe("dialect E's session", () => {
  const subscribe = (id: string, name = `session/${id}`) => ({
    kind: "subscribe",
    id,
    channel: name,
    start: { last: 0 },
  });

  test("[DIA16] is the address's, else the first command's, else session/default; a ping names none", () => {
    const byAddress = speechOf("E", { session_id: "s1" });
    expect(byAddress.opening).toEqual([subscribe("s1")]);
    expect(requestsOf(byAddress, { cmd: "start_session", data: null, id: "c1" })).toEqual([
      {
        kind: "command",
        id: "s1",
        channel: "session/s1",
        command: { id: "c1", name: "start_session", data: {} },
      },
    ]);
    const byCommand = speechOf("E", {});
    expect(byCommand.opening).toEqual([]);
    expect(requestsOf(byCommand, { cmd: "ping" })).toEqual([
      { kind: "answer", frame: '{"event":"pong","data":{}}' },
    ]);
    const data = { session_id: "project/p", text: "hi" };
    const command = { name: "user_input", data };
    expect(requestsOf(byCommand, { cmd: "user_input", data })).toEqual([
      subscribe("project/p", "project/p"),
      { kind: "command", id: "project/p", channel: "project/p", command },
    ]);
    expect(requestsOf(byCommand, { cmd: "pause_session" })).toMatchObject([{ channel: "project/p" }]);
    expect(requestsOf(speechOf("E", {}), { cmd: "pause_session" })).toMatchObject([
      subscribe("default"),
      { kind: "command", channel: "session/default" },
    ]);
  });

  test("[DIA17] is one for a socket's life, and a wrong one fixes nothing", () => {
    const speech = speechOf("E", {});
    expect(requestsOf(speech, { cmd: "user_input", data: { session_id: 5 } })).toBe("channel_name_invalid");
    expect(requestsOf(speech, { cmd: "explode", data: { session_id: "s1" } })).toBe("unknown_frame");
    expect(requestsOf(speech, { cmd: "user_input", data: { session_id: "s1" } })).toHaveLength(2);
    expect(requestsOf(speech, { cmd: "user_input", data: { session_id: "session/s1" } })).toHaveLength(1);
    expect(requestsOf(speech, { cmd: "user_input", data: { session_id: "s2" } })).toBe("invalid_field");
  });

  test("[DIA18] joins token texts that leave together: all of the text, the last cursor, one node", () => {
    const reading = speechOf("E", {}).read("s", "session/s");
    const token = (text: string, nodeId?: string, more = {}): Entry => ({
      kind: "event",
      ts: now,
      event: "token_stream",
      data: { text, ...more },
      ...(nodeId !== undefined && { nodeId }),
    });
    const pieces = [token("\ud83d", "n"), token("\ude00 a", "n")].map((each, i) =>
      reading.encode(each, i + 1),
    );
    expect(new Set(pieces.map((piece) => piece?.run)).size).toBe(1);
    const [joined = "", ...more] = reading.frames(pieces.map((piece) => piece?.part));
    expect(more).toEqual([]);
    expect(JSON.parse(joined)).toMatchObject({ data: { text: "😀 a" }, node_id: "n", cursor: 2 });
    const runs = [token("a"), token("a", "m"), token("a", "m", { model: "x" }), log("a")].map(
      (each) => reading.encode(each, 3)?.run,
    );
    expect(new Set([...runs.slice(0, 2), pieces[0]?.run]).size).toBe(3);
    expect(runs.slice(2)).toEqual([null, null]);
  });

  test("[DIA24] is completed once: at its end, unless the engine's own word of it was sent", () => {
    const reading = speechOf("E", {}).read("s", "session/s");
    const word = reading.encode({ kind: "event", ts: now, event: "execution:completed", data: {} }, 1);
    // It was dropped for the client's rate: read, and not sent.
    expect(reading.end(end).frames.map((text) => JSON.parse(text))).toEqual([
      { event: "execution:completed", data: {}, cursor: 9 },
    ]);
    reading.frames([word?.part]);
    expect(reading.end(end).frames).toEqual([]);
  });

  test("[DIA19] is told of a command that nobody took, and of no other state", () => {
    const reading = speechOf("E", {}).read("s", "session/s");
    const reply = { type: "reply", channel: "session/s", id: "c1" } as const;
    for (const state of ["accepted", "delivered", "answered"] as const) {
      expect(reading.reply?.({ ...reply, state })).toEqual([]);
    }
    expect(reading.reply?.({ ...reply, state: "expired" }).map((text) => JSON.parse(text))).toEqual([
      { event: "error", data: { error: expect.stringContaining("c1"), code: "expired", id: "c1" } },
    ]);
    // A connection to the channel that is made anew brings it again.
    expect(reading.reply?.({ ...reply, state: "expired" })).toEqual([]);
    expect(reading.reply?.({ ...reply, id: "c2", state: "expired" })).toHaveLength(1);
  });

  test("[DIA26] a command has its frame's own id, a number as text; one that is empty or neither is absent", () => {
    const idOf = (id: unknown) => {
      const requests = requestsOf(speechOf("E", { session_id: "s" }), { cmd: "user_input", id });
      return typeof requests === "string"
        ? requests
        : requests.map((each) => "command" in each && each.command.id);
    };
    expect(idOf("m-1")).toEqual(["m-1"]);
    expect(idOf(7)).toEqual(["7"]);
    for (const id of ["", null, undefined, { a: 1 }]) expect(idOf(id)).toEqual([undefined]);
    expect(idOf("x".repeat(129))).toBe("invalid_field");
  });
});

test("[DIA20] what a part counts for is what it adds to its frame, or a little more", () => {
  const entries: Entry[] = [
    log("plain \ud800 😀 \u0000", { stage: "s", progress: 5, step: "half", fields: { a: [1] } }),
    log("", {}),
    { kind: "event", ts: now, event: "e", data: { deep: ["ü"] }, nodeId: "n" },
    { kind: "event", ts: now, event: "token_stream", data: { text: "ü\n" }, nodeId: "n" },
  ];
  for (const { name } of dialects) {
    const reading = speechOf(name, { plugin_id: "p", task_id: "t" }).read("x", "build/x");
    reading.level?.();
    for (const [i, entry] of entries.entries()) {
      const piece = reading.encode(entry, i + 1);
      if (piece === null) continue;
      const frames = reading.frames([piece.part]);
      const bytes = frames.reduce((sum, text) => sum + utf8Bytes(text), 0);
      expect(bytes, name).toBeGreaterThan(0);
      expect(Math.abs(piece.bytes - bytes), `${name}: ${frames}`).toBeLessThan(200);
    }
  }
});
