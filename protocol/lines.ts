/** Lines of text: one ends at `\n` or `\r\n`; a lone `\r` stays in its line. */

/** Splits whole text; a last line without an ending counts, an empty rest does not. */
export function splitLines(text: string): string[] {
  const splitter = new LineSplitter();
  const lines = splitter.push(text);
  lines.push(...splitter.end());
  return lines;
}

/** Splits text that arrives in pieces, cut anywhere. Holds at most one unfinished line. */
export class LineSplitter {
  #rest = "";

  /** How many characters wait for their line's end. */
  get waitingChars(): number {
    return this.#rest.length;
  }

  /** The lines that this piece completes. */
  push(piece: string): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = piece.indexOf("\n"); end >= 0; end = piece.indexOf("\n", start)) {
      const line = this.#rest + piece.slice(start, end);
      this.#rest = "";
      lines.push(line.endsWith("\r") ? line.slice(0, -1) : line);
      start = end + 1;
    }
    this.#rest += piece.slice(start);
    return lines;
  }

  /** What is left when the text has ended: no line, or the last one. */
  end(): string[] {
    const rest = this.#rest;
    this.#rest = "";
    return rest === "" ? [] : [rest];
  }

  /**
   * Takes out the unfinished line so far; what follows belongs to the same line. A last `\r` stays waiting: it
   * may be half of the line's end.
   */
  takeWaiting(): string {
    const taken = this.#rest.endsWith("\r") ? this.#rest.slice(0, -1) : this.#rest;
    this.#rest = this.#rest.slice(taken.length);
    return taken;
  }
}
