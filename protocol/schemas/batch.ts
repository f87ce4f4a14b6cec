import { z } from "zod";
import { limits } from "../limits.ts";
import { appendEntry } from "./entry.ts";
import { wire } from "./registry.ts";

export const batchEntries = z.array(appendEntry).min(1).max(limits.batchEntries);

/** The body of an append as `application/json`. */
export const batch = z.strictObject({ entries: batchEntries }).register(wire, {
  id: "Batch",
  description: "Entries that a producer appends together; accepted or refused whole.",
  examples: [{ entries: [{ line: "npm ci", stage: "install" }] }],
});
