import type { Json, SubscribedFrame, SummaryFrame } from "../../protocol/mod.ts";
import type { TokenSource } from "./connection.ts";
import type { ConnectionState } from "./connection_state.ts";
import type { NumberedProducerOptions } from "./numbered_producer.ts";
import type { ClientProblem } from "./problem.ts";
import type { StartTimer } from "./timers.ts";
import type { WatchWakes } from "./wake.ts";

export interface AgentClientOptions {
  /** The gateway's origin: `https://logs.example.com`. */
  readonly url: string;
  /** One that grants `serve`. A function is asked again when the gateway refuses, or when it is about to expire. */
  readonly token?: TokenSource;
  /** Trouble, in a sentence, with the `channel` or the joined pattern, and the command's `id`, that it is about. */
  readonly onProblem?: (problem: ClientProblem) => void;
  readonly onState?: (state: ConnectionState) => void;
  /** A dead connection is noticed within this many milliseconds; 30,000 by default. */
  readonly heartbeatMs?: number;
  /** The platform's by default. */
  readonly webSocket?: typeof WebSocket;
  readonly fetch?: typeof fetch;
  readonly startTimer?: StartTimer;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** A number in [0, 1), for the jitter. */
  readonly random?: () => number;
  readonly watchWakes?: WatchWakes;
}

/** A command to act on. */
export interface AgentCommand {
  readonly channel: string;
  readonly cursor: number;
  readonly id: string;
  readonly name: string;
  readonly data: Json;
  /** The sender's subject. */
  readonly from: string;
  /** Epoch milliseconds. */
  readonly ts: number;
  /** It was taken and will not come again; the channel's next one may come. */
  ack(): void;
  /**
   * Answers its sender, any number of times, until `final` (true by default). It keeps its place behind entries that
   * were sent, so that a producer is flushed before the answer that ends a task.
   */
  answer(data: Json, final?: boolean): void;
}

export interface JoinOptions {
  /** Of the agents of a group one gets each command; the token's subject by default. */
  readonly group?: string;
  /**
   * Called for each command once, one of a channel at a time and in order: the next comes when this resolves, or has
   * called `ack`. What rejects is reported and counts as taken. A command that this process had when it died
   * comes again, to it or to another of its group.
   */
  onCommand(command: AgentCommand): void | Promise<void>;
  /** A channel is served, on this connection. */
  onSubscribed?(frame: SubscribedFrame): void;
  /** The channel's state: at first and at changes; the first one is complete. */
  onSummary?(frame: SummaryFrame): void;
}

/** What an agent has joined. */
export interface Joining {
  /** The channel's name, or the pattern. */
  readonly name: string;
  /** Leaves; no command is given to the handler afterwards. */
  close(): void;
}

export type AgentProducerOptions = Omit<
  NumberedProducerOptions,
  "url" | "channel" | "token" | "project" | "fetch" | "startTimer" | "now" | "random"
>;
