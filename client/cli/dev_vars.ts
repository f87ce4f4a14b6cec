import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseEnv } from "node:util";

/** `.dev.vars`: the variables and secrets of a Worker on the developer's machine, as wrangler reads them. */

export const DEV_VARS = ".dev.vars";

export type Vars = Readonly<Record<string, string | undefined>>;

/** The variables of a file; none where there is no such file. */
export function readDevVars(path: string): Vars {
  try {
    return parseEnv(readFileSync(path, "utf8"));
  } catch (error) {
    if (isMissing(error)) return {};
    throw error;
  }
}

/** The secret of the nearest `.dev.vars` that has one, from a folder upwards; what ends it is the root. */
export function findSecret(from: string): string | undefined {
  const secret = readDevVars(join(from, DEV_VARS))["TAILRACE_SECRET"];
  if (secret) return secret;
  const parent = dirname(from);
  return parent === from ? undefined : findSecret(parent);
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOENT" || code === "ENOTDIR" || code === "EACCES";
}
