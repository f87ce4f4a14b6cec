import { randomBytes } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DEV_VARS, readDevVars } from "../dev_vars.ts";

/** The secret of the gateway on this machine: the environment's, that of `.dev.vars`, or a new one put there. */
export function ensureSecret(
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): { secret: string; madeIn: string | null } {
  const path = join(root, DEV_VARS);
  const known = env["TAILRACE_SECRET"] || readDevVars(path)["TAILRACE_SECRET"];
  if (known) return { secret: known, madeIn: null };
  const secret = randomBytes(32).toString("base64url");
  // Nobody else on the machine may read it. A file that is there keeps its lines and its mode.
  appendFileSync(path, `${lineBreakAfter(path)}TAILRACE_SECRET=${secret}\n`, { mode: 0o600 });
  return { secret, madeIn: path };
}

function lineBreakAfter(path: string): string {
  try {
    const text = readFileSync(path, "utf8");
    return text === "" || text.endsWith("\n") ? "" : "\n";
  } catch {
    return "";
  }
}
