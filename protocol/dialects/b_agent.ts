import { ok, type Result } from "../codes.ts";
import type { Entry, JsonObject } from "../entry.ts";
import type { Untrusted } from "../fields.ts";
import type { CommandDownFrame, ErrorFrame, GapFrame, SummaryFrame } from "../frames/down.ts";
import { limits } from "../limits.ts";
import type { AgentDialect, AgentRequest, AgentSpeech, SpeakingAgent } from "./agent_dialect.ts";
import {
  BIds,
  type BMessageType,
  bContent,
  bErrorData,
  bFrame,
  bGapData,
  bMessageTypes,
  dataOf,
  feedbackType,
  isBMessageType,
  projectNamed,
  projectOf,
} from "./b_envelope.ts";
import { BRoom, type OpenFeedback } from "./b_room.ts";
import type { Ending, ErrorAbout, Piece, Reading } from "./dialect.ts";
import { checkFrameId, frameId, type NamedChannel, unknownType } from "./fields.ts";
import { lonePiece } from "./piece.ts";

/** The agent servers of project rooms: they join projects, take feedback, and publish in the same envelope. */
export const agentDialectB: AgentDialect = {
  name: "B",
  key: "projectGuid",
  speak: (agent) => new AgentServer(agent),
};

/** Rooms that a socket remembers: more than it may join at once. */
const maxRooms = 1_024;

class AgentServer implements AgentSpeech {
  readonly #agent: SpeakingAgent;
  readonly #ids = new BIds();
  /** By channel. */
  readonly #rooms = new Map<string, BRoom>();
  #published = 0;

  constructor(agent: SpeakingAgent) {
    this.#agent = agent;
  }

  /** B has no frame to acknowledge with: whatever comes says that what was told before it has been taken. */
  decode(frame: Untrusted): Result<readonly AgentRequest[]> {
    const id = checkFrameId(frame);
    if (!id.ok) return id;
    const rooms = [...this.#rooms];
    const requests = this.#requestsOf(frame);
    return requests.ok ? ok([...rooms.flatMap(acks), ...requests.value]) : requests;
  }

  about(frame: Untrusted): ErrorAbout {
    const id = projectNamed(frame);
    return id === null ? {} : { id };
  }

  read(id: string): Reading<string> {
    return new UpdateReading(id, this.#agent, this.#ids);
  }

  hear(id: string, frame: CommandDownFrame | SummaryFrame): readonly string[] {
    const room = this.#roomOf(frame.channel);
    if (frame.type === "command") return room.tell(frame) ? [feedbackFrame(id, frame)] : [];
    const state = room.sync(frame);
    return state === null ? [] : [this.#frame("project_status_sync", id, state)];
  }

  encodeError(problem: Pick<ErrorFrame, "code" | "message" | "id">, id?: string): string {
    return this.#frame("error", id ?? null, bErrorData(problem));
  }

  #requestsOf(frame: Untrusted): Result<readonly AgentRequest[]> {
    const { type } = frame as { readonly type?: unknown };
    if (type === "ping") return ok([{ kind: "tell", frame: this.#frame("pong", projectNamed(frame), {}) }]);
    const isMessage = isBMessageType(type);
    if (!isMessage && type !== "join_project" && type !== "leave_project") {
      const allowed = ["join_project", "leave_project", ...bMessageTypes, "ping"];
      return unknownType(frame, "type", allowed.join(", "));
    }
    const project = projectOf(frame);
    if (!project.ok) return project;
    const data = dataOf(frame);
    if (!data.ok) return data;
    if (type === "user_feedback_response") return ok(this.#respond(project.value, data.value));
    if (isMessage) return ok([this.#publish(project.value, type, data.value)]);
    if (type === "leave_project") this.#rooms.delete(project.value.channel);
    return ok([{ kind: type === "join_project" ? "join" : "leave", ...project.value }]);
  }

  /** A response is a message to the project's clients, and the last answer to its feedback. */
  #respond(project: NamedChannel, sent: JsonObject): readonly AgentRequest[] {
    const { feedbackId } = sent;
    const isNamed = feedbackId !== undefined && feedbackId !== null && feedbackId !== "";
    const named = frameId({ id: feedbackId });
    const open = isNamed && named === undefined ? null : this.#openFeedback(project, named);
    const data = open === null || isNamed ? sent : { ...sent, feedbackId: open.command };
    const publish = this.#publish(project, "user_feedback_response", data);
    if (open === null) return [publish];
    // Its sender in B reads the message: the reply is not to be told as another one.
    const answer = { ...data, published: true };
    return [publish, { kind: "answer", ...project, ...open, data: answer, final: true }];
  }

  /** The one of this id, else the oldest; one that an earlier socket was told is known by its id alone. */
  #openFeedback({ channel }: NamedChannel, id: string | undefined): OpenFeedback | null {
    const room = this.#rooms.get(channel);
    if (room !== undefined) return room.answer(id);
    return id === undefined ? null : { command: id };
  }

  #publish(project: NamedChannel, event: BMessageType, data: JsonObject): AgentRequest {
    this.#published += 1;
    const from = this.#agent.subject.slice(0, limits.nameChars);
    const id = `${this.#agent.name}.${this.#published}`;
    return { kind: "publish", ...project, entries: [{ kind: "event", event, data, id, from }] };
  }

  #roomOf(channel: string): BRoom {
    const known = this.#rooms.get(channel);
    if (known !== undefined) return known;
    const room = new BRoom();
    const [oldest] = this.#rooms.keys();
    if (this.#rooms.size >= maxRooms && oldest !== undefined) this.#rooms.delete(oldest);
    this.#rooms.set(channel, room);
    return room;
  }

  #frame(type: string, id: string | null, data: object): string {
    return bFrame(id, { type, data, ts: this.#agent.now(), id: this.#ids.next() });
  }
}

function acks([channel, room]: readonly [string, BRoom]): readonly AgentRequest[] {
  const cursor = room.takeAck();
  return cursor === null ? [] : [{ kind: "ack", channel, cursor }];
}

/** Feedback as it was sent. A command of another name has no type in B: its name is told beside its data. */
function feedbackFrame(projectGuid: string, { id, name, data: sent, from, ts }: CommandDownFrame): string {
  const data = name === feedbackType ? sent : { command: name, data: sent };
  return bFrame(projectGuid, { type: feedbackType, data, ts, id, from });
}

/** What others publish in a project, live. */
class UpdateReading implements Reading<string> {
  readonly #projectGuid: string;
  readonly #agent: SpeakingAgent;
  readonly #ids: BIds;

  constructor(projectGuid: string, agent: SpeakingAgent, ids: BIds) {
    this.#projectGuid = projectGuid;
    this.#agent = agent;
    this.#ids = ids;
  }

  encode(entry: Entry, cursor: number): Piece<string> | null {
    if (entry.kind === "event" && entry.id?.startsWith(`${this.#agent.name}.`)) return null;
    const data = { ...bContent(entry), cursor };
    const message = { type: "project_update", data, ts: entry.ts, id: String(cursor) };
    return lonePiece(bFrame(this.#projectGuid, message));
  }

  frames(frames: readonly string[]): readonly string[] {
    return frames;
  }

  gap(gap: GapFrame): readonly string[] {
    const message = { type: "error", data: bGapData(gap), ts: this.#agent.now(), id: this.#ids.next() };
    return [bFrame(this.#projectGuid, message)];
  }

  /** Its agents are told by the summary's status. */
  end(): Ending {
    return { frames: [] };
  }
}
