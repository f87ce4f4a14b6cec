import { parseChannelName } from "../../protocol/mod.ts";
import { answers, type readAnswer } from "./answer.ts";
import type {
  AppendOptions,
  AppendReceipt,
  ChannelSummary,
  ChannelsQuery,
  CommandBody,
  CommandRecord,
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
import { callGateway, type GatewayAccess, type GatewayCall, jsonCall, queryText } from "./gateway_call.ts";
import type { ClientResult } from "./problem.ts";

export type ApiClientOptions = GatewayAccess;

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
    return this.#call(`${channelPath(channel)}/end`, answers.end, { ...jsonCall("POST", request), signal });
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

  /** Sends a command to a channel's agents; answers where it stands. A repeated id is told where the first does. */
  command(channel: string, command: CommandBody, signal?: AbortSignal): Promise<ClientResult<CommandRecord>> {
    const path = `${channelPath(channel)}/commands`;
    return this.#call(path, answers.command, { ...jsonCall("POST", command), signal });
  }

  /** Where a command stands: one's own, or (with the grant `serve`) another subject's. */
  readCommand(
    channel: string,
    id: string,
    query: { readonly subject?: string } = {},
    signal?: AbortSignal,
  ): Promise<ClientResult<CommandRecord>> {
    const path = `${channelPath(channel)}/commands/${encodeURIComponent(id)}${queryText({ ...query })}`;
    return this.#call(path, answers.command, { signal });
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
    return this.#call("/v1/session", answers.session, jsonCall("POST", { token }));
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

  #call<T>(
    path: string,
    checks: Parameters<typeof readAnswer>[1],
    call: GatewayCall,
  ): Promise<ClientResult<T>> {
    return callGateway(this.#options, path, checks, call);
  }
}

function channelPath(channel: string): string {
  const name = parseChannelName(channel);
  if (!name.ok) throw new Error(name.problem.message);
  return `/v1/channels/${name.value.kind}/${encodeURIComponent(name.value.id)}`;
}

function producerHeaders(producer: ProducerSeq | undefined): Record<string, string> {
  if (producer === undefined) return {};
  return {
    "Producer-Id": producer.id,
    "Producer-Epoch": String(producer.epoch),
    "Producer-Seq": String(producer.seq),
  };
}
