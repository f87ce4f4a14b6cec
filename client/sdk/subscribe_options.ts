import type { Filter } from "../../protocol/mod.ts";
import type { SavedRead } from "./saved_read.ts";

/** Where and what to read. Without `cursor` and `last`: from the stored place, else from the oldest entry. */
export interface SubscribeOptions {
  /** Go on after this cursor; a stored place is then ignored. */
  readonly cursor?: number;
  /** The epoch that `cursor` is of. */
  readonly epoch?: string;
  /** Begin with the last n entries; 0: live only. A stored place is then ignored. Not with `cursor`. */
  readonly last?: number;
  /** On the shared transport only: a Worker applies it. */
  readonly filter?: Filter;
  /** The largest window wanted, in bytes, from `limits.windowMinBytes`. */
  readonly maxWindowBytes?: number;
}

/** The place that the options name, or null. */
export function startOf(options: SubscribeOptions): SavedRead | null {
  const { cursor, epoch } = options;
  if (cursor === undefined) return null;
  const reason = `Reading was resumed after cursor ${cursor} without the sums of what came before.`;
  return { cursor, epoch: epoch ?? null, sum: null, lack: { code: "resumed_bare", reason } };
}
