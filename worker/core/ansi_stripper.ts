/**
 * Escape sequences as ECMA-48 has them: CSI, the strings (OSC, DCS, SOS, PM, APC) up to BEL or ST, and those of
 * two or three bytes.
 */
const sequences = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-OQ-WYZ\\`-~])/g;

/** One that has begun at the text's end and goes on in what follows. */
const begun = /\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)$/;

/** Longest beginning that is held back for its rest, in characters; a longer one is text. */
const maxHeldChars = 4_096;

/** Takes escape sequences out of lines; one may be cut by the border between the parts of a split line. */
export class AnsiStripper {
  #held = "";

  /** The line without its sequences. `goesOn`: the next part belongs to the same line. */
  strip(part: string, goesOn: boolean): string {
    const text = this.#held + part;
    this.#held = "";
    if (!text.includes("\x1b")) return text;
    const stripped = text.replace(sequences, "");
    const cut = begun.exec(stripped);
    if (cut === null || cut[0].length > maxHeldChars) return stripped;
    if (goesOn) this.#held = cut[0];
    return stripped.slice(0, cut.index);
  }
}
