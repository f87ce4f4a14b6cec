import { z } from "zod";
import { gapReasons } from "../../frames/down.ts";
import { entry } from "../entry.ts";
import { count } from "../names.ts";
import { wire } from "../registry.ts";

export const entriesFrame = z
  .object({
    type: z.literal("entries"),
    channel: z.string(),
    first: count.describe("The cursor of the first entry; that of entries[i] is first + i"),
    entries: z.array(entry),
  })
  .register(wire, {
    id: "EntriesFrame",
    description: "Entries in cursor order.",
    examples: [
      {
        type: "entries",
        channel: "build/4711",
        first: 121,
        entries: [{ kind: "log", ts: 1_795_000_000_000, level: "info", line: "npm ci" }],
      },
    ],
  });

export const gapFrame = z
  .object({
    type: z.literal("gap"),
    channel: z.string(),
    from: count,
    to: count.nullable(),
    count: count.nullable(),
    reason: z.enum(gapReasons),
  })
  .register(wire, {
    id: "GapFrame",
    description:
      "Entries that this subscriber does not get. For epoch the old journal is gone: to and count are null.",
    examples: [{ type: "gap", channel: "build/4711", from: 1, to: 120, count: 120, reason: "retention" }],
  });

export const skippedFrame = z
  .object({ type: z.literal("skipped"), channel: z.string(), to: count })
  .register(wire, {
    id: "SkippedFrame",
    description: "A filter hid everything up to this cursor.",
    examples: [{ type: "skipped", channel: "build/4711", to: 180 }],
  });

export const redactFrame = z
  .object({ type: z.literal("redact"), channel: z.string(), from: count, to: count })
  .register(wire, {
    id: "RedactFrame",
    description: "Stored entries were changed to take a secret out: read them again.",
    examples: [{ type: "redact", channel: "build/4711", from: 17, to: 17 }],
  });
