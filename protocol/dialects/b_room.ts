import type { CommandDownFrame, SummaryFrame } from "../frames/down.ts";
import { limits } from "../limits.ts";
import { Newest } from "./newest.ts";

/** Feedback that an agent was told and has not answered. */
export interface OpenFeedback {
  readonly command: string;
  /** Its cursor; unknown where an earlier socket of the agent was told it. */
  readonly cursor?: number;
}

/** The data of `project_status_sync`: whole at first, later `status` and `agents` alone. */
export type ProjectState = Omit<SummaryFrame, "type" | "channel" | "viewers">;

/** A project that an agent serves: what it was told of it, and which feedback is open. */
export class BRoom {
  /** In the order in which it was told: at most as many as a channel keeps open. */
  readonly #open: OpenFeedback[] = [];
  /** The newest that were answered here, so that a second response is no second answer. */
  readonly #answered = new Newest();
  #toldCursor = 0;
  #ackedCursor = 0;
  #whole = "";
  #state = "";

  /** Whether it is new: what is not acknowledged is sent again when the connection to its channel is made anew. */
  tell({ id, cursor }: CommandDownFrame): boolean {
    if (cursor <= this.#toldCursor) {
      // What was acknowledged on the connection that was lost did not arrive.
      this.#ackedCursor = Math.min(this.#ackedCursor, cursor - 1);
      return false;
    }
    this.#toldCursor = cursor;
    this.#open.push({ command: id, cursor });
    if (this.#open.length > limits.openCommands) this.#open.shift();
    return true;
  }

  /** Whatever was told has been taken: the cursor to acknowledge, null where that was done. */
  takeAck(): number | null {
    if (this.#ackedCursor === this.#toldCursor) return null;
    this.#ackedCursor = this.#toldCursor;
    return this.#toldCursor;
  }

  /** The feedback that a response answers, by its id or else the oldest; null where there is none any more. */
  answer(id: string | undefined): OpenFeedback | null {
    const at = id === undefined ? 0 : this.#open.findIndex(({ command }) => command === id);
    const [open] = at < 0 ? [] : this.#open.splice(at, 1);
    const answered = open ?? (id === undefined || this.#answered.has(id) ? null : { command: id });
    if (answered !== null) this.#answered.add(answered.command);
    return answered;
  }

  /** The state to tell of a summary: all of it at first, then who is there; null where that is known. */
  sync(summary: SummaryFrame): ProjectState | null {
    const { type: _, channel: __, viewers: ___, status, agents, ...rest } = summary;
    const state = JSON.stringify({ status, agents });
    const whole = summary.stages === undefined ? this.#whole : JSON.stringify(rest);
    if (state === this.#state && whole === this.#whole) return null;
    this.#state = state;
    this.#whole = whole;
    return { status, agents, ...rest };
  }
}
