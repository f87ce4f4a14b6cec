/**
 * A log's text on a terminal: colours may stay, but a log must not move the cursor, set the title, write the
 * clipboard or make the terminal answer.
 */

const sequences = new RegExp(
  [
    // CSI; those that end in m are colours and styles.
    /\x1b\[(?<csi>[0-?]*[ -/]*[@-~])/,
    // OSC up to BEL or ST, and the other strings up to ST.
    /\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)/,
    /\x1b[PX^_][^\x1b]*(?:\x1b\\|$)/,
    // All other escapes, and controls but tab and CR.
    /\x1b[ -/]*[0-~]?/,
    /[\x00-\x08\x0a-\x0c\x0e-\x1f\x7f-\x9f]/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "g",
);

const style = /^[0-9;:]*m$/;

/** The line without escape sequences and control characters; `keepColor` leaves colours and styles. */
export function withoutEscapes(line: string, keepColor: boolean): string {
  return line.replace(sequences, (found, csi: string | undefined) =>
    keepColor && csi !== undefined && style.test(csi) ? found : "",
  );
}
