import type { Style } from "./style.ts";

/** A stretch of one line that looks one way. */
export interface Run {
  readonly text: string;
  readonly style: Style;
  /** The address it links to. */
  readonly link: string | null;
}

/** How far right an empty line's cursor can be moved: more would let a few bytes fill the memory with blanks. */
export const maxColumns = 4096;

const tabStop = 8;
const combining = /^\p{M}|^\u200d/u;

/**
 * One line of a terminal, on which text can be written over: a cell is a character with the marks that
 * combine with it. There are at most as many cells as the line has characters, and {@link maxColumns}.
 */
export class Cells {
  readonly #texts: string[] = [];
  readonly #styles: Style[] = [];
  readonly #links: (string | null)[] = [];
  #cursor = 0;

  write(text: string, style: Style, link: string | null): void {
    for (const character of text) {
      if (this.#cursor > 0 && combining.test(character)) this.#combine(character);
      else this.#put(character, style, link);
    }
  }

  /** Moves the cursor to a column, from 0. */
  moveTo(column: number): void {
    this.#cursor = Math.min(Math.max(column, 0), Math.max(this.#texts.length, maxColumns));
  }

  moveBy(columns: number): void {
    this.moveTo(this.#cursor + columns);
  }

  tab(): void {
    this.moveTo((Math.floor(this.#cursor / tabStop) + 1) * tabStop);
  }

  /** Erases in line (EL): 0 from the cursor, 1 up to it, 2 everything. */
  erase(mode: number, style: Style): void {
    if (mode === 0) this.#cut(this.#cursor);
    if (mode === 2) this.#cut(0);
    const end = Math.min(this.#cursor + 1, this.#texts.length);
    for (let column = 0; mode === 1 && column < end; column++) this.#set(column, " ", style, null);
  }

  runs(): Run[] {
    const runs: Run[] = [];
    let from = 0;
    for (let column = 1; column <= this.#texts.length; column++) {
      const isSame = this.#styles[column] === this.#styles[from] && this.#links[column] === this.#links[from];
      if (isSame && column < this.#texts.length) continue;
      const style = this.#styles[from];
      const text = this.#texts.slice(from, column).join("");
      if (style !== undefined) runs.push({ text, style, link: this.#links[from] ?? null });
      from = column;
    }
    return runs;
  }

  #put(character: string, style: Style, link: string | null): void {
    for (let column = this.#texts.length; column < this.#cursor; column++) {
      this.#set(column, " ", style, null);
    }
    this.#set(this.#cursor, character, style, link);
    this.#cursor += 1;
  }

  /** At most a few marks a cell: unbounded ones would paint over the rows above and below. */
  #combine(mark: string): void {
    const before = this.#texts[this.#cursor - 1];
    if (before !== undefined && before.length < 16) this.#texts[this.#cursor - 1] = before + mark;
  }

  #set(column: number, text: string, style: Style, link: string | null): void {
    this.#texts[column] = text;
    this.#styles[column] = style;
    this.#links[column] = link;
  }

  #cut(column: number): void {
    if (column >= this.#texts.length) return;
    this.#texts.length = column;
    this.#styles.length = column;
    this.#links.length = column;
  }
}
