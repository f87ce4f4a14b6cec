import { type Level, levels } from "../../../protocol/mod.ts";

/** Rows a chunk holds: few enough to build again in a blink, enough to make their overhead disappear. */
export const chunkRows = 1024;

export const rowKinds = ["line", "event", "gap", "redacted"] as const;
export type RowKind = (typeof rowKinds)[number];

/** One row of a log, as it is put in and read back. */
export interface LogRow {
  readonly kind: RowKind;
  /** A gap's is its first missing one. */
  readonly cursor: number;
  /** Epoch milliseconds. */
  readonly ts: number;
  readonly level: Level;
  /** Number of its stage, or {@link noStage}. */
  readonly stage: number;
  /** The line goes on in the next row. */
  readonly more: boolean;
  /** The line; of an event its name and data; of a gap nothing. */
  readonly text: string;
  /** Number of the style the line begins in. */
  readonly style: number;
}

export const noStage = 0xffff;

const beyondLatin1 = /[^\x00-\xff]/;

/**
 * Up to {@link chunkRows} rows, one column an array. A full chunk keeps its lines as one string where it
 * can, for a million strings of their own cost their headers.
 */
export class LineChunk {
  readonly #kinds = new Uint8Array(chunkRows);
  readonly #levels = new Uint8Array(chunkRows);
  readonly #stages = new Uint16Array(chunkRows);
  readonly #styles = new Uint16Array(chunkRows);
  readonly #more = new Uint8Array(chunkRows);
  readonly #cursors = new Float64Array(chunkRows);
  readonly #times = new Float64Array(chunkRows);
  #texts: string[] | null = [];
  #joined = "";
  #ends = new Uint32Array(0);
  length = 0;

  add(row: LogRow): void {
    const at = this.length;
    this.#kinds[at] = rowKinds.indexOf(row.kind);
    this.#levels[at] = levels.indexOf(row.level);
    this.#stages[at] = row.stage;
    this.#styles[at] = row.style;
    this.#more[at] = row.more ? 1 : 0;
    this.#cursors[at] = row.cursor;
    this.#times[at] = row.ts;
    this.#texts?.push(row.text);
    this.length += 1;
    if (this.length === chunkRows) this.#join();
  }

  read(at: number): LogRow {
    return {
      kind: this.kind(at),
      cursor: this.cursor(at),
      ts: this.#times[at] ?? 0,
      level: levels[this.#levels[at] ?? 0] ?? "info",
      stage: this.#stages[at] ?? noStage,
      more: this.#more[at] === 1,
      text: this.text(at),
      style: this.#styles[at] ?? 0,
    };
  }

  kind(at: number): RowKind {
    return rowKinds[this.#kinds[at] ?? 0] ?? "line";
  }

  cursor(at: number): number {
    return this.#cursors[at] ?? 0;
  }

  /** Whether the row ends a line of the log. */
  isWholeLine(at: number): boolean {
    return this.#kinds[at] === 0 && this.#more[at] === 0;
  }

  text(at: number): string {
    if (this.#texts !== null) return this.#texts[at] ?? "";
    return this.#joined.slice(at === 0 ? 0 : this.#ends[at - 1], this.#ends[at]);
  }

  /** Takes a row's text away. */
  redact(at: number): void {
    const texts = Array.from({ length: this.length }, (_, each) => (each === at ? "" : this.text(each)));
    this.#kinds[at] = rowKinds.indexOf("redacted");
    this.#texts = texts;
    if (this.length === chunkRows) this.#join();
  }

  /** One character past Latin-1 makes a whole string take two bytes a character: then the lines stay apart. */
  #join(): void {
    const texts = this.#texts ?? [];
    if (texts.some((text) => beyondLatin1.test(text))) return;
    this.#ends = new Uint32Array(texts.length);
    let end = 0;
    for (const [at, text] of texts.entries()) {
      end += text.length;
      this.#ends[at] = end;
    }
    this.#joined = texts.join("");
    this.#texts = null;
  }
}
