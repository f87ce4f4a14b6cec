import { type Entry, type EventEntry, type Level, type LogEntry, textOf } from "../../../protocol/mod.ts";
import { type Style, styled } from "../color.ts";
import { withoutEscapes } from "./escapes.ts";

/** How entries are printed: for people, as stored, or for programs. */
export const outputs = ["text", "raw", "ndjson"] as const;
export type Output = (typeof outputs)[number];

export interface PrinterOptions {
  readonly output: Output;
  /** Each line begins with its time, in UTC. */
  readonly hasTimestamps: boolean;
  readonly isColored: boolean;
}

const levelStyles: Partial<Record<Level, Style>> = {
  trace: "dim",
  debug: "dim",
  success: "green",
  warn: "yellow",
  error: "red",
  fatal: "red",
};

/** Makes what is printed of entries, in their order. */
export class Printer {
  readonly #options: PrinterOptions;
  /** The last entry's line goes on in the next one. */
  #isMidLine = false;

  constructor(options: PrinterOptions) {
    this.#options = options;
  }

  /** `entries[i]` has the cursor `first + i`. */
  print(first: number, entries: readonly Entry[]): string {
    switch (this.#options.output) {
      case "ndjson":
        return entries.map((entry, i) => `${JSON.stringify({ cursor: first + i, ...entry })}\n`).join("");
      case "raw":
        return entries.map((entry) => this.#startOf(entry) + textOf(entry)).join("");
      case "text":
        return entries.map((entry) => this.#startOf(entry) + this.#text(entry)).join("");
    }
  }

  #startOf(entry: Entry): string {
    const isMidLine = this.#isMidLine;
    if (entry.kind === "event") return isMidLine || this.#options.output === "raw" ? "" : this.#time(entry);
    this.#isMidLine = entry.more === true;
    return isMidLine ? "" : this.#time(entry);
  }

  #time({ ts }: Entry): string {
    if (!this.#options.hasTimestamps) return "";
    const time = new Date(ts);
    const text = Number.isNaN(time.getTime()) ? String(ts) : time.toISOString();
    return `${styled(text, "dim", this.#options.isColored)} `;
  }

  #text(entry: Entry): string {
    return entry.kind === "log" ? this.#logText(entry) : this.#eventText(entry);
  }

  #logText(entry: LogEntry): string {
    const { isColored } = this.#options;
    const line = withoutEscapes(entry.line, isColored);
    const style = levelStyles[entry.level];
    const shown = style === undefined ? line : styled(line, style, isColored);
    return entry.more ? shown : `${shown}\n`;
  }

  #eventText({ event, data }: EventEntry): string {
    const text = withoutEscapes(`${event} ${JSON.stringify(data)}`, false);
    return `${styled(`• ${text}`, "dim", this.#options.isColored)}\n`;
  }
}
