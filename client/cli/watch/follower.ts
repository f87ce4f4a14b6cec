import { once } from "node:events";
import type {
  EndFrame,
  Entry,
  GapFrame,
  RedactFrame,
  SkippedFrame,
  SubscribedFrame,
} from "../../../protocol/mod.ts";
import type { ClientProblem, EndProof, LogListener } from "../../sdk/mod.ts";
import type { Style } from "../color.ts";
import type { Printer } from "./printer.ts";

/** How following a channel ended. */
export type FollowOutcome =
  | { readonly kind: "ended"; readonly frame: EndFrame; readonly proof: EndProof }
  /** Everything that there was has been read, with `--no-follow`. */
  | { readonly kind: "level" }
  | { readonly kind: "failed"; readonly problem: ClientProblem };

export interface FollowerOptions {
  readonly printer: Printer;
  readonly follows: boolean;
  readonly out: NodeJS.WritableStream;
  readonly notice: (text: string, style?: Style) => void;
}

/** Prints what a subscription tells, at the pace of who reads it, and knows when it is over. */
export class Follower implements LogListener {
  readonly outcome: Promise<FollowOutcome>;
  readonly #options: FollowerOptions;
  readonly #settle: (outcome: FollowOutcome) => void;
  /** With `--no-follow`, the cursor to stop at; null before it is known. */
  #stopAt: number | null = null;
  #lastTrouble = "";

  constructor(options: FollowerOptions) {
    const { promise, resolve } = Promise.withResolvers<FollowOutcome>();
    this.outcome = promise;
    this.#settle = resolve;
    this.#options = options;
  }

  onSubscribed(frame: SubscribedFrame): void {
    if (this.#lastTrouble !== "") this.#options.notice("connected again");
    this.#lastTrouble = "";
    if (frame.epoch === null) this.#options.notice(`${frame.channel} has not begun.`);
    // An ended channel says so after its last entry.
    if (this.#options.follows || frame.ended) return;
    this.#stopAt ??= frame.tail;
    this.#reached(frame.cursor);
  }

  async onEntries(first: number, entries: readonly Entry[]): Promise<void> {
    const text = this.#options.printer.print(first, entries);
    if (text !== "" && !this.#options.out.write(text)) await once(this.#options.out, "drain");
    this.#reached(first + entries.length - 1);
  }

  onGap({ from, to, count, reason }: GapFrame): void {
    const what =
      to === null
        ? `The journal was deleted at entry ${from} (${reason}); a new one follows.`
        : `Entries ${from} to ${to} (${count}) are missing here (${reason}).`;
    this.#options.notice(what, "yellow");
    if (to !== null) this.#reached(to);
  }

  onSkipped({ to }: SkippedFrame): void {
    this.#reached(to);
  }

  onRedact({ from, to }: RedactFrame): void {
    this.#options.notice(
      `A secret was taken out of entries ${from} to ${to} after they were printed.`,
      "yellow",
    );
  }

  onEnd(frame: EndFrame, proof: EndProof): void {
    this.#settle({ kind: "ended", frame, proof });
  }

  onProblem(problem: ClientProblem): void {
    if (problem.final === true) {
      this.#settle({ kind: "failed", problem });
    } else if (problem.message !== this.#lastTrouble) {
      // The same outage is told once, however many attempts it takes.
      this.#lastTrouble = problem.message;
      this.#options.notice(`${problem.message} Trying again.`, "yellow");
    }
  }

  #reached(cursor: number): void {
    if (this.#stopAt !== null && cursor >= this.#stopAt) this.#settle({ kind: "level" });
  }
}
