import { Component } from "preact";
import { formatNumber } from "../i18n/format.ts";
import { words } from "../i18n/language.ts";
import type { LogModel } from "../models/log_model.ts";
import type { ViewRow } from "../rows/row_layout.ts";
import { LogLine } from "./LogLine.tsx";
import { StageRow } from "./StageRow.tsx";

export interface LogRowProps {
  readonly model: LogModel;
  readonly row: ViewRow;
}

/** One row of the view, by its kind. */
export function LogRow({ model, row }: LogRowProps) {
  if (row.kind === "dropped") {
    const count = formatNumber(words.value, model.buffer.store.base);
    return <div class="row row-note">{words.value.dropped(count)}</div>;
  }
  if (row.kind === "stage") return <StageRow model={model} stage={row.stage} />;
  const kind = model.buffer.store.kind(row.row);
  if (kind === "gap") return <GapRow model={model} row={row.row} />;
  return (
    <LineRow
      model={model}
      row={row.row}
      isRedacted={kind === "redacted"}
      pattern={model.view.pattern}
      isTarget={model.view.target.value === model.buffer.store.read(row.row)?.cursor}
      isAfterStage={row.afterStage === true}
      words={words.value}
    />
  );
}

function GapRow({ model, row }: { readonly model: LogModel; readonly row: number }) {
  const frame = model.buffer.gapAt(row);
  if (frame === null) return <div class="row row-gap" />;
  const { gap, gapOpen, gapReasons } = words.value;
  const reason = gapReasons[frame.reason];
  const number = (value: number): string => formatNumber(words.value, value);
  const text =
    frame.to === null || frame.count === null
      ? gapOpen(reason)
      : gap(number(frame.from), number(frame.to), number(frame.count), reason);
  return <div class="row row-gap">⚠ {text}</div>;
}

interface LineRowProps {
  readonly model: LogModel;
  readonly row: number;
  readonly isRedacted: boolean;
  readonly pattern: RegExp | null;
  readonly isTarget: boolean;
  readonly isAfterStage: boolean;
  readonly words: typeof words.value;
}

/** A line changes only by what its props say: most rows of a frame were there in the frame before. */
class LineRow extends Component<LineRowProps> {
  override shouldComponentUpdate(next: LineRowProps): boolean {
    const now = this.props;
    return (
      next.row !== now.row ||
      next.isRedacted !== now.isRedacted ||
      next.pattern !== now.pattern ||
      next.isTarget !== now.isTarget ||
      next.isAfterStage !== now.isAfterStage ||
      next.words !== now.words
    );
  }

  render({ model, row, pattern, isTarget, isAfterStage }: LineRowProps) {
    const line = model.buffer.store.read(row);
    if (line === null) return null;
    const style = model.buffer.styleOf(line.style);
    const marks = `${isTarget ? " target" : ""}${isAfterStage ? " after-stage" : ""}`;
    return <LogLine line={line} style={style} pattern={pattern} marks={marks} />;
  }
}
