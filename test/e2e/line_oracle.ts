/** What a program's bytes are as lines, by definition and not by the code that is tested. */

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A line ends at `\n` or `\r\n`; what follows the last ending is a line if it is not empty. */
export function linesByBytes(bytes: Buffer): string[] {
  // In latin1 a character is a byte: nothing is decoded before the lines are cut.
  const parts = bytes.toString("latin1").split("\n");
  const rest = parts.pop() ?? "";
  const lines = parts.map((part) => (part.endsWith("\r") ? part.slice(0, -1) : part));
  if (rest !== "") lines.push(rest);
  return lines.map((line) => decoder.decode(Buffer.from(line, "latin1")));
}

/** The channel's text: each line and `\n`. */
export function textOfLines(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(""));
}
