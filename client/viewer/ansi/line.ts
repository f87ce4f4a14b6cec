import { Cells, type Run } from "./cells.ts";
import { isHyperlink, linkOf } from "./hyperlink.ts";
import { type LineSink, scanLine } from "./scan.ts";
import { applySgr, plainStyle, type Style, sameStyle } from "./style.ts";

/** One line as it is shown: its runs, and the style that the next line begins with. */
export interface StyledLine {
  readonly runs: readonly Run[];
  readonly after: Style;
}

const anyControl = /[\x00-\x1f\x7f-\x9f]/;
/** What moves the cursor or erases before it: only a line with one of these needs cells. */
const anyRedraw = /[\r\b]|(?:\x1b\[|\x9b)(?:\d*[CDG`]|[12]K)/;
const anyColour = /\x1b\[[\d;:]*m/g;
const endingReturns = /\r+$/;

/**
 * Reads a line that begins in `style`. The result holds text and styles, never markup: whoever shows it makes
 * text nodes. A `\r` or a cursor movement within the line shows the final state.
 */
export function parseLine(line: string, style: Style = plainStyle): StyledLine {
  if (!anyControl.test(line)) {
    return { runs: line === "" ? [] : [{ text: line, style, link: null }], after: style };
  }
  // A return at the end moves a cursor that writes nothing more.
  const drawn = line.replace(endingReturns, "");
  const reader = anyRedraw.test(drawn) ? new CellReader(drawn, style) : new RunReader(drawn, style);
  scanLine(drawn, reader);
  return { runs: reader.runs(), after: reader.style };
}

/** The style that the line after this one begins with, without making its runs. */
export function styleAfter(line: string, style: Style): Style {
  if (!line.includes("\x1b") && !line.includes("\x9b")) return style;
  const reader = new StyleReader(style);
  scanLine(line, reader);
  return sameStyle(reader.style, style) ? style : reader.style;
}

/** The line's text as it is shown. Where only colours are to be taken out, a search does it the short way. */
export function plainText(line: string): string {
  if (!anyControl.test(line)) return line;
  const uncoloured = line.replaceAll(anyColour, "");
  if (!anyControl.test(uncoloured)) return uncoloured;
  return parseLine(line)
    .runs.map((run) => run.text)
    .join("");
}

class StyleReader implements LineSink {
  style: Style;

  constructor(style: Style) {
    this.style = style;
  }

  text(_from: number, _to: number): void {}
  command(_body: string): void {}
  move(_control: "\r" | "\b" | "\t"): void {}

  control(parameters: string, final: string): void {
    // A private mark (`>4;1m` sets a keyboard mode) makes it another sequence.
    if (final === "m" && /^[\d;:]*$/.test(parameters)) this.style = applySgr(this.style, parameters);
  }
}

/** Appends runs: for lines whose text is only ever added to. */
class RunReader extends StyleReader {
  readonly #line: string;
  readonly #runs: Run[] = [];
  #link: string | null = null;

  constructor(line: string, style: Style) {
    super(style);
    this.#line = line;
  }

  override text(from: number, to: number): void {
    this.#add(this.#line.slice(from, to));
  }

  override move(control: "\r" | "\b" | "\t"): void {
    if (control === "\t") this.#add("\t");
  }

  override command(body: string): void {
    if (isHyperlink(body)) this.#link = linkOf(body);
  }

  runs(): readonly Run[] {
    return this.#runs;
  }

  #add(text: string): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && last.link === this.#link && sameStyle(last.style, this.style)) {
      this.#runs[this.#runs.length - 1] = { ...last, text: last.text + text };
    } else {
      this.#runs.push({ text, style: this.style, link: this.#link });
    }
  }
}

/** Writes on cells: for lines that are drawn over. */
class CellReader extends StyleReader {
  readonly #line: string;
  readonly #cells = new Cells();
  #link: string | null = null;

  constructor(line: string, style: Style) {
    super(style);
    this.#line = line;
  }

  override text(from: number, to: number): void {
    this.#cells.write(this.#line.slice(from, to), this.style, this.#link);
  }

  override move(control: "\r" | "\b" | "\t"): void {
    if (control === "\r") this.#cells.moveTo(0);
    if (control === "\b") this.#cells.moveBy(-1);
    if (control === "\t") this.#cells.tab();
  }

  override command(body: string): void {
    if (isHyperlink(body)) this.#link = linkOf(body);
  }

  override control(parameters: string, final: string): void {
    super.control(parameters, final);
    const count = /^\d*$/.test(parameters) ? Number(parameters) : 0;
    if (final === "C") this.#cells.moveBy(Math.max(count, 1));
    if (final === "D") this.#cells.moveBy(-Math.max(count, 1));
    if (final === "G" || final === "`") this.#cells.moveTo(Math.max(count, 1) - 1);
    if (final === "K") this.#cells.erase(count, this.style);
  }

  runs(): readonly Run[] {
    return this.#cells.runs();
  }
}
