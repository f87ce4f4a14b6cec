import { decodePluginFrame } from "../../protocol/dialects/c_decode.ts";
import type { CDownFrame } from "../../protocol/dialects/c_frames.ts";
import type { CLog } from "../../protocol/dialects/c_log.ts";
import { parseChannelName, pingText } from "../../protocol/mod.ts";
import { PlainSocket, socketUrl } from "./plain_socket.ts";
import { filterFrame, type PluginFilter, passesFilter } from "./plugin_filter.ts";
import { PluginList } from "./plugin_list.ts";
import {
  type PluginEffect,
  type PluginEvent,
  type PluginState,
  pluginTransition,
  stopped,
} from "./plugin_machine.ts";
import type { PluginListener, PluginLogsOptions } from "./plugin_options.ts";
import { type PluginHistory, PluginSource } from "./plugin_source.ts";
import { type ClientProblem, type ClientResult, problemOfFrame } from "./problem.ts";
import { startTimer, TimerSlot } from "./timers.ts";

/**
 * A plugin's logs: history, then the socket, and polling while there is none. One cursor leads through all three,
 * so that nothing is lost or shown twice.
 */
export class PluginLogs {
  readonly #options: PluginLogsOptions;
  readonly #listener: PluginListener;
  readonly #source: PluginSource;
  readonly #list: PluginList;
  readonly #socket: PlainSocket;
  readonly #timer: TimerSlot;
  readonly #pollTimer: TimerSlot;
  #filter: PluginFilter;
  #state: PluginState = stopped;
  #request: AbortController | null = null;
  /** Pings without an answer yet, and whether the last of them follows a filter. */
  #pings = 0;
  #awaitsFilter = false;
  /** What an error frame just said: the reason of a close that follows at once. */
  #refusal: ClientProblem | null = null;

  /** @throws Error for a bad plugin id. */
  constructor(options: PluginLogsOptions, listener: PluginListener) {
    const { plugin, token, webSocket = WebSocket, filter = {}, maxLogs = 5_000 } = options;
    const name = parseChannelName(plugin.includes("/") ? plugin : `plugin/${plugin}`);
    if (!name.ok) throw new Error(name.problem.message);
    this.#options = options;
    this.#listener = listener;
    this.#filter = filter;
    this.#list = new PluginList(maxLogs);
    this.#source = new PluginSource(options, plugin, name.value.kind, name.value.id);
    const start = options.startTimer ?? startTimer;
    this.#timer = new TimerSlot(start);
    this.#pollTimer = new TimerSlot(start);
    this.#socket = new PlainSocket(
      { token, webSocket },
      {
        onOpen: () => this.#dispatch({ type: "opened" }),
        onText: (text) => this.#receive(text),
        onClose: (closeCode, problem) => this.#lost(closeCode, problem),
      },
    );
  }

  get state(): PluginState {
    return this.#state;
  }

  /** The newest lines that the filter lets through, the newest last; another array after each change. */
  get logs(): readonly CLog[] {
    return this.#list.logs;
  }

  /** How many lines were dropped from the list's beginning since the history was read. */
  get dropped(): number {
    return this.#list.dropped;
  }

  get filter(): PluginFilter {
    return this.#filter;
  }

  /** Begins, or begins anew after it was stopped. */
  open(): void {
    this.#dispatch({ type: "open" });
  }

  /** Ends everything that is open or on its way. */
  close(): void {
    this.#dispatch({ type: "close" });
  }

  /** Shows other lines: at once of those that are held, then the history's under this filter. */
  setFilter(filter: PluginFilter): void {
    this.#filter = filter;
    this.#list.narrow((log) => passesFilter(filter, log));
    this.#listener.onReset?.(this.logs);
    this.#dispatch({ type: "refilter" });
  }

  #dispatch(event: PluginEvent): void {
    const before = this.#state;
    const { heartbeatMs = 30_000, token, random = Math.random } = this.#options;
    const context = { heartbeatMs, canRenew: typeof token === "function", chance: random() };
    const { state, effects } = pluginTransition(before, event, context);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    if (isSameToSee(before, state)) return;
    this.#listener.onState?.(state);
    if (state.name === "stopped" && state.problem !== null) this.#listener.onProblem?.(state.problem);
  }

  #perform(effect: PluginEffect): void {
    switch (effect.type) {
      case "load":
        void this.#load();
        return;
      case "poll":
        void this.#poll();
        return;
      case "cancel":
        this.#request?.abort();
        this.#request = null;
        return;
      case "connect":
        this.#socket.open(() => this.#url(), effect.renew);
        return;
      case "hangUp":
        this.#socket.hangUp();
        return;
      case "sendFilter":
        this.#sendFilter();
        return;
      case "ping":
        this.#ping();
        return;
      case "setTimer":
        setOrClear(this.#timer, effect.ms, () => this.#dispatch({ type: "timer" }));
        return;
      case "setPollTimer":
        setOrClear(this.#pollTimer, effect.ms, () => this.#dispatch({ type: "pollTimer" }));
        return;
    }
  }

  #url(): string {
    const path = `/ws/logs/${encodeURIComponent(this.#options.plugin)}`;
    return socketUrl(this.#options.url, path, { cursor: String(this.#list.cursor) });
  }

  /** Frames are taken in their order: the answer to a ping says that the filter before it is in use. */
  #sendFilter(): void {
    this.#socket.send(JSON.stringify(filterFrame(this.#filter)));
    this.#awaitsFilter = true;
    this.#ping();
  }

  #ping(): void {
    if (this.#socket.send(pingText)) this.#pings += 1;
  }

  async #load(): Promise<void> {
    const { lines = 100 } = this.#options;
    const filter = this.#filter;
    await this.#ask(
      (signal) => this.#source.history(filter, lines, signal),
      (history) => this.#loaded(history),
    );
  }

  #loaded({ logs, cursor }: PluginHistory): void {
    if (this.#state.name === "live") this.#list.merge(logs, cursor);
    else this.#list.replace(logs, cursor);
    this.#listener.onReset?.(this.logs);
    this.#dispatch({ type: "loaded" });
  }

  /** Reads all that follows the cursor, a page at a time; it ends with the tail, or when nobody wants it any more. */
  async #poll(): Promise<void> {
    await this.#ask(
      async (signal) => {
        for (;;) {
          const page = await this.#source.after(this.#list.cursor, signal);
          if (!page.ok || signal.aborted) return page;
          const { lost, logs, cursor, hasMore } = page.value;
          if (lost !== null) this.#passOver(lost);
          this.#append(logs);
          this.#list.moveTo(lost?.to === null ? 0 : Math.max(cursor, this.#list.cursor));
          if (!hasMore) return page;
        }
      },
      () => this.#dispatch({ type: "polled" }),
    );
  }

  /** Only the newest question's answer counts. */
  async #ask<T>(
    ask: (signal: AbortSignal) => Promise<ClientResult<T>>,
    take: (value: T) => void,
  ): Promise<void> {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    const answer = await ask(request.signal);
    if (this.#request !== request) return;
    this.#request = null;
    if (answer.ok) take(answer.value);
    else this.#failed(answer.problem);
  }

  #failed(problem: ClientProblem): void {
    const { status = 503 } = problem;
    const isFinal = status < 500 && status !== 408 && status !== 429;
    if (!isFinal) this.#listener.onProblem?.(problem);
    this.#dispatch({ type: "failed", isFinal, problem });
  }

  #lost(closeCode: number, problem: ClientProblem | null): void {
    const cause = problem ?? this.#refusal;
    this.#refusal = null;
    this.#pings = 0;
    this.#awaitsFilter = false;
    this.#dispatch({ type: "lost", closeCode, problem: cause });
  }

  #receive(text: string): void {
    this.#refusal = null;
    const decoded = decodePluginFrame(text);
    if (!decoded.ok) {
      this.#listener.onProblem?.(decoded.problem);
      return;
    }
    const frame = decoded.value;
    if (frame.type === "error") {
      this.#refusal = problemOfFrame(frame);
      this.#listener.onProblem?.(this.#refusal);
      return;
    }
    this.#take(frame);
    this.#dispatch({ type: "received" });
    if (frame.type === "pong") this.#ponged();
  }

  #take(frame: Exclude<CDownFrame, { readonly type: "error" }>): void {
    switch (frame.type) {
      case "initial":
      case "append":
        this.#append(frame.logs);
        return;
      case "gap":
        this.#passOver(frame);
        return;
      case "end":
        this.#listener.onEnd?.(frame);
        return;
      case "pong":
        this.#pings = Math.max(0, this.#pings - 1);
        return;
    }
  }

  #ponged(): void {
    if (this.#pings > 0 || !this.#awaitsFilter) return;
    this.#awaitsFilter = false;
    this.#dispatch({ type: "filterTaken" });
  }

  #append(logs: readonly CLog[]): void {
    const fresh = this.#list.append(logs, (log) => passesFilter(this.#filter, log));
    if (fresh.length > 0) this.#listener.onLogs?.(fresh);
  }

  #passOver({ from, to }: { readonly from: number; readonly to: number | null }): void {
    if (to === null) {
      this.#list.clear();
      this.#listener.onReset?.(this.logs);
    } else if (to > this.#list.cursor) {
      this.#list.moveTo(to);
    }
    this.#listener.onGap?.({ from, to });
  }
}

/** Pings and their answers are nobody else's concern. */
function isSameToSee(before: PluginState, after: PluginState): boolean {
  if (before.name !== "live" || after.name !== "live") return before === after;
  return before.isReloading === after.isReloading;
}

function setOrClear(slot: TimerSlot, ms: number | null, run: () => void): void {
  if (ms === null) slot.clear();
  else slot.set(run, ms);
}
