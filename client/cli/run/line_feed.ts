import {
  codePointBytes,
  jsonCodePointBytes,
  LineSplitter,
  type LogEntry,
  limits,
  splitAtCodePoints,
} from "../../../protocol/mod.ts";
import { levelOfLine } from "./line_level.ts";
import type { StageTracker } from "./stage_tracker.ts";

/** What an entry has beside its line: names, numbers and a stage, all of which are short. */
const SPARE_BYTES = 4 * 1024;
const MAX_PART_BYTES = limits.lineBytes - SPARE_BYTES;

/**
 * A line that has not ended is handed on once it does not fit into one entry: memory is bounded, and where a
 * pipe happens to cut the bytes of a shorter line does not show.
 */
const MAX_WAITING_CHARS = MAX_PART_BYTES;

export interface LineFeedOptions {
  readonly stream: "stdout" | "stderr";
  /** Shared by the streams of a run. */
  readonly stages: StageTracker;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** What a line, or a part of one (`goesOn`: another follows), says beside its text. */
  readonly marks?: (part: string, goesOn: boolean) => Marks;
  /**
   * A line that is redrawn by `\r` is handed on in parts, at most once in so many milliseconds; else it is when it
   * has ended.
   */
  readonly redrawMs?: number;
}

type Marks = Pick<LogEntry, "progress" | "step" | "currentStep" | "totalSteps">;
type Heading = Pick<LogEntry, "ts" | "level" | "stage">;

/**
 * Makes entries of a stream's bytes, cut anywhere. Invalid UTF-8 becomes U+FFFD; a long line becomes several
 * entries of which all but the last have `more`.
 */
export class LineFeed {
  readonly #options: LineFeedOptions;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #splitter = new LineSplitter();
  /** That of the line whose parts were handed on and which has not ended. */
  #open: Heading | null = null;
  /** The line that waits has a `\r` in it, which its end's may be half of. */
  #isReturned = false;
  /** When a part of a redrawn line was handed on last. */
  #redrawnAt = Number.NEGATIVE_INFINITY;

  constructor(options: LineFeedOptions) {
    this.#options = options;
  }

  push(bytes: Uint8Array): LogEntry[] {
    return this.#take(this.#decoder.decode(bytes, { stream: true }));
  }

  /** What is left when the stream has ended. */
  end(): LogEntry[] {
    const entries = this.#take(this.#decoder.decode());
    for (const line of this.#splitter.end()) entries.push(...this.#parts(line, false));
    if (this.#open !== null) entries.push(...this.#parts("", false));
    return entries;
  }

  #take(text: string): LogEntry[] {
    const entries = this.#splitter.push(text).flatMap((line) => this.#parts(line, false));
    if (this.#splitter.waitingChars > MAX_WAITING_CHARS || this.#isRedrawn(text)) {
      entries.push(...this.#takeWaiting());
    }
    return entries;
  }

  /** What waits is a line that has been redrawn, and its readers have waited long enough. */
  #isRedrawn(text: string): boolean {
    const { redrawMs, now } = this.#options;
    if (redrawMs === undefined) return false;
    const end = text.lastIndexOf("\n");
    const last = text.slice(end + 1);
    const isRedrawn = /\r./s.test(last) || (this.#isReturned && end < 0 && last !== "");
    this.#isReturned = last.includes("\r") || (this.#isReturned && end < 0);
    if (!isRedrawn || now() - this.#redrawnAt < redrawMs) return false;
    this.#redrawnAt = now();
    return true;
  }

  #takeWaiting(): LogEntry[] {
    const waiting = this.#splitter.takeWaiting();
    // It may be half of the line's ending.
    const isHalf = waiting.endsWith("\r");
    if (isHalf) this.#splitter.push("\r");
    const part = isHalf ? waiting.slice(0, -1) : waiting;
    return part === "" ? [] : this.#parts(part, true);
  }

  #parts(text: string, goesOn: boolean): LogEntry[] {
    const heading = this.#open ?? this.#headingOf(text);
    const parts = splitAtCodePoints(text, MAX_PART_BYTES, partCost);
    this.#open = goesOn ? heading : null;
    return parts.map((line, i) => this.#entry(heading, line, goesOn || i < parts.length - 1));
  }

  #headingOf(line: string): Heading {
    const stage = this.#options.stages.stageOf(line);
    return { ts: this.#options.now(), level: levelOfLine(line), ...(stage !== undefined && { stage }) };
  }

  #entry({ ts, level, stage }: Heading, line: string, more: boolean): LogEntry {
    const { stream, marks } = this.#options;
    return {
      kind: "log",
      ts,
      level,
      line,
      ...(stage !== undefined && { stage }),
      stream,
      ...marks?.(line, more),
      ...(more && { more }),
    };
  }
}

/** An entry's JSON may be twice as long as its line. */
function partCost(codePoint: number): number {
  return Math.max(codePointBytes(codePoint), jsonCodePointBytes(codePoint) / 2);
}
