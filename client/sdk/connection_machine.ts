import { reactionTo } from "../../protocol/mod.ts";
import { backoffMs } from "./backoff.ts";
import {
  type ConnectingState,
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionState,
  type IdleState,
  idle,
  type OpenState,
  type ReadyState,
  type StoppedState,
  type StopReason,
} from "./connection_state.ts";
import type { ClientProblem } from "./problem.ts";

/**
 * The life of a connection, as values. A socket belongs to `connecting`, `open` and `ready`; each state has at
 * most one timer, and what `timer` means depends on the state alone.
 *
 *             start                opened              subscribed
 *     idle ──────────► connecting ────────► open ───────────────────► ready
 *      ▲                 ▲    │              │                          │
 *      │ halt,           │    │ lost, timer, │ lost, silent, broken     │ the same
 *      │ from anywhere   │    ▼ tokenFailed  ▼                          │
 *      │ but stopped     └── waiting ◄───────┴──────────────────────────┘
 *      │      timer, wake, reconnect │
 *      └─────────────────────────────┘     a close code that says stop, or renew a second time, or close:
 *                                          ──────► stopped ──reconnect──► connecting (unless by close)
 *
 * Attempts count until a `subscribed` frame proves the connection: a gateway that accepts and drops is met with
 * longer and longer waits. What ends the retries: a close code that says so, `halt`, or `close`.
 */

/** What a transition depends on beside state and event. */
export interface ConnectionContext {
  /** In [0, 1), for the jitter. */
  readonly chance: number;
  /** The token comes from a function, so a new one can be had. */
  readonly canRenew: boolean;
  /** How long token and handshake may take. */
  readonly connectMs: number;
  /** From one sign of life to the next ping, and from a ping to giving up. */
  readonly pingMs: number;
  readonly pongMs: number;
}

export interface Transition {
  readonly state: ConnectionState;
  readonly effects: readonly ConnectionEffect[];
}

/** The whole machine. An event that means nothing in a state gives the same state object and no effects. */
export function transition(
  state: ConnectionState,
  event: ConnectionEvent,
  context: ConnectionContext,
): Transition {
  switch (event.type) {
    case "start":
      return state.name === "idle" ? connect(1, false, context) : stay(state);
    case "halt":
      return state.name === "stopped" || state.name === "idle" ? stay(state) : leave(state, idle);
    case "close":
      return close(state);
    case "opened":
      return state.name === "connecting" ? open(state, context) : stay(state);
    case "received":
      return hasSocket(state) ? alive(state, context) : stay(state);
    case "subscribed":
      return state.name === "open" ? prove(state) : stay(state);
    case "refused":
      return hasSocket(state) ? go({ ...state, refusal: event.problem }) : stay(state);
    case "lost":
      return lose(state, event.closeCode, context);
    case "tokenFailed":
      return state.name === "connecting" ? retry(state, event.problem, context) : stay(state);
    case "timer":
      return runOut(state, context);
    case "wake":
      return wake(state, context);
    case "reconnect":
      return reconnect(state, context);
    case "broken":
      return hasSocket(state) ? breakOff(state, event.attempt, event.problem, context) : stay(state);
  }
}

function stay(state: ConnectionState): Transition {
  return { state, effects: [] };
}

function go(state: ConnectionState, ...effects: ConnectionEffect[]): Transition {
  return { state, effects };
}

function hasSocket(state: ConnectionState): state is OpenState | ReadyState {
  return state.name === "open" || state.name === "ready";
}

function connect(attempt: number, isRenewed: boolean, context: ConnectionContext): Transition {
  return go(
    { name: "connecting", attempt, isRenewed },
    { type: "setTimer", ms: context.connectMs },
    { type: "connect", renew: isRenewed },
  );
}

function open(state: ConnectingState, context: ConnectionContext): Transition {
  const { attempt, isRenewed } = state;
  return go(
    { name: "open", attempt, isRenewed, isPinged: false, refusal: null },
    { type: "setTimer", ms: context.pingMs },
    { type: "subscribeAll" },
  );
}

function prove(state: OpenState): Transition {
  return go({ name: "ready", isPinged: state.isPinged, refusal: state.refusal });
}

function alive(state: OpenState | ReadyState, context: ConnectionContext): Transition {
  if (!state.isPinged && state.refusal === null) return stay(state);
  const awake = { ...state, isPinged: false, refusal: null };
  return state.isPinged ? go(awake, { type: "setTimer", ms: context.pingMs }) : go(awake);
}

function ping(state: OpenState | ReadyState, context: ConnectionContext): Transition {
  return go({ ...state, isPinged: true }, { type: "ping" }, { type: "setTimer", ms: context.pongMs });
}

/** Leaves for a state without socket and timer. */
function leave(from: ConnectionState, to: IdleState | StoppedState): Transition {
  const holds = from.name === "connecting" || hasSocket(from);
  const runs = holds || from.name === "waiting";
  return go(
    to,
    ...(holds ? [{ type: "hangUp" } as const] : []),
    ...(runs ? [{ type: "clearTimer" } as const] : []),
  );
}

function close(state: ConnectionState): Transition {
  if (state.name === "stopped" && state.reason.kind === "closed") return stay(state);
  return leave(state, { name: "stopped", reason: { kind: "closed" } });
}

function lose(state: ConnectionState, closeCode: number, context: ConnectionContext): Transition {
  if (state.name !== "connecting" && !hasSocket(state)) return stay(state);
  const problem = (hasSocket(state) ? state.refusal : null) ?? lost(closeCode);
  const reaction = reactionTo(closeCode);
  if (reaction === "retry") return retry(state, problem, context);
  if (reaction === "renew" && context.canRenew && !historyOf(state).isRenewed) {
    return wait(historyOf(state).attempt + 1, true, problem, context);
  }
  const reason: StopReason = { kind: "refused", closeCode, problem };
  return go({ name: "stopped", reason }, { type: "hangUp" }, { type: "clearTimer" });
}

function lost(closeCode: number): ClientProblem {
  return { code: "connection_lost", message: `The connection was lost (close code ${closeCode}).` };
}

/** A proved connection has no history: its attempts and its renewal are forgotten. */
function historyOf(state: ConnectingState | OpenState | ReadyState): { attempt: number; isRenewed: boolean } {
  return state.name === "ready" ? { attempt: 0, isRenewed: false } : state;
}

function retry(
  state: ConnectingState | OpenState | ReadyState,
  cause: ClientProblem,
  context: ConnectionContext,
): Transition {
  const { attempt, isRenewed } = historyOf(state);
  return wait(attempt + 1, isRenewed, cause, context);
}

function wait(
  attempt: number,
  isRenewed: boolean,
  cause: ClientProblem,
  context: ConnectionContext,
): Transition {
  const delayMs = backoffMs(attempt, context.chance, cause.retryAfterMs);
  return go(
    { name: "waiting", attempt, isRenewed, delayMs, cause },
    { type: "hangUp" },
    { type: "setTimer", ms: delayMs },
  );
}

function runOut(state: ConnectionState, context: ConnectionContext): Transition {
  switch (state.name) {
    case "idle":
    case "stopped":
      return stay(state);
    case "connecting":
      return retry(state, silent("The gateway did not answer the handshake", context.connectMs), context);
    case "waiting":
      return connect(state.attempt, state.isRenewed, context);
    case "open":
    case "ready":
      if (!state.isPinged) return ping(state, context);
      return retry(state, silent("The gateway did not answer a ping", context.pongMs), context);
  }
}

function silent(what: string, ms: number): ClientProblem {
  return { code: "connection_lost", message: `${what} within ${ms} ms.` };
}

/** A wait that the gateway asked for is kept: waking up does not make it less busy. */
function wake(state: ConnectionState, context: ConnectionContext): Transition {
  if (state.name === "waiting" && state.cause.retryAfterMs === undefined) {
    return connect(state.attempt, state.isRenewed, context);
  }
  return hasSocket(state) && !state.isPinged ? ping(state, context) : stay(state);
}

function reconnect(state: ConnectionState, context: ConnectionContext): Transition {
  if (state.name === "waiting") return connect(state.attempt, state.isRenewed, context);
  return state.name === "stopped" && state.reason.kind === "refused"
    ? connect(1, context.canRenew, context)
    : stay(state);
}

function breakOff(
  state: OpenState | ReadyState,
  attempt: number,
  problem: ClientProblem,
  context: ConnectionContext,
): Transition {
  return wait(attempt, historyOf(state).isRenewed, problem, context);
}
