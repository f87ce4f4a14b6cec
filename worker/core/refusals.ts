import { type Problem, refuse } from "../../protocol/mod.ts";
import type { EndReceipt } from "./contract.ts";
import type { Verdict } from "./producers.ts";
import type { WaitingBatch } from "./waiting_batches.ts";

/** What a channel refuses, besides what its producers did wrong. */

export function channelEnded({ channel, status, cursor }: EndReceipt): Verdict {
  const message = `Channel ${channel} ended as ${status} at cursor ${cursor} and takes no more entries.`;
  return { kind: "refused", problem: { code: "channel_ended", message, received: status } };
}

export function wrongProject(channel: string, granted: string): Verdict {
  const message = `The token grants writing to project ${granted}, and channel ${channel} has begun as none of it.`;
  return { kind: "refused", problem: { code: "forbidden", message, received: granted } };
}

/** The flush failed. */
export function refuseAll(batches: readonly WaitingBatch[]): void {
  const message = "The journal could not be written and nothing was stored. Send the batch again.";
  for (const { settlers } of batches) {
    for (const settle of settlers) settle(refuse("storage_failed", message, { retryAfterMs: 1_000 }));
  }
}

/** An ack of what was never sent: `sent` is the last cursor that was. */
export function ackPastSent(cursor: number, sent: number): Problem {
  const message = `The ack names cursor ${cursor}, and nothing past ${sent} was sent.`;
  return { code: "invalid_field", message, expected: sent, received: cursor };
}
