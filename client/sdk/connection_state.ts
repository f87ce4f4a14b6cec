import type { ClientProblem } from "./problem.ts";

/** The life of a connection, as values; `connection_machine.ts` has the drawing and the rules. */

/** Nothing is subscribed, so there is no socket. */
export interface IdleState {
  readonly name: "idle";
}

/** A token is fetched and a socket opened. */
export interface ConnectingState {
  readonly name: "connecting";
  /** Attempts since the last proved connection, this one included. */
  readonly attempt: number;
  /** The token has been renewed since the last proved connection. */
  readonly isRenewed: boolean;
}

/** The socket is open; nothing has been subscribed on it yet. */
export interface OpenState {
  readonly name: "open";
  readonly attempt: number;
  readonly isRenewed: boolean;
  /** A ping is unanswered. */
  readonly isPinged: boolean;
  /** What an `error` frame just said of the whole connection: the reason of a close that follows at once. */
  readonly refusal: ClientProblem | null;
}

/** The socket has proved itself: a channel is subscribed. */
export interface ReadyState {
  readonly name: "ready";
  readonly isPinged: boolean;
  readonly refusal: ClientProblem | null;
}

/** A retry is due after `delayMs`. */
export interface WaitingState {
  readonly name: "waiting";
  readonly attempt: number;
  readonly isRenewed: boolean;
  readonly delayMs: number;
  readonly cause: ClientProblem;
}

/** There will be no retry. */
export interface StoppedState {
  readonly name: "stopped";
  readonly reason: StopReason;
}

export type StopReason =
  | { readonly kind: "closed" }
  | { readonly kind: "refused"; readonly closeCode: number; readonly problem: ClientProblem };

export type ConnectionState =
  | IdleState
  | ConnectingState
  | OpenState
  | ReadyState
  | WaitingState
  | StoppedState;

export type ConnectionEvent =
  /** Something is subscribed. */
  | { readonly type: "start" }
  /** Nothing is subscribed any more. */
  | { readonly type: "halt" }
  /** The caller is done, for good. */
  | { readonly type: "close" }
  /** The handshake has succeeded. */
  | { readonly type: "opened" }
  /** Any frame: the other side lives. */
  | { readonly type: "received" }
  /** A `subscribed` frame. */
  | { readonly type: "subscribed" }
  /** An `error` frame about the whole connection. */
  | { readonly type: "refused"; readonly problem: ClientProblem }
  /** The socket has closed. */
  | { readonly type: "lost"; readonly closeCode: number }
  | { readonly type: "tokenFailed"; readonly problem: ClientProblem }
  /** The state's timer has run out. */
  | { readonly type: "timer" }
  /** The machine is online again, or the page looked at. */
  | { readonly type: "wake" }
  /** The caller wants another try now. */
  | { readonly type: "reconnect" }
  /** What arrives cannot be read on from; `attempt` counts how often in a row. */
  | { readonly type: "broken"; readonly attempt: number; readonly problem: ClientProblem };

export type ConnectionEffect =
  /** Get a token (a new one with `renew`) and open a socket. */
  | { readonly type: "connect"; readonly renew: boolean }
  /** Abandon the socket: nothing that it says later counts. */
  | { readonly type: "hangUp" }
  /** Send the subscriptions. */
  | { readonly type: "subscribeAll" }
  | { readonly type: "ping" }
  /** Replaces the timer that runs. */
  | { readonly type: "setTimer"; readonly ms: number }
  | { readonly type: "clearTimer" };

export const idle: IdleState = { name: "idle" };
