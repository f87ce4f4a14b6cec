import { useState } from "preact/hooks";
import { parseLine } from "../ansi/line.ts";
import { lookOf } from "../ansi/look.ts";
import { clipRuns, type Piece, piecesOf } from "../ansi/pieces.ts";
import type { Style } from "../ansi/style.ts";
import { formatNumber, formatTime } from "../i18n/format.ts";
import { words } from "../i18n/language.ts";
import type { LogRow } from "../models/line_chunk.ts";

/** Characters of a line that are drawn unless asked for more: laying out a screen of longer ones takes long. */
const clippedChars = 2_000;

export interface LogLineProps {
  readonly line: LogRow;
  /** What the line begins in. */
  readonly style: Style;
  readonly pattern: RegExp | null;
  /** Class names that its place adds, each after a space. */
  readonly marks: string;
}

/** A line of the log, or an event: number, time, level and text. */
export function LogLine({ line, style, pattern, marks }: LogLineProps) {
  const { line: lineName, levelTags, event } = words.value;
  const tag = line.kind === "event" ? event : levelTags[line.level];
  return (
    <div class={`row row-line level-${line.kind === "event" ? "event" : line.level}${marks}`}>
      <a class="number" href={`#L${line.cursor}`} tabIndex={-1} aria-label={lineName(line.cursor)}>
        {line.cursor}
      </a>
      <time class="time">{formatTime(line.ts)}</time>
      <span class="level">{tag}</span>
      {line.kind === "redacted" ? (
        <i class="hint">{words.value.redacted}</i>
      ) : (
        <LineText line={line} style={style} pattern={pattern} />
      )}
    </div>
  );
}

function LineText({ line, style, pattern }: Omit<LogLineProps, "marks">) {
  const [isWhole, setWhole] = useState(false);
  const parsed = parseLine(line.text, style).runs;
  const { runs, rest } = isWhole ? { runs: parsed, rest: 0 } : clipRuns(parsed, clippedChars);
  return (
    <span class="text">
      {piecesOf(runs, pattern).map((piece) => textOf(piece))}
      {rest > 0 && (
        <button type="button" class="rest" onClick={() => setWhole(true)}>
          … {words.value.showAll(formatNumber(words.value, rest))}
        </button>
      )}
      {line.more && (
        <span class="continues" title={words.value.continues}>
          ↩
        </span>
      )}
    </span>
  );
}

/** Text nodes only: nothing of a log is ever read as markup. */
function textOf(piece: Piece) {
  const { className, ...colours } = lookOf(piece.style);
  const text = piece.isMatch ? <mark>{piece.text}</mark> : piece.text;
  const isPlain = className === "" && Object.keys(colours).length === 0;
  if (piece.link === null) {
    return isPlain ? (
      text
    ) : (
      <span class={className} style={colours}>
        {text}
      </span>
    );
  }
  return (
    <a
      class={className}
      style={colours}
      href={piece.link}
      title={piece.link}
      target="_blank"
      rel="noopener noreferrer"
    >
      {text}
    </a>
  );
}
