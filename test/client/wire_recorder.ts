import type { ClientProblem, EndProof, LogListener, Taken } from "../../client/sdk/mod.ts";
import type { EndFrame, Entry, GapFrame, SubscribedFrame } from "../../protocol/mod.ts";

/** A listener that keeps what it was told, and can be waited for. */
export class WireRecorder implements LogListener {
  readonly lines: string[] = [];
  readonly cursors: number[] = [];
  readonly gaps: GapFrame[] = [];
  readonly problems: ClientProblem[] = [];
  readonly proofs: EndProof[] = [];
  subscribed = 0;
  /** What `onEntries` answers with. */
  taking: () => Taken = () => {};
  readonly #waiting = new Set<() => void>();

  onSubscribed(_frame: SubscribedFrame): void {
    this.subscribed += 1;
    this.#changed();
  }

  onEntries(first: number, entries: readonly Entry[]): Taken {
    entries.forEach((entry, index) => {
      this.cursors.push(first + index);
      this.lines.push(entry.kind === "log" ? entry.line : entry.event);
    });
    this.#changed();
    return this.taking();
  }

  onGap(frame: GapFrame): void {
    this.gaps.push(frame);
    this.#changed();
  }

  onEnd(_frame: EndFrame, proof: EndProof): void {
    this.proofs.push(proof);
    this.#changed();
  }

  onProblem(problem: ClientProblem): void {
    this.problems.push(problem);
    this.#changed();
  }

  /** Resolves when the condition holds; it is looked at at each call. */
  until(holds: (recorder: this) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds(this)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  #changed(): void {
    for (const look of [...this.#waiting]) look();
  }
}

/** `line 1` to `line n`. */
export function numberedLines(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index} — ä`);
}
