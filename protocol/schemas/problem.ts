import { z } from "zod";
import { closeMeanings, problemTitles } from "../code_texts.ts";
import { type CloseName, closeCodes, type ProblemCode, problemTable } from "../codes.ts";
import { count } from "./names.ts";
import { wire } from "./registry.ts";

const [firstCode, ...otherCodes] = Object.keys(problemTable) as [ProblemCode, ...ProblemCode[]];

/** The codes of this version. What readers get is open: a later gateway may know more. */
export const problemCode = z.enum([firstCode, ...otherCodes]).register(wire, {
  id: "ProblemCode",
  description: "Why something was refused; stable, while titles and sentences may change.",
  examples: ["forbidden"],
});

export const closeCode = z.literal(Object.values(closeCodes).map(({ code }) => code)).register(wire, {
  id: "CloseCode",
  description: Object.entries(closeCodes)
    .map(([name, { code, client }]) => `${code}: ${closeMeanings[name as CloseName]} (the client: ${client})`)
    .join("; "),
  examples: [closeCodes.normal.code],
});

/** The body of every HTTP error: `application/problem+json`, RFC 9457. */
export const problemBody = z
  .object({
    type: z.string().describe("A URI reference for the kind of problem"),
    title: z.string().describe("The same for every problem of this code"),
    status: z.int().min(400).max(599),
    detail: z.string().describe("What was found and what is allowed"),
    code: z.string().describe("A ProblemCode, or one of a later version"),
    expected: z.union([z.number(), z.string()]).optional().describe("What would have been accepted"),
    received: z.union([z.number(), z.string()]).optional().describe("What was found in its place"),
    oldest: count.optional().describe("The oldest retained cursor, with cursor_trimmed"),
    retryAfterMs: count.optional(),
    loginUrl: z.string().optional().describe("Where to sign in; with a 401 of GET /v1/session"),
  })
  .register(wire, {
    id: "Problem",
    description: "A refusal over HTTP (RFC 9457).",
    examples: [
      {
        type: "about:blank",
        title: problemTitles.forbidden,
        status: problemTable.forbidden.status,
        detail: "The token does not grant write:build/4711.",
        code: "forbidden",
      },
    ],
  });
