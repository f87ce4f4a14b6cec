import { z } from "zod";
import { commandDownFrame, replyFrame } from "./frames/commanding.ts";
import { appendedFrame, demandFrame } from "./frames/producing.ts";
import { entriesFrame, gapFrame, redactFrame, skippedFrame } from "./frames/reading.ts";
import { errorFrame, expiringFrame, pongFrame } from "./frames/session.ts";
import { endFrame, summaryFrame } from "./frames/state.ts";
import { subscribedFrame, windowFrame } from "./frames/subscription.ts";

/** Every frame that the gateway sends. Open: old clients survive new fields. */
export const downFrame = z.discriminatedUnion("type", [
  subscribedFrame,
  windowFrame,
  entriesFrame,
  gapFrame,
  skippedFrame,
  summaryFrame,
  endFrame,
  redactFrame,
  appendedFrame,
  demandFrame,
  commandDownFrame,
  replyFrame,
  errorFrame,
  expiringFrame,
  pongFrame,
]);
