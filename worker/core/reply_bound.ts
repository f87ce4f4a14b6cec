import { limits, ok, type Result, refuse } from "../../protocol/mod.ts";
import type { Subscriber, SubscriberState } from "./subscriber.ts";

/**
 * What a subscriber was sent of replies, with one more of so many bytes. Nobody acknowledges replies, so who sends
 * nothing at all, not even a ping, is refused at a bound. A Worker's own leg is left to the Worker.
 */
export function withReply(
  { state, peer }: Subscriber,
  bytes: number,
  now: number,
): Result<Pick<SubscriberState, "repliedBytes" | "repliedAt">> {
  const heardAt = Math.max(state.heardAt, peer.lastPingAt() ?? 0);
  const repliedBytes = (heardAt >= state.repliedAt ? 0 : state.repliedBytes) + bytes;
  if (state.expiresAt === null || repliedBytes <= limits.unheardReplyBytes) {
    return ok({ repliedBytes, repliedAt: now });
  }
  return refuse(
    "ack_overdue",
    `${repliedBytes.toLocaleString("en")} bytes of replies were sent and the client has sent nothing since, not even a ping. Allowed: ${limits.unheardReplyBytes.toLocaleString("en")}.`,
    { expected: limits.unheardReplyBytes, retryAfterMs: 1_000 },
  );
}
