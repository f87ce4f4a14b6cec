import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { words } from "../i18n/language.ts";
import type { LogModel } from "../models/log_model.ts";
import { rowHeight } from "../rows/scale.ts";
import { focusQuietly } from "./focus_quietly.ts";
import { LogRow } from "./LogRow.tsx";
import { NewLinesPill } from "./NewLinesPill.tsx";
import { watchScrolling } from "./watch_scrolling.ts";

interface LogRowsProps {
  readonly model: LogModel;
}

/**
 * The rows in sight and some around them, at their place in an element as high as the whole log (or as high
 * as browsers allow).
 */
export function LogRows({ model }: LogRowsProps) {
  const scroller = useRef<HTMLElement>(null);
  const { view } = model;
  void view.version.value;
  const { position } = view;
  const { first, end } = position.range;
  useEffect(() => (scroller.current === null ? undefined : watchScrolling(scroller.current, view)), [view]);
  // Its keys scroll from the start.
  useEffect(() => (scroller.current === null ? undefined : focusQuietly(scroller.current)), []);
  useLayoutEffect(() => {
    const element = scroller.current;
    const moved = position.takeMove();
    if (element !== null && moved !== null) element.scrollTop = moved;
  });
  // Under compression the rows belong near the scroll bar's place, not at their own.
  const offset = first * rowHeight - position.top + position.scrollTop;
  return (
    <div class="log-frame">
      <section
        class="log"
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={words.value.log}
        // A scrolled region must be reachable by keyboard.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: WCAG 2.1.1, as axe's scrollable-region-focusable asks
        tabIndex={0}
      >
        <div class="log-height" style={{ height: `${position.scale.scrollHeight}px` }}>
          <div class="log-rows" style={{ top: `${offset}px` }}>
            {rowsOf(model, first, end)}
          </div>
        </div>
      </section>
      <EmptyLog model={model} />
      <NewLinesPill model={model} />
    </div>
  );
}

function rowsOf(model: LogModel, first: number, end: number): ComponentChildren {
  const rows: ComponentChildren[] = [];
  for (let index = first; index < end; index++) {
    const row = model.view.layout.at(index);
    if (row === null) break;
    const key = row.kind === "dropped" ? "dropped" : `${row.kind}${row.row}`;
    rows.push(<LogRow key={key} model={model} row={row} />);
  }
  return rows;
}

function EmptyLog({ model }: LogRowsProps) {
  void model.view.version.value;
  if (model.view.layout.count > 0) return null;
  const { noLines, noMatch, waitingForLines } = words.value;
  const isEnded = model.facts.end.value !== null;
  const text = model.view.pattern !== null ? noMatch : isEnded ? noLines : waitingForLines;
  return <p class="log-empty hint">{text}</p>;
}
