import { z } from "zod";
import { answerFrame, commandAckFrame, commandFrame, joinFrame, leaveFrame } from "./frames/commanding.ts";
import { appendFrame } from "./frames/producing.ts";
import { authFrame, pingFrame } from "./frames/session.ts";
import { ackFrame, subscribeFrame, unsubscribeFrame } from "./frames/subscription.ts";

/** Every frame that clients send. Strict: an unknown field or type is refused. */

const viewerFrames = [
  subscribeFrame,
  unsubscribeFrame,
  ackFrame,
  commandFrame,
  authFrame,
  pingFrame,
] as const;

/** What a viewer's socket takes. */
export const viewerFrame = z.discriminatedUnion("type", viewerFrames);

/** What a producer's socket takes. */
export const producerFrame = z.discriminatedUnion("type", [appendFrame, authFrame, pingFrame]);

/** What an agent's socket takes. */
export const agentFrame = z.discriminatedUnion("type", [
  joinFrame,
  commandAckFrame,
  answerFrame,
  appendFrame,
  subscribeFrame,
  leaveFrame,
  ackFrame,
  authFrame,
  pingFrame,
]);

export const upFrame = z.discriminatedUnion("type", [
  ...viewerFrames,
  appendFrame,
  joinFrame,
  commandAckFrame,
  answerFrame,
]);
