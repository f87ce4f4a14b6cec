import type { z } from "zod";
import { ok, parseObject, quote, type Result, refuse } from "../../protocol/mod.ts";
import { checkContentType, readBody } from "./body.ts";

/** Bodies of small requests (sign-in, end): a token with many grants fits. */
const smallBodyBytes = 64 * 1024;

interface QueryRules {
  /** Forms send what was left empty as an empty text. */
  readonly isEmptyAbsent?: boolean;
}

/** Reads a query strictly: each key known, once, and right. `token` is a credential's and passes. */
export function parseQuery<S extends z.ZodType>(
  request: Request,
  schema: S,
  { isEmptyAbsent = false }: QueryRules = {},
): Result<z.output<S>> {
  const values: Record<string, string | undefined> = {};
  for (const [key, value] of new URL(request.url).searchParams) {
    if (key === "token") continue;
    if (Object.hasOwn(values, key)) {
      return refuse("invalid_field", `The query has ${key} more than once. Allowed: once.`);
    }
    values[key] = value === "" && isEmptyAbsent ? undefined : value;
  }
  return parseWith(schema, values, "The query");
}

/** Reads a JSON body strictly: a small one, unless a route takes more. */
export async function parseJsonBody<S extends z.ZodType>(
  request: Request,
  schema: S,
  maxBytes: number = smallBodyBytes,
): Promise<Result<z.output<S>>> {
  const type = checkContentType(request, ["application/json"]);
  if (!type.ok) return type;
  const bytes = await readBody(request, maxBytes);
  if (!bytes.ok) return bytes;
  const value = parseObject(new TextDecoder().decode(bytes.value), "The body");
  return value.ok ? parseWith(schema, value.value, "The body") : value;
}

/** The schemas' own messages say what is allowed; this puts them into a sentence. */
function parseWith<S extends z.ZodType>(
  schema: S,
  value: Readonly<Record<string, unknown>>,
  where: string,
): Result<z.output<S>> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  if (issue?.code === "unrecognized_keys") {
    const known = issue.message === "" ? "" : ` ${issue.message}`;
    return refuse("unknown_field", `${where} has an unknown field ${quote(issue.keys[0])}.${known}`);
  }
  const field = String(issue?.path[0] ?? "");
  const allowed = issue?.message ?? "another value";
  if (field === "") return refuse("invalid_field", `${where} is wrong. Allowed: ${allowed}.`);
  if (value[field] === undefined)
    return refuse("missing_field", `${where} has no ${field}. Needed: ${allowed}.`);
  return refuse("invalid_field", `${where} has ${field}: ${quote(value[field])}. Allowed: ${allowed}.`, {
    expected: allowed,
  });
}
