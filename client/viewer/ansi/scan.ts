/**
 * Reads one line as a terminal does, by the states of ECMA-48: text, escape, control sequence, and the
 * strings (OSC, DCS, APC, PM, SOS) that end with ST or BEL. What is not text never reaches the text: a
 * sequence that does not end with its line is dropped with it.
 *
 *   text ──ESC──► escape ──[──► control sequence ──@…~──► text
 *                       ├──] P _ ^ X──► string ──BEL or ESC \──► text
 *                       └──( ) * + space # %──► one more ──► text
 */

/** Where the scanner puts what it finds. */
export interface LineSink {
  /** `line.slice(from, to)` is text. */
  text(from: number, to: number): void;
  /** `ESC [ parameters final`. */
  control(parameters: string, final: string): void;
  /** `ESC ] body`: a hyperlink, a title, a progress. */
  command(body: string): void;
  /** A carriage return, a backspace or a tab. */
  move(control: "\r" | "\b" | "\t"): void;
}

/** A longer command is dropped: a terminal bounds them too, and a link is far shorter. */
const maxCommandChars = 4096;

const ESC = 0x1b;
const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;
/** The 8-bit forms (C1) of CSI, OSC, and of DCS, SOS, PM, APC; and ST. */
const CSI_8 = 0x9b;
const OSC_8 = 0x9d;
const ST_8 = 0x9c;

export function scanLine(line: string, sink: LineSink): void {
  let from = 0;
  let at = 0;
  while (at < line.length) {
    const code = line.charCodeAt(at);
    if (!isControl(code)) {
      at += 1;
      continue;
    }
    if (at > from) sink.text(from, at);
    at = scanControl(line, at, code, sink);
    from = at;
  }
  if (at > from) sink.text(from, at);
}

/** C0, DEL and C1. */
function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

/** Reads what begins at a control character; answers where text goes on. */
function scanControl(line: string, at: number, code: number, sink: LineSink): number {
  if (code === ESC) return scanEscape(line, at + 1, sink);
  if (code === CSI_8) return scanSequence(line, at + 1, sink);
  if (code === OSC_8) return scanString(line, at + 1, true, sink);
  if (code === 0x90 || code === 0x98 || code === 0x9e || code === 0x9f) {
    return scanString(line, at + 1, false, sink);
  }
  if (code === 0x0d) sink.move("\r");
  if (code === 0x08) sink.move("\b");
  if (code === 0x09) sink.move("\t");
  return at + 1;
}

function scanEscape(line: string, at: number, sink: LineSink): number {
  switch (line[at]) {
    case "[":
      return scanSequence(line, at + 1, sink);
    case "]":
      return scanString(line, at + 1, true, sink);
    case "P":
    case "X":
    case "^":
    case "_":
      return scanString(line, at + 1, false, sink);
  }
  // Intermediates (0x20 to 0x2f: character sets and the like), then one final character.
  let end = at;
  while (isIn(line.charCodeAt(end), 0x20, 0x2f)) end += 1;
  return isIn(line.charCodeAt(end), 0x30, 0x7e) ? end + 1 : end;
}

function scanSequence(line: string, at: number, sink: LineSink): number {
  let end = at;
  while (isIn(line.charCodeAt(end), 0x20, 0x3f)) end += 1;
  if (!isIn(line.charCodeAt(end), 0x40, 0x7e)) {
    const isCancel = line.charCodeAt(end) === CAN || line.charCodeAt(end) === SUB;
    return isCancel ? end + 1 : end;
  }
  sink.control(line.slice(at, end), line.charAt(end));
  return end + 1;
}

/** NaN, which `charCodeAt` gives past the end, is in no range. */
function isIn(code: number, low: number, high: number): boolean {
  return code >= low && code <= high;
}

function scanString(line: string, at: number, isCommand: boolean, sink: LineSink): number {
  let end = at;
  while (end < line.length && !endsString(line.charCodeAt(end))) end += 1;
  const code = line.charCodeAt(end);
  if (end >= line.length) return end;
  const isEnded = code === BEL || code === ST_8 || (code === ESC && line[end + 1] === "\\");
  if (isEnded && isCommand && end - at <= maxCommandChars) sink.command(line.slice(at, end));
  // An escape that is no ST begins a sequence of its own.
  if (code === ESC) return isEnded ? end + 2 : end;
  return end + 1;
}

function endsString(code: number): boolean {
  return code === BEL || code === ST_8 || code === ESC || code === CAN || code === SUB;
}
