import { z } from "zod";
import { count } from "../names.ts";
import { wire } from "../registry.ts";
import { endStatus, status, summaryFields } from "../summary.ts";

export const summaryFrame = z
  .object({
    type: z.literal("summary"),
    channel: z.string(),
    status,
    ...summaryFields,
    stages: summaryFields.stages.optional(),
    levels: summaryFields.levels.optional(),
    viewers: count,
    agents: count,
  })
  .register(wire, {
    id: "SummaryFrame",
    description: "Once after subscribed with everything; later with status, viewers and agents alone.",
    examples: [{ type: "summary", channel: "build/4711", status: "running", viewers: 3, agents: 0 }],
  });

export const endFrame = z
  .object({
    type: z.literal("end"),
    channel: z.string(),
    cursor: count.describe("The last entry's cursor"),
    status: endStatus,
    lines: count,
    bytes: count,
    crc32: z.string().regex(/^[0-9a-f]{8}$/),
    exitCode: z.int().optional(),
    signal: z.string().optional(),
    message: z.string().optional(),
  })
  .register(wire, {
    id: "EndFrame",
    description: "The channel has ended; lines, bytes and CRC-32 prove its text.",
    examples: [
      {
        type: "end",
        channel: "build/4711",
        cursor: 240,
        status: "success",
        lines: 240,
        bytes: 9_120,
        crc32: "cbf43926",
        exitCode: 0,
      },
    ],
  });
