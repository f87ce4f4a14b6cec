import { reactionTo } from "../../protocol/mod.ts";
import { retryAfterCapMs } from "./backoff.ts";
import type { ClientProblem } from "./problem.ts";

/**
 * How a plugin's logs are followed, as values: the history first, then the socket, and while no socket can be had,
 * polling. Polling goes on until a socket has brought a frame, so that the way back leaves nothing out.
 *
 *            open             loaded                 received
 *   stopped ──────► loading ──────────► connecting ───────────► live
 *      ▲             ▲  │ ▲ failed: again     │ lost              │ lost       ▲
 *      │ close,      │  └─┘ in 5 s           ▼                   ▼            │ received
 *      │ refused     │                    polling ◄────────────────────────────┘
 *      └─ from any   └─ refilter ── each 5 s a poll, and 3 s after each lost socket another one
 *
 * Another filter needs the history again; a live socket stays for it, and is told the filter first.
 */
export type PluginState =
  /** `problem` is why; null before it began, and after `close`. */
  | { readonly name: "stopped"; readonly problem: ClientProblem | null }
  /** The history is read, or waits to be read again. */
  | { readonly name: "loading"; readonly isWaiting: boolean }
  | { readonly name: "connecting" }
  /** `isPinged`: a ping is unanswered. `isReloading`: the history under another filter is on its way. */
  | { readonly name: "live"; readonly isPinged: boolean; readonly isReloading: boolean }
  /** `isOpening`: a socket is tried. `isOffline`: the last poll had no answer either. */
  | {
      readonly name: "polling";
      readonly isOpening: boolean;
      readonly isOffline: boolean;
      /** The token was renewed since a socket was live. */
      readonly isRenewed: boolean;
    };

export type PluginEvent =
  | { readonly type: "open" }
  | { readonly type: "close" }
  /** The filter has changed. */
  | { readonly type: "refilter" }
  /** A live socket has taken the filter. */
  | { readonly type: "filterTaken" }
  | { readonly type: "loaded" }
  | { readonly type: "polled" }
  /** History or poll had no answer, or (`isFinal`) was refused for good. */
  | { readonly type: "failed"; readonly isFinal: boolean; readonly problem: ClientProblem }
  | { readonly type: "opened" }
  /** A frame that is no refusal. */
  | { readonly type: "received" }
  /** The socket has closed, or could not be had; `problem` is what was said of it. */
  | { readonly type: "lost"; readonly closeCode: number; readonly problem: ClientProblem | null }
  /** The state's timer, and that of polls, has run out. */
  | { readonly type: "timer" }
  | { readonly type: "pollTimer" };

export type PluginEffect =
  | { readonly type: "load" }
  | { readonly type: "poll" }
  /** What was asked over HTTP is wanted no more. */
  | { readonly type: "cancel" }
  | { readonly type: "connect"; readonly renew: boolean }
  | { readonly type: "hangUp" }
  | { readonly type: "sendFilter" }
  | { readonly type: "ping" }
  /** Each replaces the timer of its name; `ms` null: none. */
  | { readonly type: "setTimer"; readonly ms: number | null }
  | { readonly type: "setPollTimer"; readonly ms: number | null };

export interface PluginStep {
  readonly state: PluginState;
  readonly effects: readonly PluginEffect[];
}

export interface PluginContext {
  /** From one ping to the next, and how long a handshake may take. */
  readonly heartbeatMs: number;
  readonly canRenew: boolean;
  /** In [0, 1), for the jitter: who was cut off together comes back apart. */
  readonly chance: number;
}

/** Between two polls, and before the history is asked for again. */
export const pollMs = 5_000;
/** After a lost socket, before the next one; up to a third of it more by chance. */
export const socketRetryMs = 3_000;
/** Where the gateway says that it has no sockets, so long. */
const disabledRetryMs = 60_000;

export const stopped: PluginState = { name: "stopped", problem: null };

/** The whole machine. An event that means nothing in a state gives the same state object and no effects. */
export function pluginTransition(state: PluginState, event: PluginEvent, context: PluginContext): PluginStep {
  switch (event.type) {
    case "open":
      return state.name === "stopped" ? load([]) : stay(state);
    case "close":
      return state.name === "stopped" ? stay(state) : stop(null);
    case "refilter":
      return refilter(state);
    case "filterTaken":
      return state.name === "live" && state.isReloading ? go(state, { type: "load" }) : stay(state);
    case "loaded":
      return loaded(state, context);
    case "polled":
      return state.name === "polling" ? go({ ...state, isOffline: false }, pollLater) : stay(state);
    case "failed":
      return failed(state, event);
    case "opened":
      return isOpening(state) ? go(state, { type: "sendFilter" }) : stay(state);
    case "received":
      return received(state, context);
    case "lost":
      return hasSocket(state) ? lose(state, event, context) : stay(state);
    case "timer":
      return runOut(state, context);
    case "pollTimer":
      return state.name === "polling" ? go(state, { type: "poll" }) : stay(state);
  }
}

type Live = PluginState & { readonly name: "live" };
type Polling = PluginState & { readonly name: "polling" };
type Opening = PluginState & { readonly name: "connecting" | "polling" };

const pollLater: PluginEffect = { type: "setPollTimer", ms: pollMs };

function isOpening(state: PluginState): state is Opening {
  return state.name === "connecting" || (state.name === "polling" && state.isOpening);
}

function hasSocket(state: PluginState): state is Live | Opening {
  return state.name === "live" || isOpening(state);
}

function stay(state: PluginState): PluginStep {
  return { state, effects: [] };
}

function go(state: PluginState, ...effects: readonly PluginEffect[]): PluginStep {
  return { state, effects };
}

/** Nothing is open, asked for or timed any more. */
const leave: readonly PluginEffect[] = [
  { type: "hangUp" },
  { type: "cancel" },
  { type: "setTimer", ms: null },
  { type: "setPollTimer", ms: null },
];

function load(before: readonly PluginEffect[]): PluginStep {
  return go({ name: "loading", isWaiting: false }, ...before, { type: "load" });
}

function stop(problem: ClientProblem | null): PluginStep {
  return go({ name: "stopped", problem: problem && { ...problem, final: true } }, ...leave);
}

function refilter(state: PluginState): PluginStep {
  if (state.name === "stopped") return stay(state);
  if (state.name !== "live") return load(leave);
  return go({ ...state, isReloading: true }, { type: "cancel" }, { type: "sendFilter" });
}

function loaded(state: PluginState, { heartbeatMs }: PluginContext): PluginStep {
  if (state.name === "live" && state.isReloading) return go({ ...state, isReloading: false });
  if (state.name !== "loading") return stay(state);
  return go({ name: "connecting" }, { type: "setTimer", ms: heartbeatMs }, { type: "connect", renew: false });
}

function failed(state: PluginState, event: PluginEvent & { readonly type: "failed" }): PluginStep {
  const isAsking = state.name === "loading" || state.name === "polling" || isReloading(state);
  if (!isAsking) return stay(state);
  if (event.isFinal) return stop(event.problem);
  if (state.name === "polling") return go({ ...state, isOffline: true }, pollLater);
  return go({ name: "loading", isWaiting: true }, ...leave, { type: "setTimer", ms: pollMs });
}

function isReloading(state: PluginState): boolean {
  return state.name === "live" && state.isReloading;
}

function received(state: PluginState, { heartbeatMs }: PluginContext): PluginStep {
  if (state.name === "live") return state.isPinged ? go({ ...state, isPinged: false }) : stay(state);
  if (!isOpening(state)) return stay(state);
  return go(
    { name: "live", isPinged: false, isReloading: false },
    { type: "cancel" },
    { type: "setPollTimer", ms: null },
    { type: "setTimer", ms: heartbeatMs },
  );
}

function lose(
  state: Live | Opening,
  { closeCode, problem }: { readonly closeCode: number; readonly problem: ClientProblem | null },
  context: PluginContext,
): PluginStep {
  const reaction = closeCode === 1000 ? "retry" : reactionTo(closeCode);
  const isRenewed = state.name === "polling" && state.isRenewed;
  const mayRenew = reaction === "renew" && context.canRenew && !isRenewed;
  if (reaction !== "retry" && !mayRenew) {
    const message = `The socket was refused (close code ${closeCode}).`;
    return stop(problem ?? { code: "connection_lost", message });
  }
  // What is held is not what the filter asks for: the history first.
  if (isReloading(state)) return load(leave);
  const ms = retryMs(problem, context.chance);
  const next: Polling = {
    name: "polling",
    isOpening: false,
    isOffline: state.name === "polling" && state.isOffline,
    isRenewed: isRenewed || mayRenew,
  };
  const polls: readonly PluginEffect[] = state.name === "polling" ? [] : [{ type: "poll" }];
  return go(next, { type: "hangUp" }, { type: "setTimer", ms }, ...polls);
}

function retryMs(problem: ClientProblem | null, chance: number): number {
  const ownMs = problem?.code === "realtime_disabled" ? disabledRetryMs : socketRetryMs;
  const ms = Math.max(ownMs, Math.min(problem?.retryAfterMs ?? 0, retryAfterCapMs));
  return ms + Math.floor((chance * socketRetryMs) / 3);
}

function runOut(state: PluginState, context: PluginContext): PluginStep {
  const { heartbeatMs } = context;
  const silent = { closeCode: 1006, problem: null };
  switch (state.name) {
    case "stopped":
      return stay(state);
    case "loading":
      return state.isWaiting ? load([]) : stay(state);
    case "connecting":
      return lose(state, silent, context);
    case "live":
      if (state.isPinged) return lose(state, silent, context);
      return go({ ...state, isPinged: true }, { type: "ping" }, { type: "setTimer", ms: heartbeatMs });
    case "polling":
      if (state.isOpening) return lose(state, silent, context);
      return go(
        { ...state, isOpening: true },
        { type: "setTimer", ms: heartbeatMs },
        { type: "connect", renew: state.isRenewed },
      );
  }
}
