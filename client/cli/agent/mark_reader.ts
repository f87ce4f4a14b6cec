import { type Marks, readMarks } from "./marks.ts";

/** Colours and cursor moves (CSI), titles and the like (OSC), and the two-byte sequences of ECMA-48. */
const escapes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-OQ-WYZ\\^_`-~])/g;

/** What a line shows is looked for in so many of its last characters. */
const keptChars = 1_024;

/** Reads marks of lines that come in parts: of a line that is redrawn by `\r`, what it shows last. */
export class MarkReader {
  #shown = "";

  /** `goesOn`: the next part belongs to the same line. */
  read(part: string, goesOn: boolean): Marks {
    const shown = lastDrawn(this.#shown + part);
    this.#shown = goesOn ? shown.slice(-keptChars) : "";
    return readMarks(shown.replaceAll(escapes, ""));
  }
}

/** What stands after the last `\r` that something follows; a `\r` at the end redraws nothing yet. */
function lastDrawn(text: string): string {
  const drawn = text.endsWith("\r") ? text.slice(0, -1) : text;
  return drawn.slice(drawn.lastIndexOf("\r") + 1);
}
