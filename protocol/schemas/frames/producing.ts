import { z } from "zod";
import { limits } from "../../limits.ts";
import { batchEntries } from "../batch.ts";
import { channelName, count, text } from "../names.ts";
import { wire } from "../registry.ts";

export const appendFrame = z
  .strictObject({
    type: z.literal("append"),
    channel: channelName,
    producer: text(limits.producerIdChars),
    epoch: count.describe("The producer's; the highest wins"),
    seq: count.describe("The batch's number within its epoch, from 0 without holes"),
    entries: batchEntries,
  })
  .register(wire, {
    id: "AppendFrame",
    description: "A numbered batch on a producer's or an agent's socket.",
    examples: [
      {
        type: "append",
        channel: "build/4711",
        producer: "runner-7",
        epoch: 1,
        seq: 0,
        entries: [{ line: "npm ci" }],
      },
    ],
  });

export const appendedFrame = z
  .object({
    type: z.literal("appended"),
    channel: z.string(),
    producer: z.string(),
    epoch: count,
    seq: count,
    first: count.optional(),
    last: count.optional(),
    duplicate: z.boolean(),
  })
  .register(wire, {
    id: "AppendedFrame",
    description:
      "The batch is on disk. first and last are absent for a repeat of a batch older than what is kept.",
    examples: [
      {
        type: "appended",
        channel: "build/4711",
        producer: "runner-7",
        epoch: 1,
        seq: 0,
        first: 1,
        last: 1,
        duplicate: false,
      },
    ],
  });

export const demandFrame = z
  .object({ type: z.literal("demand"), channel: z.string(), viewers: count })
  .register(wire, {
    id: "DemandFrame",
    description: "How many watch, so that a producer may send more or less.",
    examples: [{ type: "demand", channel: "build/4711", viewers: 0 }],
  });
