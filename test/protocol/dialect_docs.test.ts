import { expect, test } from "vitest";
import { bMessageTypes } from "../../protocol/dialects/b_envelope.ts";
import type { Speech } from "../../protocol/dialects/dialect.ts";
import { dialects } from "../../protocol/dialects/dialects.ts";
import type { EndFrame, Entry, GapFrame, ReplyFrame } from "../../protocol/mod.ts";
import { document, rowsOf, told } from "./document.ts";

/** The tables of `docs/PROTOCOL.md` under the dialects, and everything that their codecs can send. */

const channel = "build/1";
const entries: readonly Entry[] = [
  { kind: "log", ts: 1, level: "info", line: "a", stage: "s", fields: {} },
  { kind: "event", ts: 1, event: "an event's name", data: null, nodeId: "n" },
];
const gap: GapFrame = { type: "gap", channel, from: 1, to: 2, count: 2, reason: "slow" };
const ends: readonly EndFrame[] = (["failure", "success"] as const).map((status) => ({
  type: "end",
  channel,
  cursor: 2,
  status,
  lines: 2,
  bytes: 4,
  crc32: "00000000",
  exitCode: 2,
  signal: "SIGTERM",
  message: "ended",
}));
const reply: ReplyFrame = { type: "reply", channel, id: "1", state: "expired" };

/** Events that a dialect has a frame of its own for; the others have theirs under any name. */
const ownEvents: Readonly<Record<string, readonly string[]>> = { B: bMessageTypes };

function everyFrame(name: string, speech: Speech): readonly string[] {
  const reading = speech.read("1", channel);
  const own = (ownEvents[name] ?? []).map((event): Entry => ({ kind: "event", ts: 1, event, data: {} }));
  const pieces = [...entries, ...own].map((entry, i) => reading.encode(entry, i + 1));
  const [first, ...later] = pieces.map((piece) => piece?.part);
  const ping = [{ type: "ping" }, { cmd: "ping" }].map((frame) => speech.decode(frame));
  return [
    ...reading.frames([first]),
    ...(reading.level?.() ?? []),
    ...later.flatMap((part) => reading.frames([part])),
    ...reading.gap(gap),
    ...(reading.reply?.(reply) ?? []),
    ...ends.flatMap((end) => reading.end(end).frames),
    speech.encodeError({ code: "forbidden", message: "No." }, "1"),
    ...ping.flatMap((requests) =>
      requests.ok ? requests.value.map((request) => ("frame" in request ? request.frame : "")) : [],
    ),
  ];
}

/** `frame field` of a frame; a message that has neither type nor event is called so. */
function fieldsOf(text: string): string[] {
  const { type, event, ...fields } = JSON.parse(text) as { readonly type?: string; readonly event?: string };
  return told(event ?? type ?? "message", Object.keys(fields));
}

test.each(dialects.map((dialect) => dialect.name))(
  "[DOC5] dialect %s: names exactly the fields of the frames that it sends",
  (name) => {
    const heading = new RegExp(`^## (Dialect ${name}: .*)$`, "m").exec(document)?.[1] ?? "";
    const dialect = dialects.find((each) => each.name === name);
    const speech = dialect?.speak({ plugin_id: "1", task_id: "1" }, () => 0);
    if (!speech?.ok) throw new Error(`Dialect ${name} does not begin`);
    const rows = rowsOf(heading).filter(([direction]) => direction === "down");
    const named = rows.map(([, frame, field = ""]) => `${frame} ${field.replace("?", "")}`.trim());
    const sent = new Set(everyFrame(name, speech.value).flatMap(fieldsOf));
    expect(named.toSorted()).toEqual([...sent].toSorted());
  },
);
