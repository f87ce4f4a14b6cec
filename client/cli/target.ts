import { findSecret } from "./dev_vars.ts";
import { CliError, usageError } from "./exit.ts";
import { mintToken } from "./mint.ts";

/** Where the gateway is and as whom to go there. */
export interface Target {
  /** An origin, without a slash at its end. */
  readonly url: string;
  /** A token, or who makes them: one made here is renewed before it expires. */
  readonly token: string | (() => Promise<string>);
}

export interface TargetRequest {
  /** `--url` and `--token`, if they were given. */
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  /** What the command needs, for a token made here. */
  readonly grant: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export const DEFAULT_URL = "http://127.0.0.1:8787";

const LOCAL_TTL_MS = 60 * 60 * 1000;
const RENEW_BEFORE_MS = 5 * 60 * 1000;

/** Options win over the environment; without a token one is made, for a gateway on this machine only. */
export function resolveTarget(request: TargetRequest): Target {
  const url = findUrl(request);
  const given = request.token ?? (request.env["TAILRACE_TOKEN"] || undefined);
  if (given !== undefined) return { url: url.origin, token: given };
  const secret = request.env["TAILRACE_SECRET"] || findSecret(request.cwd);
  if (secret === undefined || !isLoopback(url)) throw new CliError(noToken(url));
  return { url: url.origin, token: localTokens(secret, request.grant) };
}

/** A wrong option is a wrong call; a wrong variable is the surroundings', as a missing token is. */
function findUrl(request: TargetRequest): URL {
  const text = request.url ?? (request.env["TAILRACE_URL"] || DEFAULT_URL);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  const message = `The gateway's address is ${JSON.stringify(text)}. Allowed: an http or https URL.`;
  throw request.url === undefined
    ? new CliError(`${message} It is that of TAILRACE_URL.`)
    : usageError(message);
}

/** A secret from this machine is used for a gateway on this machine, and for no other. */
export function isLoopback(url: URL): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
}

function localTokens(secret: string, grant: string): () => Promise<string> {
  let current: Promise<string> | undefined;
  let renewAt = 0;
  return () => {
    if (current === undefined || Date.now() >= renewAt) {
      renewAt = Date.now() + LOCAL_TTL_MS - RENEW_BEFORE_MS;
      current = mintToken(secret, { subject: "local", grants: [grant], ttlMs: LOCAL_TTL_MS });
    }
    return current;
  };
}

function noToken(url: URL): string {
  return isLoopback(url)
    ? "There is no token: set TAILRACE_TOKEN, or call this in the folder whose .dev.vars has the gateway's TAILRACE_SECRET (npm start makes one)."
    : `There is no token for ${url.origin}: set TAILRACE_TOKEN.`;
}
