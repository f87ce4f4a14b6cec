import { parseChannelName } from "../../protocol/mod.ts";
import { answers, readAnswer, readProblem } from "./answer.ts";
import type {
  AppendOptions,
  AppendReceipt,
  ChannelSummary,
  ChannelsQuery,
  DirectoryPage,
  DownloadQuery,
  EndReceipt,
  EndRequest,
  HistoryPage,
  HistoryQuery,
  NewEntry,
  ProducerSeq,
  Session,
} from "./api_types.ts";
import type { TokenSource } from "./connection.ts";
import { type ClientResult, sentenceOf } from "./problem.ts";

export interface ApiClientOptions {
  /** The gateway's origin: `https://logs.example.com`. */
  readonly url: string;
  /** Without one, cookies authenticate (browsers). */
  readonly token?: TokenSource;
  /** The platform's by default. */
  readonly fetch?: typeof fetch;
}

interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
  /** The gateway has refused the last token. */
  readonly renew?: boolean;
}

type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** The gateway's HTTP endpoints. Every outcome is a value; only a name outside the grammar throws. */
export class ApiClient {
  readonly #options: ApiClientOptions;

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  /** Appends one batch, whole or not at all: at most `limits.batchEntries` entries and `limits.batchBytes`. */
  append(
    channel: string,
    entries: readonly NewEntry[],
    options: AppendOptions = {},
  ): Promise<ClientResult<AppendReceipt>> {
    return this.appendLines(channel, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""), options);
  }

  /** Appends a batch that is NDJSON text already. With `renew` a new token is asked for first. */
  appendLines(
    channel: string,
    ndjson: string,
    options: AppendOptions & { readonly renew?: boolean } = {},
  ): Promise<ClientResult<AppendReceipt>> {
    const { producer, project, signal, renew = false } = options;
    return this.#call(`${channelPath(channel)}/entries${queryText({ project })}`, answers.append, {
      method: "POST",
      headers: { "Content-Type": "application/x-ndjson", ...producerHeaders(producer) },
      body: ndjson,
      signal,
      renew,
    });
  }

  /** Seals the channel. A repeated one gets the first answer. */
  end(channel: string, request: EndRequest, signal?: AbortSignal): Promise<ClientResult<EndReceipt>> {
    return this.#call(`${channelPath(channel)}/end`, answers.end, { ...json("POST", request), signal });
  }

  history(
    channel: string,
    query: HistoryQuery = {},
    signal?: AbortSignal,
  ): Promise<ClientResult<HistoryPage>> {
    return this.#call(`${channelPath(channel)}/entries${queryText({ ...query })}`, answers.history, {
      signal,
    });
  }

  summary(channel: string, signal?: AbortSignal): Promise<ClientResult<ChannelSummary>> {
    return this.#call(channelPath(channel), answers.summary, { signal });
  }

  /** The directory, newest first. */
  channels(query: ChannelsQuery = {}, signal?: AbortSignal): Promise<ClientResult<DirectoryPage>> {
    return this.#call(`/v1/channels${queryText({ ...query })}`, answers.channels, { signal });
  }

  /** Deletes the journal; its subscribers are told a gap. */
  deleteChannel(channel: string): Promise<ClientResult<unknown>> {
    return this.#call(channelPath(channel), answers.nothing, { method: "DELETE" });
  }

  /** Exchanges a token for the session cookie. */
  createSession(token: string): Promise<ClientResult<Session>> {
    return this.#call("/v1/session", answers.session, json("POST", { token }));
  }

  /** Who one is. */
  session(signal?: AbortSignal): Promise<ClientResult<Session>> {
    return this.#call("/v1/session", answers.session, { signal });
  }

  /** Signs out. */
  deleteSession(): Promise<ClientResult<unknown>> {
    return this.#call("/v1/session", answers.nothing, { method: "DELETE" });
  }

  /** The address of a channel's text, for a link that the session's cookie opens. */
  downloadUrl(channel: string, query: DownloadQuery = {}): string {
    return new URL(`${channelPath(channel)}/download${queryText({ ...query })}`, this.#options.url).href;
  }

  async #call<T>(
    path: string,
    checks: Parameters<typeof readAnswer>[1],
    call: Call,
  ): Promise<ClientResult<T>> {
    try {
      const response = await this.#send(path, call);
      const text = await response.text();
      const body = text === "" ? {} : parseJson(text);
      if (!response.ok) return { ok: false, problem: readProblem(response, body) };
      return readAnswer<T>(body, checks, response.status);
    } catch (thrown) {
      const message = `No answer from ${new URL(this.#options.url).origin}: ${reasonOf(thrown)}`;
      return { ok: false, problem: { code: "network_failed", message } };
    }
  }

  async #send(path: string, call: Call): Promise<Response> {
    const { token } = this.#options;
    const bearer =
      typeof token === "function" ? await token({ renew: call.renew ?? false }) : (token ?? null);
    const send = this.#options.fetch ?? fetch;
    return send(new URL(path, this.#options.url), {
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
}

function channelPath(channel: string): string {
  const name = parseChannelName(channel);
  if (!name.ok) throw new Error(name.problem.message);
  return `/v1/channels/${name.value.kind}/${encodeURIComponent(name.value.id)}`;
}

/** Lists are joined by commas, true is 1, and what is false or undefined is left out. */
function queryText(query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false) continue;
    params.set(name, value === true ? "1" : Array.isArray(value) ? value.join(",") : String(value));
  }
  return params.size === 0 ? "" : `?${params}`;
}

function producerHeaders(producer: ProducerSeq | undefined): Record<string, string> {
  if (producer === undefined) return {};
  return {
    "Producer-Id": producer.id,
    "Producer-Epoch": String(producer.epoch),
    "Producer-Seq": String(producer.seq),
  };
}

function json(method: string, body: unknown): Call {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
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
