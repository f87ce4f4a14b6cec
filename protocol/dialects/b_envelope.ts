import { quote } from "../channel_name.ts";
import { ok, type Result, refuse } from "../codes.ts";
import type { Entry, EventEntry, Json, JsonObject } from "../entry.ts";
import { isObject, type Untrusted } from "../fields.ts";
import type { ErrorFrame, GapFrame } from "../frames/down.ts";
import { eventLine } from "./as_line.ts";
import { type NamedChannel, namedChannel } from "./fields.ts";

/** What dialect B's clients and agents have in common: the envelope both ways, and entries as its messages. */

/** What an event entry is named to be a message of that type. */
export const bMessageTypes = [
  "project_stage_update",
  "project_message",
  "project_status_change",
  "agent_message",
  "user_feedback_response",
] as const;
export type BMessageType = (typeof bMessageTypes)[number];

/** The command of a project's clients, and what its agents get of it. */
export const feedbackType = "user_feedback";

export function isBMessageType(type: unknown): type is BMessageType {
  return typeof type === "string" && (bMessageTypes as readonly string[]).includes(type);
}

export interface BMessage {
  readonly type: string;
  readonly data: unknown;
  /** Epoch milliseconds. */
  readonly ts: number;
  readonly id: string;
  /** Who sent it, where that is told. */
  readonly from?: string;
}

/** A frame downwards; `projectGuid` as its reader calls it, null where it is of no project. */
export function bFrame(projectGuid: string | null, { type, data, ts, id, from }: BMessage): string {
  return JSON.stringify({ type, projectGuid, data, timestamp: new Date(ts).toISOString(), id, from });
}

/** Ids of frames that are no entries: never a number, for those are cursors. */
export class BIds {
  #count = 0;

  next(): string {
    this.#count += 1;
    return `g-${this.#count}`;
  }
}

/** What an entry says. An event of another name is a line, as in dialects A, C and D, with its name beside it. */
export function bContent(entry: Entry): { readonly type: BMessageType; readonly data: Json } {
  if (entry.kind === "event" && isBMessageType(entry.event)) {
    return { type: entry.event, data: entry.data ?? {} };
  }
  return { type: "project_message", data: entry.kind === "event" ? otherEvent(entry) : lineOf(entry) };
}

function otherEvent(entry: EventEntry): JsonObject {
  return { level: "info", stage: "", line: eventLine(entry), ts: entry.ts, event: entry.event };
}

function lineOf({ level, stage = "", line, ts }: Entry & { readonly kind: "log" }): JsonObject {
  return { level, stage, line, ts };
}

/** The data of an `error`. */
export function bErrorData({ code, message, id }: Pick<ErrorFrame, "code" | "message" | "id">): JsonObject {
  return { code, message, ...(id !== undefined && { feedbackId: id }) };
}

export function bGapData({ from, to, count, reason }: GapFrame): JsonObject {
  const range = to === null ? `from ${from} on` : `from ${from} to ${to}`;
  return { code: "gap", message: `Messages ${range} are missing (${reason}).`, from, to, count, reason };
}

/** The project that a frame is about. */
export function projectOf(frame: Untrusted): Result<NamedChannel> {
  return namedChannel("The frame", "projectGuid", frame["projectGuid"], "project");
}

/** As much of its project as a refused frame, or a ping, says rightly. */
export function projectNamed(frame: Untrusted): string | null {
  const project = projectOf(frame);
  return project.ok ? project.value.id : null;
}

/** The data of a frame; an empty one where there is none. */
export function dataOf(frame: Untrusted): Result<JsonObject> {
  const data = frame["data"] ?? {};
  // What was sent was parsed from JSON.
  if (isObject(data)) return ok(data as JsonObject);
  return refuse("invalid_field", `The frame has data: ${quote(data)}. Allowed: an object.`);
}
