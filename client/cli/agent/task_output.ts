import type { LogEntry } from "../../../protocol/mod.ts";
import { LineFeed } from "../run/line_feed.ts";
import { StageTracker } from "../run/stage_tracker.ts";
import { MarkReader } from "./mark_reader.ts";
import type { OutputName } from "./read_output.ts";

/** A line that is redrawn is read on so often, in milliseconds, before it has ended. */
const redrawMs = 250;

/** Makes entries of what a script prints, with stages, steps and progress. */
export class TaskOutput {
  readonly #feeds: Readonly<Record<OutputName, LineFeed>>;

  /** `now`: epoch milliseconds. */
  constructor(now: () => number) {
    const stages = new StageTracker();
    const feed = (stream: OutputName): LineFeed => {
      const reader = new MarkReader();
      const marks = (part: string, goesOn: boolean) => reader.read(part, goesOn);
      return new LineFeed({ stream, stages, now, marks, redrawMs });
    };
    this.#feeds = { stdout: feed("stdout"), stderr: feed("stderr") };
  }

  push(stream: OutputName, chunk: Uint8Array): LogEntry[] {
    return this.#feeds[stream].push(chunk);
  }

  /** What is left when the script has ended. */
  end(): LogEntry[] {
    return [...this.#feeds.stdout.end(), ...this.#feeds.stderr.end()];
  }
}
