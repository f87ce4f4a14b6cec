import type { TaskStatus } from "../../protocol/dialects/d_rest.ts";
import { Gateway, type GatewayOptions } from "./gateway.ts";
import { scriptUrl } from "./script_url.ts";
import { TaskFeed } from "./task_feed.ts";
import { TaskView } from "./task_view.ts";
import { wordsFor } from "./words.ts";

export interface ViewerOptions extends GatewayOptions {
  /** Begins after this offset; 0, with the first line, when left out. */
  readonly offset?: number;
  /** Lines that stand in the page at most, the newest; 10 to 100,000, 2,000 when left out. */
  readonly maxRows?: number;
  /** Called once, when the task has ended and everything was read. */
  readonly onEnd?: (status: TaskStatus) => void;
}

/** Shows a task in an element of the page, from its first line to its end, until it is destroyed. */
export class InstallLogViewer {
  readonly taskId: string;
  readonly #feed: TaskFeed;
  readonly #view: TaskView;

  /** Throws where the page has no such element. */
  constructor(taskId: string, container: string | Element, options: ViewerOptions = {}) {
    const found = typeof container === "string" ? document.getElementById(container) : container;
    if (found === null) throw new Error(`The page has no element with the id ${JSON.stringify(container)}.`);
    const words = wordsFor(document.documentElement.lang);
    const maxRows = Math.min(100_000, Math.max(10, Math.floor(options.maxRows ?? 2_000)));
    const view = new TaskView(found, taskId, maxRows, words);
    this.taskId = taskId;
    this.#view = view;
    this.#feed = new TaskFeed(new Gateway(options, scriptUrl), taskId, options.offset ?? 0, {
      onMessages: (messages) => view.show(messages),
      onLost: (from, to) => view.note(words.lost(from, to)),
      onPhase(phase) {
        view.phase(phase);
        if (phase.name === "ended") options.onEnd?.(phase.status);
      },
    });
    this.#feed.start();
  }

  /** Ends the connection and takes the viewer out of the page. */
  destroy(): void {
    this.#feed.stop();
    this.#view.remove();
  }
}
