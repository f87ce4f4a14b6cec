import { z } from "zod";
import { limits } from "../../limits.ts";
import { count, text } from "../names.ts";
import { wire } from "../registry.ts";

export const authFrame = z
  .strictObject({ type: z.literal("auth"), token: text(limits.tokenChars) })
  .register(wire, {
    id: "AuthFrame",
    description: "A new token for a socket whose old one expires.",
    examples: [{ type: "auth", token: "header.claims.signature" }],
  });

export const pingFrame = z.strictObject({ type: z.literal("ping") }).register(wire, {
  id: "PingFrame",
  description: "Answered by the platform when it is exactly the example's text, and wakes nobody then.",
  examples: [{ type: "ping" }],
});

export const pongFrame = z.object({ type: z.literal("pong") }).register(wire, {
  id: "PongFrame",
  description: "The answer to a ping.",
  examples: [{ type: "pong" }],
});

export const expiringFrame = z.object({ type: z.literal("expiring"), inMs: count }).register(wire, {
  id: "ExpiringFrame",
  description: "The token expires in so many milliseconds: send auth.",
  examples: [{ type: "expiring", inMs: 60_000 }],
});

export const errorFrame = z
  .object({
    type: z.literal("error"),
    code: z.string().describe("A ProblemCode, or one of a later version"),
    message: z.string(),
    channel: z.string().optional(),
    producer: z.string().optional(),
    seq: count.optional(),
    id: z.string().optional().describe("The command that it is about"),
    expected: z.union([z.number(), z.string()]).optional().describe("What would have been accepted"),
    retryAfterMs: count.optional(),
  })
  .register(wire, {
    id: "ErrorFrame",
    description: "A refusal on a socket.",
    examples: [
      {
        type: "error",
        code: "sequence_hole",
        message: "Batch 7 of runner-7 came and 5 was expected.",
        channel: "build/4711",
        producer: "runner-7",
        seq: 7,
        expected: 5,
      },
    ],
  });
