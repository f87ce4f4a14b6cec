import { readAnswer, readProblem } from "./answer.ts";
import type { TokenSource } from "./connection.ts";
import { type ClientResult, sentenceOf } from "./problem.ts";

/** Where the gateway is, and as whom it is asked. */
export interface GatewayAccess {
  /** The gateway's origin: `https://logs.example.com`. */
  readonly url: string;
  /** Without one, cookies authenticate (browsers). */
  readonly token?: TokenSource;
  /** The platform's by default. */
  readonly fetch?: typeof fetch;
}

export interface GatewayCall {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
  /** The gateway has refused the last token. */
  readonly renew?: boolean;
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** One HTTP request; every outcome is a value. */
export async function callGateway<T>(
  access: GatewayAccess,
  path: string,
  checks: Parameters<typeof readAnswer>[1],
  call: GatewayCall = {},
): Promise<ClientResult<T>> {
  try {
    const response = await send(access, path, call);
    const text = await response.text();
    const body = text === "" ? {} : parseJson(text);
    if (!response.ok) return { ok: false, problem: readProblem(response, body) };
    return readAnswer<T>(body, checks, response.status);
  } catch (thrown) {
    const message = `No answer from ${new URL(access.url).origin}: ${reasonOf(thrown)}`;
    return { ok: false, problem: { code: "network_failed", message } };
  }
}

export function jsonCall(method: string, body: unknown): GatewayCall {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

/** Lists are joined by commas, true is 1, and what is false or undefined is left out. */
export function queryText(query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false) continue;
    params.set(name, value === true ? "1" : Array.isArray(value) ? value.join(",") : String(value));
  }
  return params.size === 0 ? "" : `?${params}`;
}

async function send({ url, token, fetch: own }: GatewayAccess, path: string, call: GatewayCall) {
  const bearer = typeof token === "function" ? await token({ renew: call.renew ?? false }) : (token ?? null);
  const ask = own ?? fetch;
  return ask(new URL(path, url), {
    method: call.method ?? "GET",
    headers: {
      Accept: "application/json",
      ...call.headers,
      ...(bearer !== null && { Authorization: `Bearer ${bearer}` }),
    },
    ...(call.body !== undefined && { body: call.body }),
    ...(call.signal !== undefined && { signal: call.signal }),
  });
}

/** The value, or the text itself where it is not JSON (a proxy's page). */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The platform hides a refused connection behind "fetch failed": the cause says which. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause instanceof Error && cause.message !== ""
    ? `${sentenceOf(thrown)} (${cause.message})`
    : sentenceOf(thrown);
}
