import type {
  EndFrame,
  Entry,
  GapFrame,
  RedactFrame,
  SkippedFrame,
  SubscribedFrame,
  SummaryFrame,
} from "../../protocol/mod.ts";
import type { ClientProblem } from "./problem.ts";
import type { EndProof } from "./read_position.ts";

/** A callback that returns a Promise holds back what follows, and the acknowledgement, until it resolves. */
export type Taken = void | Promise<void>;

/**
 * What a subscription tells, one call at a time, in the channel's order. A callback that throws or rejects ends
 * the subscription: what it did not take was not delivered.
 */
export interface LogListener {
  /** Reading begins, or goes on after a reconnect, or a new epoch begins. */
  onSubscribed?(frame: SubscribedFrame): Taken;
  /** `entries[i]` has the cursor `first + i`. Each entry comes exactly once, in order, across reconnects. */
  onEntries?(first: number, entries: readonly Entry[]): Taken;
  /** Entries that will not come. `to` and `count` are null when the old journal was deleted. */
  onGap?(frame: GapFrame): Taken;
  /** The filter hid everything up to `frame.to`. */
  onSkipped?(frame: SkippedFrame): Taken;
  onSummary?(frame: SummaryFrame): Taken;
  /** The channel has ended; sent again after a redaction and to whoever resumes later. */
  onEnd?(frame: EndFrame, proof: EndProof): Taken;
  /** A secret was taken out of these entries: read them again from history, or say that they were redacted. */
  onRedact?(frame: RedactFrame): Taken;
  /** Trouble, in a sentence. With `final: true` the subscription has ended with it. */
  onProblem?(problem: ClientProblem): void;
}
