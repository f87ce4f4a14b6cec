import { describe, expect, test } from "vitest";
import type { AgentRequest, AgentSpeech } from "../../protocol/dialects/agent_dialect.ts";
import { agentDialects } from "../../protocol/dialects/agent_dialects.ts";
import { bMessageTypes } from "../../protocol/dialects/b_envelope.ts";
import {
  type CommandDownFrame,
  decodeEntry,
  type Entry,
  limits,
  type SummaryFrame,
} from "../../protocol/mod.ts";

const now = 1_700_000_000_000;
const timestamp = "2023-11-14T22:13:20.000Z";
const channel = "project/p1";
const name = "socket-1";

function speechOf(subject = "agents"): AgentSpeech {
  const dialect = agentDialects.find((each) => each.name === "B");
  if (dialect === undefined) throw new Error("No agents speak B.");
  expect(dialect.key).toBe("projectGuid");
  return dialect.speak({ name, subject, now: () => now });
}

type Sent = Readonly<Record<string, unknown>>;

function asked(speech: AgentSpeech, frame: Sent): readonly AgentRequest[] {
  const decoded = speech.decode(frame);
  if (!decoded.ok) throw new Error(decoded.problem.message);
  return decoded.value;
}

function told(frames: readonly string[]): Sent[] {
  return frames.map((text) => JSON.parse(text) as Sent);
}

function feedback(cursor: number, id = `f-${cursor}`, of = channel): CommandDownFrame {
  const data = { text: id };
  return { type: "command", channel: of, cursor, id, name: "user_feedback", data, from: "ada", ts: now };
}

const summary = (more: Partial<SummaryFrame> = {}): SummaryFrame => ({
  ...{ type: "summary", channel, status: "running", viewers: 3, agents: 1 },
  ...more,
});
const whole = {
  stages: [],
  levels: { info: 2 } as SummaryFrame["levels"],
  progress: 40,
} as Partial<SummaryFrame>;

const ping = { type: "ping", projectGuid: "p1" };
const respond = (data: object, projectGuid = "p1") => ({ type: "user_feedback_response", projectGuid, data });
const ack = (cursor: number, of = channel) => ({ kind: "ack", channel: of, cursor });
const kinds = (requests: readonly AgentRequest[]) => requests.map(({ kind }) => kind);

describe("what B's agents send", () => {
  test("[BAG1] they join and leave, by id or by a channel's whole name", () => {
    const speech = speechOf();
    const ids = [
      ["p1", channel],
      ["build/4711", "build/4711"],
    ] as const;
    for (const [id, of] of ids) {
      for (const data of [undefined, null, { more: 1 }]) {
        expect(asked(speech, { type: "join_project", projectGuid: id, data })).toEqual([
          { kind: "join", id, channel: of },
        ]);
      }
      expect(asked(speech, { type: "leave_project", projectGuid: id })).toEqual([
        { kind: "leave", id, channel: of },
      ]);
    }
  });

  test("[BAG2] each of the five messages is published as an event of its name, from whose token it is", () => {
    const speech = speechOf("engine");
    const marks = bMessageTypes.map((type) => {
      const requests = asked(speech, { type, projectGuid: "p1", data: { a: 1 }, timestamp: "ever", id: "m" });
      const [publish, ...more] = requests;
      expect(more).toEqual([]);
      if (publish?.kind !== "publish") throw new Error(`${type} is not published.`);
      const [entry] = publish.entries;
      expect(publish).toEqual({ kind: "publish", id: "p1", channel, entries: [entry] });
      expect(entry).toEqual({
        kind: "event",
        event: type,
        data: { a: 1 },
        from: "engine",
        id: expect.any(String),
      });
      expect(decodeEntry(entry, { ts: now, level: "info" }, "The entry").ok).toBe(true);
      return entry?.kind === "event" ? entry.id : undefined;
    });
    expect(new Set(marks).size).toBe(bMessageTypes.length);
    expect(asked(speech, { type: "agent_message", projectGuid: "p1", data: null })).toMatchObject([
      { entries: [{ data: {} }] },
    ]);
    const long = asked(speechOf("x".repeat(500)), { type: "agent_message", projectGuid: "p1" });
    expect(long).toMatchObject([{ entries: [{ from: "x".repeat(limits.nameChars) }] }]);
  });

  test.each([
    [{ type: "user_feedback", projectGuid: "p1" }, "unknown_frame", { id: "p1" }],
    [{ type: "project_update", projectGuid: "p1" }, "unknown_frame", { id: "p1" }],
    [{ projectGuid: "p1" }, "unknown_frame", { id: "p1" }],
    [{ type: "join_project" }, "missing_field", {}],
    [{ type: "join_project", projectGuid: "*" }, "channel_name_invalid", {}],
    [{ type: "agent_message", projectGuid: null, data: {} }, "missing_field", {}],
    [{ type: "agent_message", projectGuid: "p1", data: "text" }, "invalid_field", { id: "p1" }],
    [{ type: "agent_message", projectGuid: "p1", id: "x".repeat(129) }, "invalid_field", { id: "p1" }],
  ])("[BAG3] %j is refused with %s, and acknowledges nothing", (frame, code, about) => {
    const speech = speechOf();
    speech.hear("p1", feedback(1));
    expect(speech.decode(frame)).toMatchObject({ ok: false, problem: { code } });
    expect(speech.about(frame)).toEqual(about);
    expect(asked(speech, ping)).toMatchObject([ack(1), { kind: "tell" }]);
  });

  test("[BAG4] content is theirs to choose: a page's markup is published as it is", () => {
    const data = { html: "<script>alert(1)</script>", text: "\u202e\u0007" };
    expect(asked(speechOf(), { type: "agent_message", projectGuid: "p1", data })).toMatchObject([
      { entries: [{ data }] },
    ]);
  });
});

describe("feedback to B's agents", () => {
  test("[BAG5] has its own id, its sender and what was sent; a command of another name is named", () => {
    const speech = speechOf();
    expect(told(speech.hear("p1", feedback(1)))).toEqual([
      { type: "user_feedback", projectGuid: "p1", data: { text: "f-1" }, timestamp, id: "f-1", from: "ada" },
    ]);
    expect(told(speech.hear("p1", { ...feedback(2), name: "pause", data: { now: true } }))).toMatchObject([
      { type: "user_feedback", data: { command: "pause", data: { now: true } }, id: "f-2" },
    ]);
  });

  test("[BAG6] is acknowledged by whatever comes next, in every project, and once", () => {
    const speech = speechOf();
    const other = "project/p2";
    for (const frame of [feedback(1), feedback(2)]) speech.hear("p1", frame);
    speech.hear("p2", feedback(7, "x", other));
    const joins = { type: "join_project", projectGuid: "p3" };
    expect(asked(speech, joins)).toMatchObject([ack(2), ack(7, other), { kind: "join" }]);
    expect(kinds(asked(speech, ping))).toEqual(["tell"]);
    speech.hear("p1", feedback(3));
    expect(asked(speech, { type: "leave_project", projectGuid: "p1" })).toMatchObject([
      ack(3),
      { kind: "leave" },
    ]);
    expect(kinds(asked(speech, ping))).toEqual(["tell"]);
  });

  test("[BAG7] a response is published, and is the last answer to what it names, else to the oldest open one", () => {
    const speech = speechOf();
    for (const cursor of [1, 2, 3]) speech.hear("p1", feedback(cursor));
    const answer = (cursor: number, data: object) => ({
      ...{ kind: "answer", id: "p1", channel, command: `f-${cursor}`, cursor, final: true },
      data: { ...data, published: true },
    });
    const published = (data: object) => ({ kind: "publish", channel, entries: [{ data }] });
    const second = { feedbackId: "f-2", text: "b" };
    expect(asked(speech, respond(second))).toMatchObject([ack(3), published(second), answer(2, second)]);
    const first = { text: "a", feedbackId: "f-1" };
    expect(asked(speech, respond({ text: "a" }))).toMatchObject([published(first), answer(1, first)]);
    const third = { text: "c", feedbackId: "f-3" };
    expect(asked(speech, respond({ text: "c" }))).toMatchObject([published(third), answer(3, third)]);
    // None is open: it is a message alone. So is a second response to one.
    expect(asked(speech, respond({ text: "d" }))).toMatchObject([published({ text: "d" })]);
    expect(kinds(asked(speech, respond(second)))).toEqual(["publish"]);
    // An earlier socket was told this one.
    const earlier = { feedbackId: "f-0", text: "e" };
    const [message, answered] = asked(speech, respond(earlier));
    expect(message).toMatchObject(published(earlier));
    const { cursor: _, ...unnumbered } = answer(0, earlier);
    expect(answered).toEqual(unnumbered);
    expect(kinds(asked(speech, respond(earlier, "p9")))).toEqual(["publish", "answer"]);
    expect(kinds(asked(speech, respond({ text: "f" }, "p9")))).toEqual(["publish"]);
  });

  test("[BAG8] of two senders that chose one id the older is answered first", () => {
    const speech = speechOf();
    for (const cursor of [4, 5]) speech.hear("p1", feedback(cursor, "1"));
    for (const cursor of [4, 5]) {
      const answer = asked(speech, respond({ feedbackId: 1 })).find(({ kind }) => kind === "answer");
      expect(answer).toMatchObject({ command: "1", cursor });
    }
  });

  test("[BAG14] an id that can be of no feedback answers none; an empty one is absent", () => {
    const speech = speechOf();
    for (const cursor of [1, 2]) speech.hear("p1", feedback(cursor));
    for (const feedbackId of ["x".repeat(129), { f: 1 }, true]) {
      const said = asked(speech, respond({ feedbackId })).filter(({ kind }) => kind !== "ack");
      expect(said).toMatchObject([{ kind: "publish", entries: [{ data: { feedbackId } }] }]);
    }
    for (const [feedbackId, command] of [
      [null, "f-1"],
      ["", "f-2"],
    ] as const) {
      const answer = { kind: "answer", command, data: { feedbackId: command } };
      expect(asked(speech, respond({ feedbackId }))).toMatchObject([{ kind: "publish" }, answer]);
    }
  });

  test("[BAG9] comes once a socket; what a lost connection left unacknowledged is acknowledged again", () => {
    const speech = speechOf();
    expect(speech.hear("p1", feedback(1))).toHaveLength(1);
    expect(speech.hear("p1", feedback(2))).toHaveLength(1);
    expect(speech.hear("p1", feedback(1))).toEqual([]);
    expect(asked(speech, ping)).toMatchObject([ack(2), { kind: "tell" }]);
    // The acknowledgement did not arrive: both come again.
    for (const cursor of [1, 2]) expect(speech.hear("p1", feedback(cursor))).toEqual([]);
    expect(asked(speech, ping)).toMatchObject([ack(2), { kind: "tell" }]);
    expect(kinds(asked(speech, ping))).toEqual(["tell"]);
  });

  test("[BAG10] what an agent never answers is remembered up to as many as a channel keeps open", () => {
    const speech = speechOf();
    for (let cursor = 1; cursor <= limits.openCommands + 1; cursor++) speech.hear("p1", feedback(cursor));
    expect(asked(speech, respond({}))).toMatchObject([{}, {}, { kind: "answer", command: "f-2" }]);
  });
});

describe("what B's agents are told of a project", () => {
  test("[BAG11] its state on joining, and each later change; nothing twice", () => {
    const speech = speechOf();
    const state = { status: "running", agents: 1, stages: [], levels: { info: 2 }, progress: 40 };
    expect(told(speech.hear("p1", summary(whole)))).toEqual([
      { type: "project_status_sync", projectGuid: "p1", data: state, timestamp, id: expect.any(String) },
    ]);
    expect(speech.hear("p1", summary())).toEqual([]);
    expect(speech.hear("p1", summary({ viewers: 9 }))).toEqual([]);
    expect(speech.hear("p1", summary(whole))).toEqual([]);
    const data = (frames: readonly string[]) => told(frames).map((frame) => frame["data"]);
    expect(data(speech.hear("p1", summary({ agents: 2 })))).toEqual([{ status: "running", agents: 2 }]);
    expect(data(speech.hear("p1", summary({ agents: 2, status: "success" })))).toEqual([
      { status: "success", agents: 2 },
    ]);
    const later = { ...whole, progress: 60, agents: 2, status: "success" } as const;
    expect(data(speech.hear("p1", summary(later)))).toEqual([{ ...state, ...later }]);
    // Left and joined again, it is told again.
    asked(speech, { type: "leave_project", projectGuid: "p1" });
    expect(speech.hear("p1", summary(later))).toHaveLength(1);
  });

  test("[BAG12] what others publish, and nothing of its own", () => {
    const speech = speechOf();
    const reading = speech.read("p1", channel);
    const [publish] = asked(speech, { type: "agent_message", projectGuid: "p1", data: { own: true } });
    if (publish?.kind !== "publish") throw new Error("It is not published.");
    const own = { ts: now, ...publish.entries[0] } as Entry;
    expect(reading.encode(own, 1)).toBeNull();
    const others: readonly (readonly [Entry, string, object])[] = [
      [{ ...own, id: `${name}0.1` } as Entry, "agent_message", { own: true }],
      [{ kind: "event", ts: now, event: "project_stage_update", data: null }, "project_stage_update", {}],
      [
        { kind: "log", ts: now, level: "warn", line: "x" },
        "project_message",
        { level: "warn", stage: "", line: "x", ts: now },
      ],
    ];
    for (const [i, [entry, type, data]] of others.entries()) {
      const cursor = i + 2;
      expect(told(reading.frames([reading.encode(entry, cursor)?.part]))).toEqual([
        {
          type: "project_update",
          projectGuid: "p1",
          data: { type, data, cursor },
          timestamp,
          id: String(cursor),
        },
      ]);
    }
    expect(
      reading.end({ type: "end", channel, cursor: 4, status: "success", lines: 1, bytes: 2, crc32: "0" }),
    ).toEqual({
      frames: [],
    });
  });

  test("[BAG13] gaps, refusals and pongs are envelopes whose ids are no numbers", () => {
    const speech = speechOf();
    const gap = { type: "gap", channel, from: 3, to: 5, count: 3, reason: "rate" } as const;
    const [pong] = asked(speech, { type: "ping", id: "9" });
    const frames = told([
      ...speech.read("p1", channel).gap(gap),
      speech.encodeError({ code: "forbidden", message: "No." }, "p1"),
      speech.encodeError({ code: "command_not_found", message: "No.", id: "f-1" }, "p1"),
      pong?.kind === "tell" ? pong.frame : "",
    ]);
    const { from, to, count } = gap;
    expect(frames).toMatchObject([
      { type: "error", projectGuid: "p1", data: { code: "gap", from, to, count, reason: "rate" } },
      { type: "error", projectGuid: "p1", data: { code: "forbidden", message: "No." } },
      { type: "error", data: { code: "command_not_found", feedbackId: "f-1" } },
      { type: "pong", projectGuid: null, data: {} },
    ]);
    const ids = frames.map(({ id }) => id);
    expect(new Set(ids).size).toBe(frames.length);
    expect(ids.filter((id) => Number.isFinite(Number(id)))).toEqual([]);
  });
});
