import type { ProblemCode } from "../codes.ts";
import type { Entry, Json } from "../entry.ts";
import type { EndStatus, LevelCounts, StageSummary, Status } from "../summary.ts";

/** The frames that the gateway sends: the wire's right column, in the order of `docs/PROTOCOL.md`. */

export interface SubscribedFrame {
  readonly type: "subscribed";
  readonly channel: string;
  /** The journal's name; null before the first append. */
  readonly epoch: string | null;
  /** The epoch's first cursor. */
  readonly first: number;
  /** Reading starts after this cursor. */
  readonly cursor: number;
  /** The newest cursor. */
  readonly tail: number;
  /** The oldest retained cursor; `tail + 1` when there is none. */
  readonly oldest: number;
  readonly ended: boolean;
  /** The cursor asked for was taken up, without a gap. */
  readonly resumed: boolean;
  readonly windowBytes: number;
}

export interface WindowFrame {
  readonly type: "window";
  readonly channel: string;
  readonly windowBytes: number;
}

/** Entries in cursor order: `entries[i]` has the cursor `first + i`. */
export interface EntriesFrame {
  readonly type: "entries";
  readonly channel: string;
  readonly first: number;
  readonly entries: readonly Entry[];
}

export const gapReasons = ["slow", "rate", "retention", "epoch"] as const;
export type GapReason = (typeof gapReasons)[number];

/** Entries that this subscriber does not get. For `epoch` the old journal is gone: `to` and `count` are null. */
export interface GapFrame {
  readonly type: "gap";
  readonly channel: string;
  readonly from: number;
  readonly to: number | null;
  readonly count: number | null;
  readonly reason: GapReason;
}

/** A filter hid everything up to this cursor. */
export interface SkippedFrame {
  readonly type: "skipped";
  readonly channel: string;
  readonly to: number;
}

/** Once after `subscribed` with everything; later with `status`, `viewers` and `agents` alone. */
export interface SummaryFrame {
  readonly type: "summary";
  readonly channel: string;
  readonly status: Status;
  readonly stages?: readonly StageSummary[];
  readonly levels?: LevelCounts;
  readonly progress?: number;
  readonly step?: string;
  readonly currentStep?: number;
  readonly totalSteps?: number;
  readonly viewers: number;
  readonly agents: number;
}

export interface EndFrame {
  readonly type: "end";
  readonly channel: string;
  /** The last entry's cursor. */
  readonly cursor: number;
  readonly status: EndStatus;
  readonly lines: number;
  readonly bytes: number;
  /** Eight hex digits. */
  readonly crc32: string;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly message?: string;
}

export interface RedactFrame {
  readonly type: "redact";
  readonly channel: string;
  readonly from: number;
  readonly to: number;
}

export interface AppendedFrame {
  readonly type: "appended";
  readonly channel: string;
  readonly producer: string;
  readonly epoch: number;
  readonly seq: number;
  readonly first?: number;
  readonly last?: number;
  readonly duplicate: boolean;
}

export interface DemandFrame {
  readonly type: "demand";
  readonly channel: string;
  readonly viewers: number;
}

export interface CommandDownFrame {
  readonly type: "command";
  readonly channel: string;
  readonly cursor: number;
  readonly id: string;
  readonly name: string;
  readonly data: Json;
  readonly from: string;
  readonly ts: number;
}

export const replyStates = ["accepted", "delivered", "answered", "expired", "refused"] as const;
export type ReplyState = (typeof replyStates)[number];

/** What becomes of a stored command, only forward: `accepted`, `delivered`, `answered`; or `expired`. */
export const commandStates = ["accepted", "delivered", "answered", "expired"] as const;
export type CommandState = (typeof commandStates)[number];

/** Why a command expired: nobody took it in time, its channel ended, or was deleted. */
export const expiryCodes = ["command_expired", "channel_ended", "channel_deleted"] as const;
export type ExpiryCode = (typeof expiryCodes)[number];

/** Where a command stands, to its sender: to each socket of its subject that reads the channel. */
export interface ReplyFrame {
  readonly type: "reply";
  readonly channel: string;
  readonly id: string;
  readonly state: ReplyState;
  /** The agent's newest answer. */
  readonly data?: Json;
  /** Why it expired: an {@link ExpiryCode}; a later gateway may have more. */
  readonly code?: string;
  /** With `answered`: whether it is the last answer. */
  readonly final?: boolean;
}

export interface ErrorFrame {
  readonly type: "error";
  /** Known ones by name; a later gateway may have more. */
  readonly code: ProblemCode | (string & {});
  readonly message: string;
  readonly channel?: string;
  readonly producer?: string;
  readonly seq?: number;
  /** The command that was refused, or that was not found. */
  readonly id?: string;
  readonly expected?: number | string;
  readonly retryAfterMs?: number;
}

/** The token expires in so many milliseconds: send `auth`. */
export interface ExpiringFrame {
  readonly type: "expiring";
  readonly inMs: number;
}

export interface PongFrame {
  readonly type: "pong";
}

export type DownFrame =
  | SubscribedFrame
  | WindowFrame
  | EntriesFrame
  | GapFrame
  | SkippedFrame
  | SummaryFrame
  | EndFrame
  | RedactFrame
  | AppendedFrame
  | DemandFrame
  | CommandDownFrame
  | ReplyFrame
  | ErrorFrame
  | ExpiringFrame
  | PongFrame;
