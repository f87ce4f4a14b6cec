import { quote } from "../channel_name.ts";
import { ok, type Result, refuse } from "../codes.ts";
import { type Entry, isLevel, type Level } from "../entry.ts";
import type { Untrusted } from "../fields.ts";
import type { EndFrame, ErrorFrame, GapFrame } from "../frames/down.ts";
import { pongText } from "../frames/up.ts";
import { limits } from "../limits.ts";
import { utf8Bytes } from "../utf8.ts";
import { eventLine } from "./as_line.ts";
import type { CDownFrame, CLogsFrame } from "./c_frames.ts";
import { cLevels, cLog } from "./c_log.ts";
import type { Dialect, DialectRequest, Ending, Piece, Reading, Speech } from "./dialect.ts";
import { checkFrameId, namedChannel, queryCursor, unknownType } from "./fields.ts";

/** What a reader gets at once who names no cursor. */
const firstLines = 100;

/** Plugin logs: what there is in one `initial`, what comes in `append`s; a filter can be changed at any time. */
export const dialectC: Dialect = {
  name: "C",
  path: "/ws/logs/:plugin_id",
  query: ["cursor"],

  speak({ plugin_id, cursor: text }): Result<Speech> {
    const plugin = namedChannel("The path", "plugin_id", plugin_id, "plugin");
    if (!plugin.ok) return plugin;
    const cursor = queryCursor("cursor", text);
    if (!cursor.ok) return cursor;
    const start = cursor.value === undefined ? { last: firstLines } : { cursor: cursor.value };
    return ok(new PluginSpeech({ kind: "subscribe", ...plugin.value, start }));
  },
};

/** What the client wants to see: lines of these levels, with this text whatever the case. */
interface LineFilter {
  readonly levels: ReadonlySet<Level> | null;
  readonly search: string;
}

class PluginSpeech implements Speech {
  readonly opening: readonly DialectRequest[];
  readonly isOfOneChannel = true;
  #filter: LineFilter = { levels: null, search: "" };

  constructor(opening: DialectRequest) {
    this.opening = [opening];
  }

  decode(frame: Untrusted): Result<readonly DialectRequest[]> {
    const id = checkFrameId(frame);
    if (!id.ok) return id;
    if (frame["type"] === "ping") return ok([{ kind: "answer", frame: pongText }]);
    if (frame["type"] !== "filter") return unknownType(frame, "type", "filter, ping");
    const filter = decodeFilter(frame);
    if (!filter.ok) return filter;
    this.#filter = filter.value;
    return ok([]);
  }

  read(): Reading {
    return new PluginReading((entry) => passes(this.#filter, entry));
  }

  encodeError({ code, message }: Pick<ErrorFrame, "code" | "message">): string {
    return frameOf({ type: "error", code, message });
  }
}

interface LogText {
  readonly text: string;
  readonly bytes: number;
}

/** Holds what was there on subscribing until it is all here, or as much as one frame should have. */
class PluginReading implements Reading<LogText> {
  readonly #passes: (entry: Entry) => boolean;
  /** What `initial` will have; null once it was sent. */
  #held: LogText[] | null = [];
  #heldBytes = 0;

  constructor(isWanted: (entry: Entry) => boolean) {
    this.#passes = isWanted;
  }

  encode(entry: Entry, cursor: number): Piece<LogText> | null {
    if (!this.#passes(entry)) return null;
    const text = JSON.stringify(cLog(entry, cursor));
    const bytes = utf8Bytes(text) + 1;
    return { part: { text, bytes }, bytes, run: "logs" };
  }

  frames(logs: readonly LogText[]): readonly string[] {
    const later = logs.slice(this.#hold(logs));
    return later.length === 0 ? [] : [...this.level(), logsFrame("append", later)];
  }

  level(): readonly string[] {
    const held = this.#held;
    this.#held = null;
    return held === null ? [] : [logsFrame("initial", held)];
  }

  gap({ from, to, count, reason }: GapFrame): readonly string[] {
    const before = this.#heldBytes > 0 ? this.level() : [];
    return [...before, frameOf({ type: "gap", from, to, count, reason })];
  }

  end({ channel: _, type, ...proof }: EndFrame): Ending {
    return { frames: [...this.level(), frameOf({ type, ...proof })] };
  }

  /** Answers how many of them `initial` has room for. */
  #hold(logs: readonly LogText[]): number {
    if (this.#held === null) return 0;
    let count = 0;
    for (const log of logs) {
      if (this.#heldBytes > 0 && this.#heldBytes + log.bytes > limits.initialBytes) break;
      this.#held.push(log);
      this.#heldBytes += log.bytes;
      count += 1;
    }
    return count;
  }
}

function frameOf(frame: Exclude<CDownFrame, CLogsFrame>): string {
  return JSON.stringify(frame);
}

/** Of logs that are text already. */
function logsFrame(type: CLogsFrame["type"], logs: readonly LogText[]): string {
  return `{"type":"${type}","logs":[${logs.map(({ text }) => text).join(",")}]}`;
}

/** An event is a line of level info. */
function passes({ levels: wanted, search }: LineFilter, entry: Entry): boolean {
  if (wanted !== null && !wanted.has(entry.kind === "log" ? entry.level : "info")) return false;
  return search === "" || lineOf(entry).toLowerCase().includes(search);
}

function lineOf(entry: Entry): string {
  return entry.kind === "log" ? entry.line : eventLine(entry);
}

/** A part that is absent, null or empty hides nothing. */
function decodeFilter(frame: Untrusted): Result<LineFilter> {
  const wanted = decodeLevels(frame["level"] ?? "");
  if (!wanted.ok) return wanted;
  const search = frame["search"] ?? "";
  if (typeof search === "string" && search.length <= limits.searchChars) {
    return ok({ levels: wanted.value, search: search.toLowerCase() });
  }
  return refuse(
    "invalid_field",
    `The filter has search: ${quote(search)}. Allowed: a text of at most ${limits.searchChars} characters.`,
  );
}

/** Levels joined by commas, in any case, as `level=` of the history has them. */
function decodeLevels(level: unknown): Result<ReadonlySet<Level> | null> {
  if (level === "") return ok(null);
  const names = typeof level === "string" ? level.toLowerCase().split(",") : [];
  const wanted = names.map((name) => name.trim()).filter(isLevel);
  if (wanted.length > 0 && wanted.length === names.length) return ok(new Set(wanted));
  return refuse(
    "invalid_field",
    `The filter has level: ${quote(level)}. Allowed: a comma list of ${cLevels.join(", ")}.`,
  );
}
