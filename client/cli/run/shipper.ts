import { setImmediate as nextTurn } from "node:timers/promises";
import type { EndStatus, LogEntry } from "../../../protocol/mod.ts";
import { type ClientProblem, Producer } from "../../sdk/mod.ts";
import type { Target } from "../target.ts";
import { LineFeed } from "./line_feed.ts";
import { Pace } from "./pace.ts";
import { StageTracker } from "./stage_tracker.ts";

export interface ShipperOptions {
  readonly target: Target;
  /** `kind/id`. */
  readonly channel: string;
  readonly project?: string | undefined;
  readonly stage?: string | undefined;
  /** How long what is left may take at the end. */
  readonly drainMs: number;
  /** The same for a gateway that has not answered once. */
  readonly unseenDrainMs: number;
  /** The gateway has refused for good: nothing more is sent. Told once. */
  readonly onRefused: (problem: ClientProblem) => void;
}

/** How a run ended, as the channel's readers are told. */
export interface RunEnd {
  readonly status: EndStatus;
  readonly exitCode?: number;
  readonly signal?: string;
}

/** What did not reach the gateway; with `lost: 0` and no problem everything did. */
export interface Delivery {
  readonly lost: number;
  readonly problem: ClientProblem | null;
}

/** Twice what holds a run back: room for what is on its way when it is held. */
const MAX_QUEUE_BYTES = 8 * 1024 * 1024;

/** Turns a run's output into entries and sends them, in bounded memory. */
export class Shipper {
  readonly #feeds: Readonly<Record<"stdout" | "stderr", LineFeed>>;
  readonly #producer: Producer;
  readonly #pace: Pace;
  readonly #options: ShipperOptions;
  #lost = 0;
  #problem: ClientProblem | null = null;
  #wasAnswered = false;

  constructor(options: ShipperOptions) {
    const { target, channel, project, stage } = options;
    const stages = new StageTracker(stage);
    const feed = (stream: "stdout" | "stderr") => new LineFeed({ stream, stages, now: Date.now });
    this.#feeds = { stdout: feed("stdout"), stderr: feed("stderr") };
    this.#options = options;
    this.#producer = new Producer({
      ...target,
      channel,
      ...(project !== undefined && { project }),
      maxQueueBytes: MAX_QUEUE_BYTES,
      fetch: (input, init) => this.#fetch(input, init),
      onDropped: (count) => {
        this.#lost += count;
      },
      onProblem: (problem) => this.#noteProblem(problem),
    });
    this.#pace = new Pace({
      waitingBytes: () => this.#producer.waitingBytes,
      now: () => performance.now(),
    });
  }

  /** Answers when the next chunk may come, or null for at once. */
  push(stream: "stdout" | "stderr", chunk: Uint8Array): Promise<void> | null {
    this.#append(this.#feeds[stream].push(chunk));
    return this.#pace.hold();
  }

  /** Adds a line of our own. */
  note(line: string): void {
    this.#producer.append({ line: `tailrace: ${line}`, level: "error", stream: "stderr" });
  }

  /** Sends what is left and seals the channel, within the drain's time. */
  async finish(end: RunEnd): Promise<Delivery> {
    for (const feed of Object.values(this.#feeds)) this.#append(feed.end());
    const drainMs = this.#wasAnswered ? this.#options.drainMs : this.#options.unseenDrainMs;
    const result = await this.#producer.end(end, drainMs);
    // A batch that was in flight is counted when its request has been given up.
    await nextTurn();
    if (result.ok) return { lost: this.#lost, problem: this.#lost > 0 ? this.#problem : null };
    if (this.#lost === 0 || this.#problem !== null) {
      return { lost: this.#lost, problem: this.#problem ?? result.problem };
    }
    const what = this.#wasAnswered ? "did not take everything" : "did not answer";
    const message = `The gateway ${what} within ${drainMs} ms.`;
    return { lost: this.#lost, problem: { code: "network_failed", message } };
  }

  /** Ends the drain early. */
  abort(): void {
    this.#producer.close();
  }

  #append(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#producer.append(entry);
  }

  /** What ended the streaming says more than what followed from it. */
  #noteProblem(problem: ClientProblem): void {
    if (this.#problem?.final === true) return;
    this.#problem = problem;
    if (problem.final === true) this.#options.onRefused(problem);
  }

  async #fetch(...args: Parameters<typeof fetch>): Promise<Response> {
    try {
      const response = await fetch(...args);
      this.#wasAnswered = true;
      if (response.ok) this.#pace.answered();
      else this.#pace.failed();
      return response;
    } catch (error) {
      this.#pace.failed();
      throw error;
    }
  }
}
