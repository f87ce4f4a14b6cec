import type { Json } from "./entry.ts";
import type { CommandState, EndFrame, ExpiryCode } from "./frames/down.ts";
import type { Status, Summary } from "./summary.ts";

/** What the HTTP endpoints answer, as plain types: the Worker makes it and clients read it. */

/** A numbered batch of a producer that knows itself. */
export interface ProducerSeq {
  readonly id: string;
  /** The highest wins; a lower one is fenced. */
  readonly epoch: number;
  /** From 0 within an epoch, without holes. */
  readonly seq: number;
}

/** `first` and `last` are absent for a repeat of a batch that is older than what is kept. */
export interface AppendReceipt {
  readonly channel: string;
  readonly epoch: string;
  readonly first?: number;
  readonly last?: number;
  readonly duplicate: boolean;
}

/** How a channel ended, with the proof of its text (promise 5): what the `end` frame says, and when. */
export interface EndReceipt extends Omit<EndFrame, "type"> {
  /** Epoch milliseconds. */
  readonly endedAt: number;
}

/** The answer of `GET /v1/channels/:kind/:id`. */
export interface ChannelSummary extends Summary {
  readonly channel: string;
  readonly project?: string;
  readonly status: Status;
  readonly epoch: string | null;
  readonly first: number;
  readonly tail: number;
  readonly oldest: number;
  /** Epoch milliseconds; absent before the first append. */
  readonly startedAt?: number;
  readonly updatedAt?: number;
  /** Lines and bytes of the text of all entries so far. */
  readonly lines: number;
  readonly bytes: number;
  readonly viewers: number;
  readonly agents: number;
  readonly end?: EndReceipt;
}

/** Where a command stands: the answers of `POST …/commands` and `GET …/commands/:id`. */
export interface CommandRecord {
  readonly channel: string;
  /** The sender's id for it. */
  readonly id: string;
  /** The sender's subject. */
  readonly from: string;
  readonly name: string;
  readonly group?: string;
  /** Its place in the channel's second journal. */
  readonly cursor: number;
  /** When it was stored, and when its state last changed, in epoch milliseconds. */
  readonly ts: number;
  readonly changedAt: number;
  readonly state: CommandState;
  /** The newest answer, with `answered`, and whether it is the last one. */
  readonly data?: Json;
  readonly final?: boolean;
  /** Why it expired, with `expired`. */
  readonly code?: ExpiryCode;
}

/** What the directory knows of a channel. */
export interface DirectoryEntry {
  readonly channel: string;
  readonly project?: string;
  readonly status: Status;
  readonly epoch: string | null;
  readonly tail: number;
  readonly lines: number;
  readonly bytes: number;
  readonly errors: number;
  readonly warnings: number;
  readonly stages: number;
  readonly progress?: number;
  readonly step?: string;
  readonly viewers: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly endedAt?: number;
}

export interface DirectoryPage {
  readonly channels: readonly DirectoryEntry[];
  /** Null on the last page. */
  readonly next: string | null;
}
