import { describe, expect, test } from "vitest";
import { dialectB } from "../../protocol/dialects/b.ts";
import { bMessageTypes } from "../../protocol/dialects/b_envelope.ts";
import type { Reading, Speech } from "../../protocol/dialects/dialect.ts";
import type { EndFrame, Entry, GapFrame, ReplyFrame, SummaryFrame } from "../../protocol/mod.ts";
import { limits } from "../../protocol/mod.ts";

const now = 1_700_000_000_000;
const timestamp = "2023-11-14T22:13:20.000Z";
const channel = "project/p1";

function speechOf(): Speech {
  const speech = dialectB.speak({}, () => now);
  if (!speech.ok) throw new Error(speech.problem.message);
  return speech.value;
}

function requestsOf(frame: Readonly<Record<string, unknown>>) {
  const decoded = speechOf().decode(frame);
  return decoded.ok ? decoded.value : decoded.problem.code;
}

interface Envelope {
  readonly type: string;
  readonly projectGuid: string | null;
  readonly data: Readonly<Record<string, unknown>>;
  readonly timestamp: string;
  readonly id: string;
}

function envelopes(frames: readonly string[] = []): Envelope[] {
  return frames.map((text) => JSON.parse(text) as Envelope);
}

function said(reading: Reading, entry: Entry, cursor: number): Envelope {
  const [frame, ...more] = envelopes(reading.frames([reading.encode(entry, cursor)?.part]));
  if (frame === undefined || more.length > 0) throw new Error("An entry is one frame.");
  return frame;
}

const event = (name: string, data: unknown): Entry =>
  ({ kind: "event", ts: now, event: name, data, from: "x", nodeId: "n", id: "e" }) as Entry;
const gap: GapFrame = { type: "gap", channel, from: 4, to: 6, count: 3, reason: "rate" };
const end: EndFrame = { type: "end", channel, cursor: 9, status: "failure", lines: 9, bytes: 90, crc32: "0" };
const summary = (agents: number): SummaryFrame => ({
  type: "summary",
  channel,
  status: "running",
  viewers: 7,
  agents,
});

describe("dialect B's frames", () => {
  test("[ROM1] the five types are their own; every other entry is a message", () => {
    const reading = speechOf().read("p1", channel);
    for (const [i, type] of bMessageTypes.entries()) {
      expect(said(reading, event(type, { a: [1] }), i + 1)).toEqual({
        type,
        projectGuid: "p1",
        data: { a: [1] },
        timestamp,
        id: String(i + 1),
      });
    }
    expect(said(reading, event("agent_message", null), 9).data).toEqual({});
    // What would be the gateway's own words comes from a producer as a message.
    for (const name of ["error", "pong", "project_status_sync", "user_feedback", "toString", "x y"]) {
      const frame = said(reading, event(name, { code: "gap" }), 10);
      expect(frame.type).toBe("project_message");
      const line = `${name} {"code":"gap"}`;
      expect(frame.data).toEqual({ level: "info", stage: "", line, ts: now, event: name });
    }
    const log: Entry = {
      kind: "log",
      ts: now,
      level: "error",
      line: "x",
      stream: "stderr",
      fields: { h: 1 },
    };
    expect(said(reading, log, 11).data).toEqual({ level: "error", stage: "", line: "x", ts: now });
  });

  test("[ROM2] what is no entry has an id that is no number and comes once a socket, whatever its project", () => {
    const speech = speechOf();
    const [one, two] = [speech.read("p1", channel), speech.read("p2", "project/p2")];
    const ping = speech.decode({ type: "ping", projectGuid: "p2", id: "7" });
    const frames = [
      ...(ping.ok ? ping.value.map((request) => ("frame" in request ? request.frame : "")) : []),
      speech.encodeError({ code: "forbidden", message: "No." }),
      ...[one, two].flatMap((reading) => [
        ...(reading.summary?.(summary(1)) ?? []),
        ...reading.gap(gap),
        ...reading.end(end).frames,
        ...(reading.reply?.({ type: "reply", channel, id: "3", state: "expired" }) ?? []),
      ]),
    ];
    const told = envelopes(frames);
    expect(told).toHaveLength(10);
    expect(told.filter(({ id }) => Number.isFinite(Number(id)))).toEqual([]);
    expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
    expect(new Set(told.map(({ timestamp }) => timestamp))).toEqual(new Set([timestamp]));
    expect(told[0]).toMatchObject({ type: "pong", projectGuid: "p2", data: {} });
    expect(told[1]).toMatchObject({ type: "error", projectGuid: null });
    expect(told[3]).toEqual({
      type: "error",
      projectGuid: "p1",
      data: {
        code: "gap",
        message: "Messages from 4 to 6 are missing (rate).",
        from: 4,
        to: 6,
        count: 3,
        reason: "rate",
      },
      timestamp,
      id: told[3]?.id,
    });
  });

  test("[ROM4] agents are told once on joining, and whenever their number changed; viewers are not", () => {
    const reading = speechOf().read("p1", channel);
    const told = [0, 0, 1, 1, 2, 0].map((agents) => envelopes(reading.summary?.(summary(agents))));
    expect(told.map((frames) => frames.map(({ data }) => data))).toEqual([
      [{ agents: 0 }],
      [],
      [{ agents: 1 }],
      [],
      [{ agents: 2 }],
      [{ agents: 0 }],
    ]);
    expect(told[0]).toMatchObject([{ type: "project_status_change", projectGuid: "p1" }]);
  });

  test("[ROM8] the end says how, and closes nothing", () => {
    const { frames, close } = speechOf()
      .read("p1", channel)
      .end({ ...end, exitCode: 2, message: "no disk" });
    expect(close).toBeUndefined();
    expect(envelopes(frames)).toMatchObject([
      {
        type: "project_status_change",
        data: { status: "failure", ended: true, exitCode: 2, message: "no disk" },
      },
    ]);
  });
});

describe("dialect B's requests", () => {
  test.each([
    [undefined, { last: 0 }],
    [null, { last: 0 }],
    [{}, { last: 0 }],
    [{ cursor: null }, { last: 0 }],
    [{ cursor: 0 }, { cursor: 0 }],
    [{ cursor: 7, more: 1 }, { cursor: 7 }],
    [{ cursor: "7" }, { cursor: 7 }],
  ])("[ROM3] join_project with data %j reads from %j", (data, start) => {
    const id = "p1";
    expect(requestsOf({ type: "join_project", projectGuid: id, data })).toEqual([
      { kind: "subscribe", id, channel, start },
    ]);
    const whole = "build/4711";
    expect(requestsOf({ type: "join_project", projectGuid: whole, data })).toEqual([
      { kind: "subscribe", id: whole, channel: whole, start },
    ]);
    expect(requestsOf({ type: "leave_project", projectGuid: id, data })).toEqual([
      { kind: "unsubscribe", id },
    ]);
  });

  test("[ROM5] feedback is a command by the envelope's id; a number is its text, none is none", () => {
    const frame = { type: "user_feedback", projectGuid: "p1", data: { text: "red" } };
    const command = { name: "user_feedback", data: { text: "red" } };
    const request = { kind: "command", id: "p1", channel };
    expect(requestsOf({ ...frame, id: "f-1" })).toEqual([{ ...request, command: { ...command, id: "f-1" } }]);
    expect(requestsOf({ ...frame, id: 17 })).toEqual([{ ...request, command: { ...command, id: "17" } }]);
    for (const id of [undefined, null, "", {}]) {
      expect(requestsOf({ ...frame, id })).toEqual([{ ...request, command }]);
    }
    expect(requestsOf({ ...frame, data: null })).toMatchObject([{ command: { data: {} } }]);
  });

  test.each([
    [{ type: "shout", projectGuid: "p1" }, "unknown_frame", { id: "p1" }],
    [{ type: "agent_message", projectGuid: "p1" }, "unknown_frame", { id: "p1" }],
    [{ projectGuid: "p1" }, "unknown_frame", { id: "p1" }],
    [{ type: ["ping"], projectGuid: "p1" }, "unknown_frame", { id: "p1" }],
    [{ type: "join_project" }, "missing_field", {}],
    [{ type: "join_project", projectGuid: null }, "missing_field", {}],
    [{ type: "leave_project", projectGuid: "" }, "channel_name_invalid", {}],
    [{ type: "join_project", projectGuid: 7 }, "channel_name_invalid", {}],
    [{ type: "join_project", projectGuid: "x".repeat(129) }, "channel_name_invalid", {}],
    [{ type: "join_project", projectGuid: "Build/x" }, "channel_name_invalid", {}],
    [{ type: "join_project", projectGuid: "p1", data: { cursor: 1.5 } }, "invalid_field", { id: "p1" }],
    [{ type: "join_project", projectGuid: "p1", data: { cursor: "g-1" } }, "invalid_field", { id: "p1" }],
    [
      { type: "join_project", projectGuid: "p1", data: { cursor: "9".repeat(16) } },
      "invalid_field",
      { id: "p1" },
    ],
    [{ type: "join_project", projectGuid: "p1", data: [] }, "invalid_field", { id: "p1" }],
    [{ type: "user_feedback", data: {}, id: "f" }, "missing_field", { command: "f" }],
    [{ type: "user_feedback", projectGuid: "p 1", id: "f" }, "channel_name_invalid", { command: "f" }],
    [
      { type: "user_feedback", projectGuid: "p1", data: "red", id: 5 },
      "invalid_field",
      { id: "p1", command: "5" },
    ],
    [{ type: "user_feedback", projectGuid: "p1", id: "x".repeat(129) }, "invalid_field", { id: "p1" }],
  ])("[ROM7] %j is refused with %s, and said to be about what it names rightly", (frame, code, about) => {
    expect(requestsOf(frame)).toBe(code);
    expect(speechOf().about?.(frame)).toEqual(about);
  });
});

describe("dialect B's replies", () => {
  const reply = (state: ReplyFrame["state"], more: Partial<ReplyFrame> = {}): ReplyFrame =>
    ({ type: "reply", channel, id: "f-1", state, ...more }) as ReplyFrame;

  test("[ROM6] feedback that nobody took is an error; an answer comes once, as B's event or of another's agent", () => {
    const reading = speechOf().read("p1", channel);
    const told = (frame: ReplyFrame) =>
      envelopes(reading.reply?.(frame)).map(({ type, data }) => ({ type, data }));
    expect(told(reply("accepted"))).toEqual([]);
    expect(told(reply("delivered"))).toEqual([]);
    // An agent of dialect B has published this, too.
    const published = { feedbackId: "f-1", text: "red", published: true };
    expect(told(reply("answered", { data: published }))).toEqual([]);
    const native = { type: "user_feedback_response", data: { feedbackId: "f-1", text: "red" } };
    expect(told(reply("answered", { data: { text: "red" } }))).toEqual([native]);
    // Naming what it answers is not publishing it.
    const green = { feedbackId: "f-1", text: "green" };
    expect(told(reply("answered", { data: green }))).toMatchObject([{ data: green }]);
    // A connection to the channel that is made anew brings it again.
    expect(told(reply("answered", { data: { text: "red" } }))).toEqual([]);
    expect(told(reply("answered", { data: "blue" }))).toMatchObject([
      { data: { feedbackId: "f-1", data: "blue" } },
    ]);
    const code = "command_expired";
    expect(told(reply("expired", { code }))).toEqual([
      {
        type: "error",
        data: { code, message: "The feedback f-1 was taken by no agent.", feedbackId: "f-1" },
      },
    ]);
    expect(told(reply("expired", { code }))).toEqual([]);
    expect(told(reply("refused"))).toMatchObject([{ type: "error", data: { code: "refused" } }]);
  });

  test("[ROM9] what a socket remembers of replies is bounded", () => {
    const reading = speechOf().read("p1", channel);
    const expired = (i: number) => reading.reply?.(reply("expired", { id: `f-${i}` })) ?? [];
    for (let i = 0; i <= limits.toldCommands; i++) expect(expired(i)).toHaveLength(1);
    expect(expired(limits.toldCommands)).toEqual([]);
    expect(expired(0)).toHaveLength(1);
  });
});
