import { computed, type ReadonlySignal, signal } from "@preact/signals";
import {
  type EndFrame,
  type Entry,
  emptySummary,
  type Status,
  type SubscribedFrame,
  type Summary,
  type SummaryFrame,
  SummaryReducer,
} from "../../../protocol/mod.ts";
import type { EndProof } from "../../sdk/mod.ts";

/** How a channel ended, and what the reader can say of the text it read. */
export interface ChannelEnd {
  readonly frame: EndFrame;
  readonly proof: EndProof;
}

/**
 * What is known of a channel beside its lines. The gateway tells its summary once, as of the newest entry
 * then; entries after that one are reduced here.
 */
export class ChannelFacts {
  readonly #summary = signal<Summary>(emptySummary());
  readonly #status = signal<Status>("waiting");
  readonly #viewers = signal(0);
  readonly #subscribed = signal<SubscribedFrame | null>(null);
  readonly #end = signal<ChannelEnd | null>(null);
  readonly #isRedacted = signal(false);
  #reducer = new SummaryReducer();
  /** Entries up to this cursor are in the gateway's summary. */
  #reducedTo = 0;

  readonly summary: ReadonlySignal<Summary> = this.#summary;
  readonly status: ReadonlySignal<Status> = computed(
    () => this.#end.value?.frame.status ?? this.#status.value,
  );
  readonly viewers: ReadonlySignal<number> = this.#viewers;
  readonly subscribed: ReadonlySignal<SubscribedFrame | null> = this.#subscribed;
  readonly end: ReadonlySignal<ChannelEnd | null> = this.#end;
  readonly isRedacted: ReadonlySignal<boolean> = this.#isRedacted;

  takeSubscribed(frame: SubscribedFrame): void {
    if (this.#subscribed.value?.epoch !== frame.epoch) {
      this.#reducer = new SummaryReducer();
      this.#reducedTo = frame.cursor;
      if (!frame.ended) this.#end.value = null;
    }
    this.#subscribed.value = frame;
  }

  takeSummary(frame: SummaryFrame): void {
    this.#status.value = frame.status;
    this.#viewers.value = frame.viewers;
    if (frame.stages === undefined || frame.levels === undefined) return;
    const { stages, levels, progress, step, currentStep, totalSteps } = frame;
    this.#reducer = new SummaryReducer({
      stages,
      levels,
      ...(progress !== undefined && { progress }),
      ...(step !== undefined && { step }),
      ...(currentStep !== undefined && { currentStep }),
      ...(totalSteps !== undefined && { totalSteps }),
    });
    this.#reducedTo = this.#subscribed.value?.tail ?? 0;
    this.publish();
  }

  takeEntry(entry: Entry, cursor: number): void {
    if (cursor <= this.#reducedTo) return;
    this.#reducer.apply(entry, cursor);
    if (this.#status.value === "waiting") this.#status.value = "running";
  }

  takeEnd(frame: EndFrame, proof: EndProof, lastTs: number | null): void {
    if (lastTs !== null) this.#reducer.end(lastTs);
    this.#end.value = { frame, proof };
    this.publish();
  }

  takeRedact(): void {
    this.#isRedacted.value = true;
  }

  /** Shows what was taken in since: once a frame, for a summary names every stage. */
  publish(): void {
    this.#summary.value = this.#reducer.summary;
  }
}
