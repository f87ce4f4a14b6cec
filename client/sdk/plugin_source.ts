import { isCLog } from "../../protocol/dialects/c_decode.ts";
import { type CLog, cLog } from "../../protocol/dialects/c_log.ts";
import type { PluginLogsAnswer } from "../../protocol/dialects/c_rest.ts";
import { answers } from "./answer.ts";
import type { ChannelSummary, HistoryPage } from "./api_types.ts";
import { callGateway, type GatewayAccess, queryText } from "./gateway_call.ts";
import { filterQuery, type PluginFilter } from "./plugin_filter.ts";
import type { ClientProblem, ClientResult } from "./problem.ts";

/** A plugin's last lines, and the cursor up to which nothing else matched. */
export interface PluginHistory {
  readonly logs: readonly CLog[];
  readonly cursor: number;
}

/** Lines that follow a cursor. */
export interface PluginPage {
  /** Lines before them that are no longer kept; `to` is null where the journal was deleted. */
  readonly lost: { readonly from: number; readonly to: number | null } | null;
  readonly logs: readonly CLog[];
  readonly cursor: number;
  /** There is more after `cursor`. */
  readonly hasMore: boolean;
}

/** What is read of a plugin over HTTP. */
export class PluginSource {
  readonly #access: GatewayAccess;
  readonly #id: string;
  readonly #channelPath: string;

  /** `channel` is the whole name of what the client calls `id`. */
  constructor(access: GatewayAccess, id: string, kind: string, channelId: string) {
    this.#access = access;
    this.#id = id;
    this.#channelPath = `/v1/channels/${kind}/${encodeURIComponent(channelId)}`;
  }

  /** The last `lines` that match. The tail is asked first: what comes meanwhile is read again, and never missed. */
  async history(
    filter: PluginFilter,
    lines: number,
    signal: AbortSignal,
  ): Promise<ClientResult<PluginHistory>> {
    const summary = await this.#call<ChannelSummary>(this.#channelPath, answers.summary, signal);
    if (!summary.ok) return summary;
    const query = queryText({ lines, ...filterQuery(filter) });
    const path = `/plugin/${encodeURIComponent(this.#id)}/logs${query}`;
    const read = await this.#call<PluginLogsAnswer>(path, logsAnswer, signal);
    if (!read.ok) return read;
    const { logs } = read.value;
    const cursor = Math.max(summary.value.tail, logs.at(-1)?.cursor ?? 0);
    return { ok: true, value: { logs, cursor } };
  }

  /** What follows a cursor: dialect C's own history knows none, and would leave out what does not fit its last lines. */
  async after(cursor: number, signal: AbortSignal): Promise<ClientResult<PluginPage>> {
    const path = `${this.#channelPath}/entries${queryText({ after: cursor })}`;
    const page = await this.#call<HistoryPage>(path, answers.history, signal);
    if (!page.ok) return lostBefore(page.problem, cursor);
    const { entries, next, tail } = page.value;
    if (tail < cursor) return moved({ from: cursor + 1, to: null }, 0);
    const logs = entries.map(({ cursor: at, ...entry }) => cLog(entry, at));
    return { ok: true, value: { lost: null, logs, cursor: next ?? tail, hasMore: next !== null } };
  }

  /** A refused token is renewed once, where that can be. */
  async #call<T>(
    path: string,
    checks: Parameters<typeof callGateway>[2],
    signal: AbortSignal,
  ): Promise<ClientResult<T>> {
    const outcome = await callGateway<T>(this.#access, path, checks, { signal });
    const isRenewable = !outcome.ok && outcome.problem.status === 401;
    if (!isRenewable || typeof this.#access.token !== "function") return outcome;
    return callGateway<T>(this.#access, path, checks, { signal, renew: true });
  }
}

const logsAnswer = { logs: (value: unknown) => Array.isArray(value) && value.every(isCLog) };

function lostBefore(problem: ClientProblem, cursor: number): ClientResult<PluginPage> {
  const { oldest } = problem;
  if (oldest === undefined || oldest <= cursor + 1) return { ok: false, problem };
  return moved({ from: cursor + 1, to: oldest - 1 }, oldest - 1);
}

function moved(lost: { readonly from: number; readonly to: number | null }, cursor: number) {
  return { ok: true, value: { lost, logs: [], cursor, hasMore: true } } as const;
}
