import type { AppendEntry, Json } from "../entry.ts";
import type { Filter } from "../filter.ts";

/** The frames that clients send: the wire's left column, in the order of `docs/PROTOCOL.md`. */

export interface SubscribeFrame {
  readonly type: "subscribe";
  readonly channel: string;
  /** Go on after this cursor. Not with `last`. */
  readonly cursor?: number;
  /** The epoch that `cursor` is of. */
  readonly epoch?: string;
  /** Begin with the last n entries; 0: live only. */
  readonly last?: number;
  readonly filter?: Filter;
  /** The largest window this client wants, in bytes. */
  readonly maxWindowBytes?: number;
}

export interface UnsubscribeFrame {
  readonly type: "unsubscribe";
  readonly channel: string;
}

/** Everything up to `cursor` has been received; cumulative. */
export interface AckFrame {
  readonly type: "ack";
  readonly channel: string;
  readonly cursor: number;
}

/** A new token for a socket whose old one expires. */
export interface AuthFrame {
  readonly type: "auth";
  readonly token: string;
}

export interface PingFrame {
  readonly type: "ping";
}

/** A message upwards. `id` is the sender's: with the token's subject it names the command. */
export interface CommandFrame {
  readonly type: "command";
  readonly channel: string;
  readonly id: string;
  readonly name: string;
  readonly data: Json;
  /** Only to this group of agents. */
  readonly group?: string;
}

export interface AppendFrame {
  readonly type: "append";
  readonly channel: string;
  readonly producer: string;
  readonly epoch: number;
  readonly seq: number;
  readonly entries: readonly AppendEntry[];
}

/** An agent takes commands of a channel, or of all whose names begin so (`build/*`). */
export interface JoinFrame {
  readonly type: "join";
  readonly channel: string;
  readonly group?: string;
}

/** The agent has taken every command up to `cursor`; cumulative. */
export interface CommandAckFrame {
  readonly type: "commandAck";
  readonly channel: string;
  readonly cursor: number;
}

export interface AnswerFrame {
  readonly type: "answer";
  readonly channel: string;
  readonly id: string;
  /** The command's cursor, where commands of several senders have one id. */
  readonly cursor?: number;
  readonly data: Json;
  readonly final: boolean;
}

/** An `append` whose entries are not checked yet: who reads them fills in what they leave out. */
export type UncheckedAppend = Omit<AppendFrame, "entries"> & { readonly entries: readonly unknown[] };

/** What a producer's socket takes. */
export type ProducerFrame = UncheckedAppend | AuthFrame | PingFrame;

/** What a viewer's socket takes. */
export type ViewerFrame = SubscribeFrame | UnsubscribeFrame | AckFrame | CommandFrame | AuthFrame | PingFrame;

/** What an agent's socket takes. */
export type AgentFrame =
  | JoinFrame
  | CommandAckFrame
  | AnswerFrame
  | UncheckedAppend
  | SubscribeFrame
  | UnsubscribeFrame
  | AckFrame
  | AuthFrame
  | PingFrame;

export type UpFrame = ViewerFrame | AppendFrame | JoinFrame | CommandAckFrame | AnswerFrame;

/** Exactly this text is answered by the platform itself, and wakes nobody. */
export const pingText = '{"type":"ping"}';
export const pongText = '{"type":"pong"}';
