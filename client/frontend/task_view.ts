import type { DMessage } from "../../protocol/dialects/d_message.ts";
import type { TaskStatus } from "../../protocol/dialects/d_rest.ts";
import { element, plainLine } from "./elements.ts";
import type { Phase } from "./feed_machine.ts";
import { addLook } from "./look.ts";
import { RowWindow } from "./row_window.ts";
import { noSteps, type Steps, takeStep } from "./steps.ts";
import type { Words } from "./words.ts";

type Row = DMessage | { readonly note: string };

/** How near to its end a log is followed, in pixels. */
const followPx = 24;

/** A task in a page: status, connection, progress bar, steps and lines. Drawn once a frame. */
export class TaskView {
  readonly #words: Words;
  readonly #window: RowWindow<Row>;
  readonly #root: HTMLElement;
  readonly #status: HTMLElement;
  readonly #connection: HTMLElement;
  readonly #bar: HTMLElement;
  readonly #fill: HTMLElement;
  readonly #stepList: HTMLElement;
  readonly #gone: HTMLElement;
  readonly #rows: HTMLElement;
  readonly #log: HTMLElement;
  #steps: Steps = noSteps;
  #drawn: Steps = noSteps;
  #progress = 0;
  #end: TaskStatus | null = null;
  #frame = 0;

  constructor(container: Element, taskId: string, maxRows: number, words: Words) {
    addLook();
    this.#words = words;
    this.#window = new RowWindow(maxRows);
    this.#status = element("strong", "tailrace-status", { role: "status" }, words.statuses.waiting);
    this.#connection = element("span", "tailrace-connection");
    this.#fill = element("div", "tailrace-fill");
    const range = { "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": "0" };
    const bar = { role: "progressbar", "aria-label": words.progress, ...range };
    this.#bar = element("div", "tailrace-bar", bar, this.#fill);
    this.#stepList = element("ol", "tailrace-steps", { "aria-label": words.steps });
    this.#gone = element("div", "tailrace-note", { hidden: "" });
    this.#rows = element("div", "tailrace-rows");
    const log = {
      role: "log",
      "aria-live": "polite",
      "aria-label": words.log,
      "aria-busy": "true",
      tabindex: "0",
    };
    this.#log = element("div", "tailrace-log", log, this.#gone, this.#rows);
    const head = element("div", "tailrace-head", {}, this.#status, this.#connection);
    const parts = [head, this.#bar, this.#stepList, this.#log];
    this.#root = element("section", "tailrace", { "aria-label": words.task(taskId) }, ...parts);
    container.append(this.#root);
  }

  show(messages: readonly DMessage[]): void {
    for (const message of messages) {
      this.#window.add(message);
      this.#steps = takeStep(this.#steps, message);
      this.#progress = message.progress ?? this.#progress;
    }
    this.#drawSoon();
  }

  note(text: string): void {
    this.#window.add({ note: text });
    this.#drawSoon();
  }

  phase(phase: Phase): void {
    if (this.#root.dataset["connection"] === phase.name) return;
    this.#root.dataset["connection"] = phase.name;
    this.#connection.textContent = this.#words.phases[phase.name];
    if (phase.name === "refused") this.note(phase.detail);
    if (phase.name === "ended") this.#finish(phase.status);
    // A screen reader is not read what was there before, line by line.
    this.#log.setAttribute("aria-busy", String(phase.name === "replaying"));
    this.#drawSoon();
  }

  remove(): void {
    cancelAnimationFrame(this.#frame);
    this.#root.remove();
  }

  #finish(status: TaskStatus): void {
    this.#end = status;
    this.#progress = status.progress ?? this.#progress;
    this.#steps = takeStep(this.#steps, status);
  }

  #drawSoon(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    this.#drawStatus();
    this.#fill.style.width = `${this.#progress}%`;
    this.#bar.setAttribute("aria-valuenow", String(this.#progress));
    this.#drawSteps();
    if (!this.#window.isEmpty) this.#drawRows();
  }

  #drawStatus(): void {
    const { statuses, exitCode } = this.#words;
    const isRunning = this.#rows.hasChildNodes() || !this.#window.isEmpty;
    const status = this.#end?.status ?? (isRunning ? "running" : "waiting");
    const code = this.#end?.exit_code ?? 0;
    const text = code === 0 ? statuses[status] : `${statuses[status]} (${exitCode(code)})`;
    // Writing the same text anew would have it read out again.
    if (this.#status.textContent !== text) this.#status.textContent = text;
    this.#root.dataset["status"] = status;
  }

  #drawSteps(): void {
    if (this.#steps === this.#drawn && this.#end === null) return;
    this.#drawn = this.#steps;
    const { steps, total } = this.#steps;
    const items = steps.map(({ number, name }, place) => {
      const isLast = place === steps.length - 1;
      const of = total === null ? "" : ` (${number}/${total})`;
      const item = element(
        "li",
        "tailrace-step",
        { "data-state": this.#stateOf(isLast) },
        `${name || number}${of}`,
      );
      if (isLast && this.#end === null) item.setAttribute("aria-current", "step");
      return item;
    });
    this.#stepList.replaceChildren(...items);
  }

  #stateOf(isLast: boolean): "done" | "running" | "failed" {
    if (!isLast || this.#end?.success) return "done";
    return this.#end === null ? "running" : "failed";
  }

  #drawRows(): void {
    const log = this.#log;
    const isFollowed = log.scrollHeight - log.scrollTop - log.clientHeight <= followPx;
    const { rows, remove } = this.#window.take();
    this.#rows.append(...rows.map(rowOf));
    for (let i = 0; i < remove; i++) this.#rows.firstChild?.remove();
    this.#gone.hidden = this.#window.gone === 0;
    this.#gone.textContent = this.#words.gone(this.#window.gone);
    if (isFollowed) log.scrollTop = log.scrollHeight;
  }
}

function rowOf(row: Row): HTMLElement {
  if ("note" in row) return element("div", "tailrace-note", {}, row.note);
  const { timestamp, level, message } = row;
  const time = element("time", "tailrace-time", { datetime: timestamp }, timestamp.slice(11, 19));
  const mark = level === "INFO" ? [] : [element("span", "tailrace-level", {}, level)];
  const line = element("span", "tailrace-text", {}, plainLine(message));
  return element("div", "tailrace-line", { "data-level": level }, time, ...mark, line);
}
