import { isObject, type Status, statuses, type Untrusted } from "../../protocol/mod.ts";

/** The gateway's HTTP endpoints that the viewer asks, and what their answers hold of what it shows. */

export interface Session {
  readonly subject: string;
  /** Epoch milliseconds; null where the gateway does not say. */
  readonly expiresAt: number | null;
  /** The gateway's heartbeat for sockets; null where it does not say. */
  readonly heartbeatMs: number | null;
}

/** One channel of the directory. Times are epoch milliseconds. */
export interface DirectoryEntry {
  readonly channel: string;
  readonly status: Status;
  readonly lines: number;
  readonly errors: number;
  readonly warnings: number;
  readonly progress: number | null;
  readonly step: string | null;
  readonly viewers: number;
  readonly startedAt: number | null;
  readonly updatedAt: number | null;
  readonly endedAt: number | null;
}

export interface ChannelPage {
  readonly channels: readonly DirectoryEntry[];
  /** Where the next page begins; null on the last. */
  readonly next: string | null;
}

export interface ChannelQuery {
  readonly kind: string;
  readonly status: Status | "";
  readonly text: string;
}

/**
 * A refusal: the sentence is the gateway's own where there is one, else empty, and so is the problem's code.
 * `status` 0: no answer came.
 */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Where to sign in, from a gateway that was asked who one is. */
  readonly loginUrl?: string;
}

export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };

export interface Gateway {
  session(): Promise<Answer<Session>>;
  signIn(token: string): Promise<Answer<Session>>;
  signOut(): Promise<Answer<null>>;
  channels(query: ChannelQuery, before?: string): Promise<Answer<ChannelPage>>;
}

/** What a page of the list holds. */
const pageSize = 100;
/** An answer that takes longer is none. */
const answerMs = 15_000;

/** The gateway that the page came from, asked with the session's cookie. */
export function httpGateway(fetcher: typeof fetch = fetch): Gateway {
  const ask = (path: string, init: RequestInit = {}): Promise<Answer<unknown>> => send(fetcher, path, init);
  return {
    session: async () => read(await ask("/v1/session"), toSession),
    signIn: async (token) =>
      read(
        await ask("/v1/session", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ token }),
        }),
        toSession,
      ),
    signOut: async () => read(await ask("/v1/session", { method: "DELETE" }), () => null),
    channels: async (query, before) => read(await ask(`/v1/channels?${toParams(query, before)}`), toPage),
  };
}

async function send(fetcher: typeof fetch, path: string, init: RequestInit): Promise<Answer<unknown>> {
  try {
    const response = await fetcher(path, { ...init, signal: AbortSignal.timeout(answerMs) });
    const text = await response.text();
    const body = parseBody(text);
    if (response.ok) return { ok: true, value: body };
    return { ok: false, refusal: refusalOf(response.status, isObject(body) ? body : {}) };
  } catch {
    return { ok: false, refusal: { status: 0, code: "", message: "" } };
  }
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A problem's own sentence (RFC 9457), and what else it says to the pages. */
function refusalOf(status: number, body: Untrusted): Refusal {
  const message = textOf(body["detail"]) ?? textOf(body["title"]) ?? "";
  const loginUrl = textOf(body["loginUrl"]);
  return { status, code: textOf(body["code"]) ?? "", message, ...(loginUrl !== null && { loginUrl }) };
}

function read<T>(answer: Answer<unknown>, convert: (value: Untrusted) => T): Answer<T> {
  return answer.ok ? { ok: true, value: convert(isObject(answer.value) ? answer.value : {}) } : answer;
}

function toSession(value: Untrusted): Session {
  const heartbeatSeconds = numberOf(value["heartbeatSeconds"]);
  return {
    subject: textOf(value["sub"]) ?? "",
    expiresAt: numberOf(value["expiresAt"]),
    heartbeatMs: heartbeatSeconds === null ? null : heartbeatSeconds * 1000,
  };
}

function toParams(query: ChannelQuery, before?: string): URLSearchParams {
  const params = new URLSearchParams({ limit: String(pageSize) });
  if (query.kind !== "") params.set("kind", query.kind);
  if (query.status !== "") params.set("status", query.status);
  if (query.text !== "") params.set("text", query.text);
  if (before !== undefined) params.set("before", before);
  return params;
}

function toPage(value: Untrusted): ChannelPage {
  const listed = Array.isArray(value["channels"]) ? value["channels"].filter(isObject) : [];
  return { channels: listed.flatMap(toChannel), next: textOf(value["next"]) };
}

/** A channel that a newer gateway describes otherwise is left out, not guessed at. */
function toChannel(value: Untrusted): DirectoryEntry[] {
  const channel = textOf(value["channel"]);
  const status = statuses.find((each) => each === value["status"]);
  if (channel === null || status === undefined) return [];
  return [
    {
      channel,
      status,
      lines: numberOf(value["lines"]) ?? 0,
      errors: numberOf(value["errors"]) ?? 0,
      warnings: numberOf(value["warnings"]) ?? 0,
      progress: numberOf(value["progress"]),
      step: textOf(value["step"]),
      viewers: numberOf(value["viewers"]) ?? 0,
      startedAt: numberOf(value["startedAt"]),
      updatedAt: numberOf(value["updatedAt"]),
      endedAt: numberOf(value["endedAt"]),
    },
  ];
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
