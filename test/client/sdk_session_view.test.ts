import { describe, expect, it } from "vitest";
import {
  emptySession,
  routeSession,
  type SessionView,
  sessionBounds,
} from "../../client/sdk/session_view.ts";
import { decodeSessionFrame } from "../../protocol/dialects/e_decode.ts";
import type { SessionEventFrame } from "../../protocol/dialects/e_frames.ts";

/** [SVW] what a workflow session's events come to. */

let nextCursor = 1;
const timestamp = "2026-11-20T10:00:00.000Z";

/** An event of the journal, at the next cursor. */
function event(
  name: string,
  data: SessionEventFrame["data"],
  more: Partial<SessionEventFrame> = {},
): SessionEventFrame {
  return { event: name, data, timestamp, cursor: nextCursor++, ...more };
}

function viewAfter(
  frames: readonly object[],
  before: SessionView = emptySession,
  bounds = sessionBounds,
): SessionView {
  return frames.reduce((view: SessionView, frame) => {
    const read = decodeSessionFrame(JSON.stringify(frame));
    if (!read.ok) throw new Error(read.problem.message);
    return routeSession(view, read.value, bounds);
  }, before);
}

const token = (text: string, node_id = "a") => event("token_stream", { text }, { node_id });
const node = (id: string, status: string, error?: string) =>
  event("node_state_change", { status, ...(error !== undefined && { error }) }, { node_id: id });

const work = {
  token: () => token("x"),
  nodeRuns: () => node("a", "running"),
  nodeRests: () => node("a", "completed"),
  parallel: () => event("node:parallel_start", { nodes: ["a", "b"] }),
  usage: () => event("token_usage", { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }),
  paused: () => event("execution:paused", {}),
  completed: () => event("execution:completed", {}),
  error: () => event("error", { error: "broken" }),
  nodeError: () => event("error", { error: "broken" }, { node_id: "a" }),
  refusal: () => ({ event: "error", data: { error: "no", code: "unknown_frame" } }),
  log: () => event("log", { level: "info", stage: "", line: "x" }),
  own: () => event("custom", "any"),
};

/** The execution's status after each event, by the status before it. */
const statuses = {
  idle: [],
  running: [work.nodeRuns],
  paused: [work.nodeRuns, work.paused],
  completed: [work.nodeRuns, work.completed],
  failed: [work.nodeRuns, work.error],
} as const;
const runs = {
  idle: "running",
  running: "running",
  paused: "running",
  completed: "running",
  failed: "running",
};
const same = { idle: "idle", running: "running", paused: "paused", completed: "completed", failed: "failed" };
const all = (status: string) => ({
  ...{ idle: status, running: status, paused: status, completed: status, failed: status },
});
const table: Record<keyof typeof work, Record<keyof typeof statuses, string>> = {
  token: runs,
  nodeRuns: runs,
  nodeRests: same,
  parallel: runs,
  usage: same,
  paused: all("paused"),
  completed: all("completed"),
  error: all("failed"),
  nodeError: same,
  refusal: same,
  log: same,
  own: same,
};

describe.each(Object.keys(work) as (keyof typeof work)[])("[SVW1] the execution after %s", (name) => {
  it.each(Object.keys(statuses) as (keyof typeof statuses)[])("was %s", (before) => {
    const view = viewAfter(statuses[before].map((make) => make()));
    expect(view.status).toBe(before);
    expect(viewAfter([work[name]()], view).status).toBe(table[name][before]);
  });
});

describe("a session's view", () => {
  it("[SVW2] gathers tokens in order, and takes none in twice", () => {
    const frames = [token("Hel"), token("lo"), token(" you", "b")];
    const view = viewAfter(frames);
    expect(view.text).toBe("Hello you");
    expect(viewAfter(frames, view)).toBe(view);
    expect(view.cursor).toBe(frames[2]?.cursor);
  });

  it("[SVW3] keeps the newest text, whole characters, and says how much went", () => {
    const bounds = { ...sessionBounds, textChars: 8 };
    const view = viewAfter([token("ab🚀cdef"), token("ghi")], emptySession, bounds);
    expect(view).toMatchObject({ text: "defghi", droppedChars: 5 });
    const split = viewAfter([token("ab🚀"), token("cdefg")], emptySession, bounds);
    expect(split).toMatchObject({ text: "\ufffdcdefg", droppedChars: 3 });
    const long = viewAfter([token("x".repeat(1_000))], emptySession, bounds);
    expect(long).toMatchObject({ text: "xxxxxx", droppedChars: 994 });
  });

  it("[SVW4] nodes: active in parallel, resting, failed by an error of theirs", () => {
    let view = viewAfter([event("node:parallel_start", { nodes: ["plan", "write"] })]);
    expect(view.activeNodes).toEqual(["plan", "write"]);
    view = viewAfter([node("plan", "completed"), node("check", "thinking")], view);
    expect(view.activeNodes).toEqual(["write", "check"]);
    view = viewAfter([event("error", { error: "no model", code: "m1" }, { node_id: "write" })], view);
    expect(view.nodes.get("write")).toEqual({
      id: "write",
      status: "failed",
      error: "no model",
      isActive: false,
    });
    expect([view.activeNodes, view.status]).toEqual([["check"], "running"]);
    expect(view.errors).toEqual([{ error: "no model", code: "m1", nodeId: "write" }]);
    view = viewAfter([work.completed()], view);
    expect([view.activeNodes, view.nodes.get("check")?.status]).toEqual([[], "thinking"]);
  });

  it("[SVW5] the node is node_id, else data.node_id", () => {
    const view = viewAfter([
      event("node_state_change", { status: "running", node_id: "inner" }, { node_id: "outer" }),
      event("node_state_change", { status: "running", node_id: "inner" }),
      event("node_state_change", { status: "running" }),
      event("error", { error: "e", node_id: "third" }),
    ]);
    expect([...view.nodes.keys()]).toEqual(["outer", "inner", "third"]);
  });

  it("[SVW6] usage is what was said last", () => {
    const view = viewAfter([
      work.usage(),
      event("token_usage", { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 }),
    ]);
    expect(view.usage).toEqual({ prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 });
  });

  it("[SVW7] nodes and errors are bounded: the oldest go", () => {
    const bounds = { ...sessionBounds, nodes: 2, errors: 2 };
    const frames = ["a", "b", "c"].map((id) => event("error", { error: id }, { node_id: id }));
    const view = viewAfter(frames, emptySession, bounds);
    expect([...view.nodes.keys()]).toEqual(["b", "c"]);
    expect(view.errors.map(({ error }) => error)).toEqual(["b", "c"]);
  });

  it("[SVW11] long ids, statuses and errors are cut", () => {
    const bounds = { ...sessionBounds, detailChars: 4 };
    const long = "abcdefgh";
    const frames = [
      event("node:parallel_start", { nodes: [long] }),
      node(long, long, long),
      event("error", { error: long, code: long }, { node_id: long }),
    ];
    const [first, second] = frames.map((_, i) => viewAfter(frames.slice(0, i + 1), emptySession, bounds));
    expect(first?.activeNodes).toEqual(["abcd"]);
    expect([...(second?.nodes.values() ?? [])]).toEqual([
      { id: "abcd", status: "abcd", error: "abcd", isActive: true },
    ]);
    expect(viewAfter(frames, emptySession, bounds).errors).toEqual([
      { error: "abcd", code: "abcd", nodeId: "abcd" },
    ]);
  });

  it("[SVW8] the journal's end is told again to whoever comes back, and changes nothing then", () => {
    const { cursor } = token("");
    const end = {
      event: "error",
      data: { error: "The session has ended: failure.", code: "session_failure" },
    };
    const before = viewAfter([{ ...token("x"), cursor }]);
    const view = viewAfter([{ ...end, cursor }], before);
    expect(view).toMatchObject({ status: "failed", cursor, errors: [{ code: "session_failure" }] });
    expect(viewAfter([{ ...end, cursor }], view)).toBe(view);
    const completed = { event: "execution:completed", data: {}, cursor };
    const done = viewAfter([completed], before);
    expect(done.status).toBe("completed");
    expect(viewAfter([completed], done)).toBe(done);
  });
});

describe("reading a frame", () => {
  it.each([
    ["no JSON", "nonsense", "The frame is not JSON: it begins with"],
    ["a list", "[]", "The frame is []"],
    ["type in place of event", '{"type":"token_stream","data":{"text":"x"}}', "with event: undefined"],
    ["no data", '{"event":"token_stream"}', "with data: undefined"],
    ["a text that is none", '{"event":"token_stream","data":{"text":1}}', "data with text: 1"],
    ["nodes that are none", '{"event":"node:parallel_start","data":{"nodes":[1]}}', "data with nodes: [1]"],
    ["a negative cursor", '{"event":"x","data":1,"cursor":-1}', "with cursor: -1"],
  ])("[SVW9] %s is refused in a sentence", (_, text, sentence) => {
    const read = decodeSessionFrame(text);
    expect(read.ok ? "" : read.problem.message).toContain(sentence);
  });

  it("[SVW10] further fields, null and events of the engine's own are let through", () => {
    const frame = {
      event: "node_state_change",
      data: { status: "running", error: null, attempt: 2 },
      node_id: null,
    };
    expect(decodeSessionFrame(JSON.stringify(frame))).toEqual({ ok: true, value: { kind: "known", frame } });
    const own = { event: "toString", data: null };
    expect(decodeSessionFrame(JSON.stringify(own))).toEqual({
      ok: true,
      value: { kind: "other", frame: own },
    });
  });
});
