import { closeCodes, ok, type Result } from "../codes.ts";
import type { Entry } from "../entry.ts";
import type { Untrusted } from "../fields.ts";
import type { EndFrame, ErrorFrame, GapFrame, SubscribedFrame, SummaryFrame } from "../frames/down.ts";
import { pongText } from "../frames/up.ts";
import { utf8Bytes } from "../utf8.ts";
import {
  carryProgress,
  type DProgress,
  dEndMessage,
  dErrorMessage,
  dGapMessage,
  dMessage,
  dStart,
  dUnknown,
} from "./d_message.ts";
import type { Dialect, DialectRequest, Ending, Piece, Reading, Speech } from "./dialect.ts";
import { checkFrameId, namedChannel, queryCursor, unknownType } from "./fields.ts";

/** What a message has beside its text, in bytes: names, a timestamp, numbers. A step comes on top. */
const messageBytes = 200;

/** Install tasks: one message a line, with how far the task has come; after its end the socket closes. */
export const dialectD: Dialect = {
  name: "D",
  path: "/v1/log/ws",
  query: ["task_id", "offset"],

  speak({ task_id, offset: text }, now): Result<Speech> {
    const task = namedChannel("The query", "task_id", task_id, "task");
    if (!task.ok) return task;
    const offset = queryCursor("offset", text);
    if (!offset.ok) return offset;
    const start = offset.value === undefined ? {} : { cursor: offset.value };
    const reading = new TaskReading(offset.value ?? 0, now);
    return ok(new TaskSpeech({ kind: "subscribe", ...task.value, start }, reading));
  },
};

class TaskSpeech implements Speech {
  readonly opening: readonly DialectRequest[];
  readonly isOfOneChannel = true;
  readonly #reading: TaskReading;

  constructor(opening: DialectRequest, reading: TaskReading) {
    this.opening = [opening];
    this.#reading = reading;
  }

  /** Pages of this system send nothing but, perhaps, a heartbeat. */
  decode(frame: Untrusted): Result<readonly DialectRequest[]> {
    const id = checkFrameId(frame);
    if (!id.ok) return id;
    if (frame["type"] === "ping") return ok([{ kind: "answer", frame: pongText }]);
    return unknownType(frame, "type", "ping");
  }

  read(): Reading {
    return this.#reading;
  }

  encodeError(problem: Pick<ErrorFrame, "code" | "message">): string {
    return this.#reading.encodeError(problem);
  }
}

interface NumberedEntry {
  readonly entry: Entry;
  readonly cursor: number;
}

/** Every message says how far the task is, so that a page's progress bar never jumps back. */
class TaskReading implements Reading<NumberedEntry> {
  readonly #now: () => number;
  #offset: number;
  #at: DProgress = dUnknown;
  /** The epoch that `#at` is of; undefined before the first subscription. */
  #epoch: string | null | undefined = undefined;
  /** Nothing lies between where reading began and what the coming summary tells. */
  #isSummaryOurs = false;

  constructor(offset: number, now: () => number) {
    this.#offset = offset;
    this.#now = now;
  }

  subscribed({ epoch, first, cursor, tail }: SubscribedFrame): readonly string[] {
    if (epoch === this.#epoch) return [];
    this.#epoch = epoch;
    this.#at = cursor < first ? dStart : dUnknown;
    this.#isSummaryOurs = cursor === tail;
    return [];
  }

  summary({ stages, progress, step, currentStep, totalSteps }: SummaryFrame): readonly string[] {
    // Only the first one, which has the stages, tells how far the task is.
    if (this.#isSummaryOurs && stages !== undefined) {
      this.#at = {
        progress: progress ?? dStart.progress,
        step: step ?? null,
        current_step: currentStep ?? null,
        total_steps: totalSteps ?? null,
      };
    }
    this.#isSummaryOurs = false;
    return [];
  }

  encode(entry: Entry, cursor: number): Piece<NumberedEntry> {
    const text = entry.kind === "log" ? entry.line : JSON.stringify(entry.data);
    return { part: { entry, cursor }, bytes: messageBytes + utf8Bytes(text), run: null };
  }

  frames(entries: readonly NumberedEntry[]): readonly string[] {
    return entries.map(({ entry, cursor }) => {
      this.#at = carryProgress(this.#at, entry);
      this.#offset = cursor;
      return JSON.stringify(dMessage(entry, cursor, this.#at));
    });
  }

  gap(gap: GapFrame): readonly string[] {
    this.#offset = gap.to ?? 0;
    return [JSON.stringify(dGapMessage(gap, this.#at, this.#now()))];
  }

  end(end: EndFrame): Ending {
    return {
      frames: [JSON.stringify(dEndMessage(end, this.#at, this.#now()))],
      close: closeCodes.normal.code,
    };
  }

  encodeError({ message }: Pick<ErrorFrame, "message">): string {
    return JSON.stringify(dErrorMessage(message, this.#offset, this.#at, this.#now()));
  }
}
