import { ok, type Result, refuse } from "../codes.ts";
import type { Entry, EventEntry, Json } from "../entry.ts";
import { isObject, type Untrusted } from "../fields.ts";
import type { EndFrame, ErrorFrame, GapFrame, ReplyFrame } from "../frames/down.ts";
import { pongText } from "../frames/up.ts";
import { utf8Bytes } from "../utf8.ts";
import type { Dialect, DialectRequest, Ending, Piece, Reading, ReadingStart, Speech } from "./dialect.ts";
import {
  knownSessionFrame,
  sessionEndFrame,
  sessionEntryFrame,
  sessionErrorFrame,
  sessionGapFrame,
} from "./e_entry.ts";
import { type SessionCommand, sessionCommands } from "./e_frames.ts";
import {
  checkFrameId,
  frameId,
  type NamedChannel,
  namedChannel,
  queryCursor,
  unknownType,
} from "./fields.ts";
import { Newest } from "./newest.ts";

const defaultSession = "default";
const completed = "execution:completed";

/** What a token's frame has beside its text, in bytes: names, a timestamp, a node, a cursor. */
const tokenBytes = 160;

/** Workflow sessions: `cmd` frames up, `event` frames down, one session a socket. */
export const dialectE: Dialect = {
  name: "E",
  key: "cmd",
  query: ["session_id", "cursor"],
  takesCloseAsFinal: true,

  speak({ session_id, cursor: text }): Result<Speech> {
    const cursor = queryCursor("cursor", text);
    if (!cursor.ok) return cursor;
    const start = cursor.value === undefined ? { last: 0 } : { cursor: cursor.value };
    if (session_id === undefined) return ok(new SessionSpeech(start, null));
    const session = namedChannel("The query", "session_id", session_id, "session");
    return session.ok ? ok(new SessionSpeech(start, session.value)) : session;
  },
};

class SessionSpeech implements Speech {
  readonly opening: readonly DialectRequest[];
  readonly isOfOneChannel = true;
  readonly #start: ReadingStart;
  /** Null until the address or the first command names it. */
  #session: NamedChannel | null;

  constructor(start: ReadingStart, session: NamedChannel | null) {
    this.#start = start;
    this.#session = session;
    this.opening = session === null ? [] : [{ kind: "subscribe", ...session, start }];
  }

  decode(frame: Untrusted): Result<readonly DialectRequest[]> {
    const id = checkFrameId(frame);
    if (!id.ok) return id;
    if (frame["cmd"] === "ping")
      return ok([{ kind: "answer", frame: JSON.stringify(knownSessionFrame("pong", {})) }]);
    // The gateway's own heartbeat is answered on every socket alike.
    if (frame["type"] === "ping") return ok([{ kind: "answer", frame: pongText }]);
    const { cmd } = frame as { readonly cmd?: unknown };
    const command = sessionCommands.find((name) => name === cmd);
    if (command === undefined) return unknownType(frame, "cmd", [...sessionCommands, "ping"].join(", "));
    return this.#command(command, frame);
  }

  read(): Reading {
    return new SessionReading();
  }

  encodeError({ code, message }: Pick<ErrorFrame, "code" | "message">): string {
    return JSON.stringify(sessionErrorFrame({ error: message, code }));
  }

  #command(name: SessionCommand, frame: Untrusted): Result<readonly DialectRequest[]> {
    const data = frame["data"] ?? {};
    const sent = isObject(data) ? (data["session_id"] ?? undefined) : undefined;
    const named = sent === undefined ? null : namedChannel("The data", "session_id", sent, "session");
    if (named?.ok === false) return named;
    const known = this.#session;
    const session = known ?? named?.value ?? { id: defaultSession, channel: `session/${defaultSession}` };
    if (named !== null && named.value.channel !== session.channel) {
      return refuse(
        "invalid_field",
        `The data has the session ${named.value.id} and this socket is of ${session.id}. Allowed: one session a socket.`,
      );
    }
    this.#session = session;
    const id = frameId(frame);
    // What a client sends was parsed from JSON.
    const command = { name, data: data as Json, ...(id !== undefined && { id }) };
    const request: DialectRequest = { kind: "command", ...session, command };
    return ok(known === null ? [{ kind: "subscribe", ...session, start: this.#start }, request] : [request]);
  }
}

/** A frame, or a token's text, which may be joined with those of the same node before and after it. */
type SessionPart =
  | { readonly kind: "frame"; readonly frame: string; readonly completes: boolean }
  | { readonly kind: "token"; readonly text: string; readonly entry: EventEntry; readonly cursor: number };

class SessionReading implements Reading<SessionPart> {
  #isCompleted = false;
  /** Commands that were told to be of no effect: a connection to the channel that is made anew tells them again. */
  readonly #failed = new Newest();

  encode(entry: Entry, cursor: number): Piece<SessionPart> {
    const text = tokenOf(entry);
    if (entry.kind === "event" && text !== null) {
      const bytes = tokenBytes + utf8Bytes(text);
      return { part: { kind: "token", text, entry, cursor }, bytes, run: `node ${entry.nodeId ?? ""}` };
    }
    const completes = entry.kind === "event" && entry.event === completed;
    const frame = JSON.stringify(sessionEntryFrame(entry, cursor));
    return { part: { kind: "frame", frame, completes }, bytes: utf8Bytes(frame), run: null };
  }

  /** Texts that leave together are one text, with the last one's cursor. */
  frames(parts: readonly SessionPart[]): readonly string[] {
    const last = parts.at(-1);
    if (last === undefined) return [];
    if (last.kind === "frame") {
      this.#isCompleted ||= last.completes;
      return [last.frame];
    }
    const text = parts.map((part) => (part.kind === "token" ? part.text : "")).join("");
    return [JSON.stringify(sessionEntryFrame({ ...last.entry, data: { text } }, last.cursor))];
  }

  gap(gap: GapFrame): readonly string[] {
    return [JSON.stringify(sessionGapFrame(gap))];
  }

  /** That it is completed is said once. */
  end(end: EndFrame): Ending {
    const isSaid = end.status === "success" && this.#isCompleted;
    return { frames: isSaid ? [] : [JSON.stringify(sessionEndFrame(end))] };
  }

  /** Answers come as the engine's events; what will not be answered is told. */
  reply({ id, state, code }: ReplyFrame): readonly string[] {
    if (state !== "expired" && state !== "refused") return [];
    if (!this.#failed.add(JSON.stringify([id, state, code]))) return [];
    const what = state === "expired" ? "was taken by nobody" : "was refused";
    const error = `The command ${id} ${what}.`;
    return [JSON.stringify(sessionErrorFrame({ error, code: code ?? state, id }))];
  }
}

/** The text of a `token_stream` event that has nothing beside it. */
function tokenOf(entry: Entry): string | null {
  if (entry.kind !== "event" || entry.event !== "token_stream" || !isObject(entry.data)) return null;
  const { text, ...more } = entry.data;
  return typeof text === "string" && Object.keys(more).length === 0 ? text : null;
}
