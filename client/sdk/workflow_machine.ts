import { reactionTo } from "../../protocol/mod.ts";
import { retryAfterCapMs } from "./backoff.ts";
import type { ClientProblem } from "./problem.ts";

/**
 * The life of a workflow session's socket, as values. A socket belongs to `connecting`, `connected` and, while it
 * opens, to `reconnecting`; each state has at most one timer.
 *
 *                  connect                opened               lost
 *   disconnected ─────────► connecting ─────────► connected ─────────► reconnecting ─ timer ─► it opens a socket
 *        ▲                    │ lost                  ▲                   │    ▲ │ lost, timer
 *        │                    └──────────────────────────────────────────►│    └─┘ at most 5 times
 *        │                                            └────── opened ─────┤
 *        └──── a clean close (1000, or without a code), disconnect, a refusal, the fifth attempt failed
 *
 * Attempts count until a frame comes: a gateway that accepts and drops is not tried for ever.
 */
export type WorkflowState =
  /** `problem` is why; null before the first connect and after a clean close. */
  | { readonly name: "disconnected"; readonly problem: ClientProblem | null }
  | { readonly name: "connecting" }
  /** `attempt` is 0 once a frame has come; `isPinged`: a ping is unanswered. */
  | {
      readonly name: "connected";
      readonly attempt: number;
      readonly isPinged: boolean;
      readonly isRenewed: boolean;
    }
  /** Waiting to open a socket for the n-th time, or opening it. */
  | {
      readonly name: "reconnecting";
      readonly attempt: number;
      readonly isOpening: boolean;
      readonly isRenewed: boolean;
    };

export type WorkflowEvent =
  | { readonly type: "connect" }
  /** The caller is done. */
  | { readonly type: "disconnect" }
  | { readonly type: "opened" }
  /** Any frame. */
  | { readonly type: "received" }
  /** The socket has closed, or could not be had; `problem` is what the gateway or the token source said of it. */
  | { readonly type: "lost"; readonly closeCode: number; readonly problem: ClientProblem | null }
  | { readonly type: "timer" };

export type WorkflowEffect =
  /** Open a socket; with `renew` the gateway has refused the last token. */
  | { readonly type: "open"; readonly renew: boolean }
  /** Close the socket, and hear nothing more of it. */
  | { readonly type: "hangUp" }
  | { readonly type: "ping" }
  /** Replaces the timer that runs. */
  | { readonly type: "setTimer"; readonly ms: number }
  | { readonly type: "clearTimer" };

export interface WorkflowTransition {
  readonly state: WorkflowState;
  readonly effects: readonly WorkflowEffect[];
}

export interface WorkflowContext {
  /** From one ping to the next, and how long a handshake may take. */
  readonly heartbeatMs: number;
  /** The token comes from a function, so that a new one can be had. */
  readonly canRenew: boolean;
}

export const maxReconnects = 5;
/** Before the first attempt to reconnect; each later one waits twice as long as the one before. */
export const firstReconnectMs = 3_000;

export const disconnected: WorkflowState = { name: "disconnected", problem: null };

/** The whole machine. An event that means nothing in a state gives the same state object and no effects. */
export function workflowTransition(
  state: WorkflowState,
  event: WorkflowEvent,
  context: WorkflowContext,
): WorkflowTransition {
  switch (event.type) {
    case "connect":
      return state.name === "disconnected" ? connect(context) : stay(state);
    case "disconnect":
      return state.name === "disconnected" ? stay(state) : leave(disconnected);
    case "opened":
      return isOpening(state) ? open(state, context) : stay(state);
    case "received":
      return state.name === "connected" ? prove(state) : stay(state);
    case "lost":
      return hasSocket(state) ? lose(state, event, context) : stay(state);
    case "timer":
      return runOut(state, context);
  }
}

type Opening = WorkflowState & { readonly name: "connecting" | "reconnecting" };
type Connected = WorkflowState & { readonly name: "connected" };

function isOpening(state: WorkflowState): state is Opening {
  return state.name === "connecting" || (state.name === "reconnecting" && state.isOpening);
}

function hasSocket(state: WorkflowState): state is Opening | Connected {
  return state.name === "connected" || isOpening(state);
}

function stay(state: WorkflowState): WorkflowTransition {
  return { state, effects: [] };
}

function leave(state: WorkflowState): WorkflowTransition {
  return { state, effects: [{ type: "hangUp" }, { type: "clearTimer" }] };
}

function connect({ heartbeatMs }: WorkflowContext): WorkflowTransition {
  return {
    state: { name: "connecting" },
    effects: [
      { type: "setTimer", ms: heartbeatMs },
      { type: "open", renew: false },
    ],
  };
}

/** What the first ping is answered with proves the socket. */
function open(state: Opening, { heartbeatMs }: WorkflowContext): WorkflowTransition {
  const { attempt, isRenewed } = historyOf(state);
  return {
    state: { name: "connected", attempt, isPinged: true, isRenewed },
    effects: [{ type: "ping" }, { type: "setTimer", ms: heartbeatMs }],
  };
}

function prove(state: Connected): WorkflowTransition {
  if (state.attempt === 0 && !state.isPinged && !state.isRenewed) return stay(state);
  return {
    state: { name: "connected", attempt: 0, isPinged: false, isRenewed: false },
    effects: [],
  };
}

function historyOf(state: Opening | Connected): { attempt: number; isRenewed: boolean } {
  return state.name === "connecting" ? { attempt: 0, isRenewed: false } : state;
}

function lose(
  state: Opening | Connected,
  { closeCode, problem }: WorkflowEvent & { readonly type: "lost" },
  context: WorkflowContext,
): WorkflowTransition {
  // A close without a code is reported as 1005.
  if (closeCode === 1000 || closeCode === 1005) return leave({ name: "disconnected", problem });
  const cause = problem ?? lost(`The connection was lost (close code ${closeCode}).`);
  const reaction = reactionTo(closeCode);
  const { isRenewed } = historyOf(state);
  if (reaction === "retry") return reconnect(state, isRenewed, cause);
  if (reaction === "renew" && context.canRenew && !isRenewed) return reconnect(state, true, cause);
  return leave({ name: "disconnected", problem: { ...cause, final: true } });
}

function reconnect(state: Opening | Connected, isRenewed: boolean, cause: ClientProblem): WorkflowTransition {
  const attempt = historyOf(state).attempt + 1;
  if (attempt > maxReconnects) {
    const problem = { code: "connection_lost", message: "Max reconnection attempts reached", final: true };
    return leave({ name: "disconnected", problem });
  }
  const askedMs = Math.min(cause.retryAfterMs ?? 0, retryAfterCapMs);
  const ms = Math.max(firstReconnectMs * 2 ** (attempt - 1), askedMs);
  return {
    state: { name: "reconnecting", attempt, isOpening: false, isRenewed },
    effects: [{ type: "hangUp" }, { type: "setTimer", ms }],
  };
}

function runOut(state: WorkflowState, context: WorkflowContext): WorkflowTransition {
  const { heartbeatMs } = context;
  switch (state.name) {
    case "disconnected":
      return stay(state);
    case "connected":
      if (state.isPinged)
        return reconnect(state, state.isRenewed, lost("The gateway did not answer a ping."));
      return {
        state: { ...state, isPinged: true },
        effects: [{ type: "ping" }, { type: "setTimer", ms: heartbeatMs }],
      };
    case "reconnecting":
      if (!state.isOpening) return openAgain(state, heartbeatMs);
      return reconnect(state, state.isRenewed, lost("The gateway did not answer the handshake."));
    case "connecting":
      return reconnect(state, false, lost("The gateway did not answer the handshake."));
  }
}

function openAgain(
  state: WorkflowState & { readonly name: "reconnecting" },
  heartbeatMs: number,
): WorkflowTransition {
  return {
    state: { ...state, isOpening: true },
    effects: [
      { type: "setTimer", ms: heartbeatMs },
      { type: "open", renew: state.isRenewed },
    ],
  };
}

function lost(message: string): ClientProblem {
  return { code: "connection_lost", message };
}
