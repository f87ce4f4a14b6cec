import { type Entry, type GapFrame, type LogEntry, limits, otherStages } from "../../../protocol/mod.ts";
import { styleAfter } from "../ansi/line.ts";
import { plainStyle, type Style } from "../ansi/style.ts";
import { Sections } from "../rows/sections.ts";
import { Interner } from "./interner.ts";
import { noStage } from "./line_chunk.ts";
import { LineStore, maxRows } from "./line_store.ts";

/** Styles that a log's lines can begin in: as many as a row's column numbers. Past it they begin plain. */
const maxStyles = 0xffff;

/** A stage's own figures among what was read. */
export interface StageTally {
  /** Lines with level `error` or `fatal`. */
  readonly errors: number;
  readonly fatals: number;
  readonly warnings: number;
}

const noTally: StageTally = { errors: 0, fatals: 0, warnings: 0 };

/** Turns what a channel sends into rows, and rows into sections. */
export class LogBuffer {
  readonly store: LineStore;
  readonly sections = new Sections();
  readonly #stages = new Interner<string>(limits.stages, otherStages, (name) => name);
  readonly #styles = new Interner<Style>(maxStyles, plainStyle, styleKey);
  readonly #gaps = new Map<number, GapFrame>();
  readonly #tallies = new Map<number, StageTally>();
  #stage = noStage;
  #lastStage = noStage;
  #style: Style = plainStyle;
  #firstTs: number | null = null;
  #lastTs: number | null = null;

  constructor(limit: number = maxRows) {
    this.store = new LineStore(limit);
  }

  add(entry: Entry, cursor: number): void {
    this.#firstTs ??= entry.ts;
    this.#lastTs = entry.ts;
    if (entry.kind === "event") {
      const text = `${entry.event} ${JSON.stringify(entry.data)}`;
      this.#append("event", cursor, { ts: entry.ts, level: "info", text, more: false });
    } else {
      this.#enter(entry.stage === undefined ? noStage : this.#stages.numberOf(entry.stage));
      this.#addLine(entry, cursor);
    }
  }

  /** A gap is a row of its own, outside every stage, so that no fold hides it. */
  addGap(frame: GapFrame): void {
    this.#enter(noStage);
    this.#style = plainStyle;
    this.#gaps.set(this.store.end, frame);
    this.#append("gap", frame.from, { ts: this.#lastTs ?? 0, level: "warn", text: "", more: false });
  }

  /** The gap that a row stands for. */
  gapAt(row: number): GapFrame | null {
    return this.#gaps.get(row) ?? null;
  }

  stageName(stage: number): string {
    return this.#stages.valueOf(stage) ?? "";
  }

  stageNumber(name: string): number {
    return this.#stages.numberOf(name);
  }

  styleOf(number: number): Style {
    return this.#styles.valueOf(number) ?? plainStyle;
  }

  /** The stage of the newest line that has one; `noStage` before. */
  get lastStage(): number {
    return this.#lastStage;
  }

  tallyOf(stage: number): StageTally {
    return this.#tallies.get(stage) ?? noTally;
  }

  /** Times of the first and the newest entry read, in epoch milliseconds. */
  get firstTs(): number | null {
    return this.#firstTs;
  }

  get lastTs(): number | null {
    return this.#lastTs;
  }

  #enter(stage: number): void {
    if (stage === this.#stage) return;
    this.#stage = stage;
    if (stage !== noStage) this.#lastStage = stage;
    // Another stage is another program: what one left coloured does not colour the next.
    this.#style = plainStyle;
  }

  #addLine(entry: LogEntry, cursor: number): void {
    this.#append("line", cursor, {
      ts: entry.ts,
      level: entry.level,
      text: entry.line,
      more: entry.more === true,
    });
    this.#style = styleAfter(entry.line, this.#style);
    const isError = entry.level === "error" || entry.level === "fatal";
    if (entry.more || (!isError && entry.level !== "warn")) return;
    const { errors, fatals, warnings } = this.tallyOf(this.#stage);
    this.#tallies.set(this.#stage, {
      errors: errors + (isError ? 1 : 0),
      fatals: fatals + (entry.level === "fatal" ? 1 : 0),
      warnings: warnings + (isError ? 0 : 1),
    });
  }

  #append(
    kind: "line" | "event" | "gap",
    cursor: number,
    line: { ts: number; level: LogEntry["level"]; text: string; more: boolean },
  ): void {
    const base = this.store.base;
    this.store.append({
      kind,
      cursor,
      stage: this.#stage,
      style: this.#styles.numberOf(this.#style),
      ...line,
    });
    this.sections.append(this.#stage);
    if (this.store.base === base) return;
    this.sections.trim(this.store.base);
    for (const row of this.#gaps.keys()) if (row < this.store.base) this.#gaps.delete(row);
  }
}

function styleKey(style: Style): string {
  return `${style.foreground}/${style.background}/${style.attributes}`;
}
