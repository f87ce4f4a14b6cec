import { ok, type Result } from "../codes.ts";
import type { Entry } from "../entry.ts";
import { isObject, type Untrusted } from "../fields.ts";
import type { EndFrame, ErrorFrame, GapFrame, ReplyFrame, SummaryFrame } from "../frames/down.ts";
import {
  BIds,
  bContent,
  bErrorData,
  bFrame,
  bGapData,
  dataOf,
  feedbackType,
  projectNamed,
  projectOf,
} from "./b_envelope.ts";
import type { Dialect, DialectRequest, Ending, ErrorAbout, Piece, Reading, Speech } from "./dialect.ts";
import { checkFrameId, frameCursor, frameId, unknownType } from "./fields.ts";
import { Newest } from "./newest.ts";
import { lonePiece } from "./piece.ts";

/** Project rooms: several projects a socket, one envelope both ways, feedback up to the project's agents. */
export const dialectB: Dialect = {
  name: "B",
  key: "projectGuid",
  query: [],
  speak: (_, now) => ok(new RoomsSpeech(now)),
};

/** Makes the frames that are no entries. */
type Say = (type: string, projectGuid: string | null, data: object) => string;

class RoomsSpeech implements Speech {
  readonly opening: readonly DialectRequest[] = [];
  readonly isOfOneChannel = false;
  readonly #say: Say;

  constructor(now: () => number) {
    const ids = new BIds();
    this.#say = (type, guid, data) => bFrame(guid, { type, data, ts: now(), id: ids.next() });
  }

  decode(frame: Untrusted): Result<readonly DialectRequest[]> {
    const id = checkFrameId(frame);
    if (!id.ok) return id;
    switch (frame["type"]) {
      case "ping":
        return ok([{ kind: "answer", frame: this.#say("pong", projectNamed(frame), {}) }]);
      case "join_project":
        return decodeJoin(frame);
      case "leave_project": {
        const project = projectOf(frame);
        return project.ok ? ok([{ kind: "unsubscribe", id: project.value.id }]) : project;
      }
      case feedbackType:
        return decodeFeedback(frame);
      default:
        return unknownType(frame, "type", `join_project, leave_project, ${feedbackType}, ping`);
    }
  }

  about(frame: Untrusted): ErrorAbout {
    const id = projectNamed(frame);
    const command = frame["type"] === feedbackType ? frameId(frame) : undefined;
    return { ...(id !== null && { id }), ...(command !== undefined && { command }) };
  }

  read(id: string): Reading<string> {
    return new RoomReading(id, this.#say);
  }

  encodeError(problem: Pick<ErrorFrame, "code" | "message" | "id">, id?: string): string {
    return this.#say("error", id ?? null, bErrorData(problem));
  }
}

class RoomReading implements Reading<string> {
  readonly #projectGuid: string;
  readonly #say: Say;
  #agents: number | null = null;
  /** The newest replies that were told: a connection to the channel that is made anew brings them again. */
  readonly #replies = new Newest();

  constructor(projectGuid: string, say: Say) {
    this.#projectGuid = projectGuid;
    this.#say = say;
  }

  encode(entry: Entry, cursor: number): Piece<string> {
    const message = { ...bContent(entry), ts: entry.ts, id: String(cursor) };
    return lonePiece(bFrame(this.#projectGuid, message));
  }

  frames(frames: readonly string[]): readonly string[] {
    return frames;
  }

  gap(gap: GapFrame): readonly string[] {
    return [this.#say("error", this.#projectGuid, bGapData(gap))];
  }

  end({ status, exitCode, signal, message }: EndFrame): Ending {
    const data = { status, ended: true, exitCode, signal, message };
    return { frames: [this.#say("project_status_change", this.#projectGuid, data)] };
  }

  /** Once on joining, and whenever agents came or went. */
  summary({ agents }: SummaryFrame): readonly string[] {
    if (agents === this.#agents) return [];
    this.#agents = agents;
    return [this.#say("project_status_change", this.#projectGuid, { agents })];
  }

  reply(reply: ReplyFrame): readonly string[] {
    const told = toldOf(reply);
    if (told === null) return [];
    const isNew = this.#replies.add(JSON.stringify([reply.id, told]));
    return isNew ? [this.#say(told.type, this.#projectGuid, told.data)] : [];
  }
}

/**
 * What the sender of feedback gets of a reply, if anything. What B's own agents answer they have published, and say
 * so in the data; the answer of any other agent comes by the reply alone.
 */
function toldOf({ id, state, code, data = null }: ReplyFrame): { type: string; data: object } | null {
  if (state === "expired" || state === "refused") {
    const what = state === "expired" ? "was taken by no agent" : "was refused";
    return {
      type: "error",
      data: bErrorData({ code: code ?? state, message: `The feedback ${id} ${what}.`, id }),
    };
  }
  if (state !== "answered" || (isObject(data) && data["published"] === true)) return null;
  return { type: "user_feedback_response", data: { feedbackId: id, ...(isObject(data) ? data : { data }) } };
}

/** Live only, or after a cursor: a number, or the `id` of a message that is an entry. */
function decodeJoin(frame: Untrusted): Result<readonly DialectRequest[]> {
  const project = projectOf(frame);
  if (!project.ok) return project;
  const data = dataOf(frame);
  if (!data.ok) return data;
  const sent = data.value["cursor"];
  const isText = typeof sent === "string" && /^\d{1,16}$/.test(sent);
  const cursor = frameCursor("The data", isText ? Number(sent) : sent);
  if (!cursor.ok) return cursor;
  const start = cursor.value === undefined ? { last: 0 } : { cursor: cursor.value };
  return ok([{ kind: "subscribe", ...project.value, start }]);
}

function decodeFeedback(frame: Untrusted): Result<readonly DialectRequest[]> {
  const project = projectOf(frame);
  if (!project.ok) return project;
  const data = dataOf(frame);
  if (!data.ok) return data;
  const id = frameId(frame);
  const command = { name: feedbackType, data: data.value, ...(id !== undefined && { id }) };
  return ok([{ kind: "command", ...project.value, command }]);
}
