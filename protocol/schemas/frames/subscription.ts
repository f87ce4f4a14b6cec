import { z } from "zod";
import { limits } from "../../limits.ts";
import { filter } from "../filter.ts";
import { channelName, count, cursor, epoch } from "../names.ts";
import { wire } from "../registry.ts";

export const subscribeFrame = z
  .strictObject({
    type: z.literal("subscribe"),
    channel: channelName,
    cursor: cursor.optional().describe("Go on after this cursor; not with last"),
    epoch: epoch.optional().describe("The epoch that cursor is of"),
    last: count.optional().describe("Begin with the last n entries; 0: live only"),
    filter: filter.optional(),
    maxWindowBytes: z.int().min(limits.windowMinBytes).optional().describe("The largest window wanted"),
  })
  .refine((frame) => frame.cursor === undefined || frame.last === undefined, "cursor or last, not both")
  .register(wire, {
    id: "SubscribeFrame",
    description: "Read a channel: after a cursor, or its last n entries, else from the oldest.",
    examples: [
      { type: "subscribe", channel: "build/4711" },
      { type: "subscribe", channel: "build/4711", cursor: 120, epoch: "k3v9x2" },
    ],
  });

export const unsubscribeFrame = z
  .strictObject({ type: z.literal("unsubscribe"), channel: channelName })
  .register(wire, {
    id: "UnsubscribeFrame",
    description: "Stop reading a channel.",
    examples: [{ type: "unsubscribe", channel: "build/4711" }],
  });

export const ackFrame = z
  .strictObject({ type: z.literal("ack"), channel: channelName, cursor })
  .register(wire, {
    id: "AckFrame",
    description: "Everything up to the cursor has been received; cumulative.",
    examples: [{ type: "ack", channel: "build/4711", cursor: 120 }],
  });

export const subscribedFrame = z
  .object({
    type: z.literal("subscribed"),
    channel: z.string(),
    epoch: z.string().nullable().describe("The journal's name; null before the first append"),
    first: count.describe("The epoch's first cursor"),
    cursor: count.describe("Reading starts after this cursor"),
    tail: count.describe("The newest cursor"),
    oldest: count.describe("The oldest retained cursor; tail + 1 when there is none"),
    ended: z.boolean(),
    resumed: z.boolean().describe("The cursor asked for was taken up, without a gap"),
    windowBytes: count,
  })
  .register(wire, {
    id: "SubscribedFrame",
    description: "The subscription stands; sent again when an epoch begins.",
    examples: [
      {
        type: "subscribed",
        channel: "build/4711",
        epoch: "k3v9x2",
        first: 1,
        cursor: 120,
        tail: 240,
        oldest: 1,
        ended: false,
        resumed: true,
        windowBytes: 262_144,
      },
    ],
  });

export const windowFrame = z
  .object({ type: z.literal("window"), channel: z.string(), windowBytes: count })
  .register(wire, {
    id: "WindowFrame",
    description: "The subscriber's window changed: acknowledge at once.",
    examples: [{ type: "window", channel: "build/4711", windowBytes: 49_152 }],
  });
