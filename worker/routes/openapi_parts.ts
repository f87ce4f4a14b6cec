import type { OpenAPIRouteSchema } from "chanfana";
import { z } from "zod";
import { type ProblemCode, problemTable, problemTitles } from "../../protocol/mod.ts";
import { problemBody } from "../../protocol/schemas/problem.ts";

/** Parts of the OpenAPI document that routes share. */

type Responses = NonNullable<OpenAPIRouteSchema["responses"]>;

/** The one error structure, named so that the document has it once. */
const problemSchema = problemBody.clone().meta({ id: "Problem" });

/** What a route may refuse with, by status; codes that every authorized route has are added. */
export function problems(...codes: readonly ProblemCode[]): Responses {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set([...everywhere, ...codes])) {
    const { status } = problemTable[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, found]) => [status, problemAnswer(found)]));
}

const everywhere: readonly ProblemCode[] = [
  "token_missing",
  "token_invalid",
  "token_expired",
  "unknown_field",
  "invalid_field",
  "not_configured",
  "internal",
];

function problemAnswer(codes: readonly ProblemCode[]): Responses[string] {
  const [first] = codes;
  const known = first ?? "internal";
  const example = {
    type: `urn:tailrace:problem:${known}`,
    title: problemTitles[known],
    status: problemTable[known].status,
    detail: "A sentence that says what was found and what is allowed.",
    code: known,
  };
  return {
    description: codes.map((code) => `${code}: ${problemTitles[code]}`).join("; "),
    content: { "application/problem+json": { schema: problemSchema, example } },
  };
}

export function jsonAnswer(description: string, schema: z.ZodType): Responses[string] {
  return { description, content: { "application/json": { schema } } };
}

export function textAnswer(description: string, ...types: readonly string[]): Responses[string] {
  return { description, content: Object.fromEntries(types.map((type) => [type, { schema: z.string() }])) };
}

/** The channel of a path. */
export const channelParams = z.object({
  kind: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/)
    .meta({ description: "The channel's kind", example: "build" }),
  id: z
    .string()
    .regex(/^[A-Za-z0-9._:@-]{1,128}$/)
    .meta({ description: "The channel's id", example: "4711" }),
});

export const bearer = [{ bearer: [] }];
