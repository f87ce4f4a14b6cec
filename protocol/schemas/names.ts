import { z } from "zod";
import { limits } from "../limits.ts";
import { wire } from "./registry.ts";

/** Text of `min` to `maxChars` UTF-16 units. */
export function text(maxChars: number, min = 1): z.ZodString {
  return z.string().min(min).max(maxChars);
}

export const name = text(limits.nameChars);

/** An integer from 0 that a double holds exactly. */
export const count = z.int().min(0);

export const channelName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}\/[A-Za-z0-9._:@-]{1,128}$/)
  .register(wire, {
    id: "ChannelName",
    description: "A channel's name within its tenant: kind/id.",
    examples: ["build/4711"],
  });

export const channelPattern = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}\/(?:[A-Za-z0-9._:@-]{1,128}|[A-Za-z0-9._:@-]{0,127}\*)$/)
  .register(wire, {
    id: "ChannelPattern",
    description: "A channel's name, or the beginning of names and `*`.",
    examples: ["project/p1", "build/*", "build/app-*"],
  });

export const cursor = z
  .int()
  .min(0)
  .register(wire, {
    id: "Cursor",
    description: "An entry's place in its channel, from 1 without holes; 0 is before the first.",
    examples: [0, 4711],
  });

export const epoch = name.clone().register(wire, {
  id: "Epoch",
  description: "The name of one unbroken journal: a new one makes old cursors void.",
  examples: ["k3v9x2"],
});
