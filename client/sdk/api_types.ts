import type { EndStatus, Entry, JsonObject, Level, ProducerSeq, Status } from "../../protocol/mod.ts";

export type {
  AppendReceipt,
  ChannelSummary,
  CommandRecord,
  DirectoryEntry,
  DirectoryPage,
  EndReceipt,
  ProducerSeq,
} from "../../protocol/mod.ts";

/** What the gateway's HTTP endpoints take and answer, as the client sees it. Times are epoch milliseconds. */

/** An entry as a producer gives it: `kind` defaults to `log`, `ts` to now, `level` to `info`. */
export type NewEntry =
  | (Partial<Omit<Extract<Entry, { kind: "log" }>, "line">> & { readonly line: string })
  | (Omit<Extract<Entry, { kind: "event" }>, "ts"> & { readonly ts?: number });

export interface AppendOptions {
  readonly producer?: ProducerSeq;
  /** The channel's project, set with its first append. */
  readonly project?: string;
  readonly signal?: AbortSignal;
}

export interface EndRequest {
  readonly status: EndStatus;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly message?: string;
}

/** A command as it is sent over HTTP. */
export interface CommandBody {
  /** Names it, with the token's subject; the gateway makes one by default. */
  readonly id?: string;
  readonly name: string;
  /** An object; an empty one by default. */
  readonly data?: JsonObject;
  /** Only for this group of agents. */
  readonly group?: string;
}

export interface HistoryQuery {
  readonly after?: number;
  readonly before?: number;
  readonly limit?: number;
  readonly level?: readonly Level[];
  readonly stage?: string;
  readonly search?: string;
  readonly regex?: boolean;
  readonly case?: boolean;
  readonly word?: boolean;
  /** Epoch milliseconds or ISO 8601. */
  readonly since?: number | string;
  readonly until?: number | string;
  /** Seconds to wait for something new, at most 60. */
  readonly wait?: number;
}

/** An entry with its cursor, as history gives it. */
export type HistoryEntry = Entry & { readonly cursor: number };

/** A page may be short or empty; only `next: null` ends it. */
export interface HistoryPage {
  readonly channel: string;
  readonly epoch: string | null;
  readonly oldest: number;
  readonly tail: number;
  readonly ended: boolean;
  readonly entries: readonly HistoryEntry[];
  readonly next: number | null;
}

export interface ChannelsQuery {
  readonly kind?: string;
  readonly status?: Status;
  /** Part of the id, whatever the case. */
  readonly text?: string;
  readonly limit?: number;
  /** From the `next` of the page before. */
  readonly before?: string;
}

/** Who one is. */
export interface Session {
  /** The token's subject. */
  readonly sub: string;
  readonly tenant?: string;
  readonly grants: readonly string[];
  readonly expiresAt?: number;
  /** The gateway's heartbeat for its clients' sockets. */
  readonly heartbeatSeconds?: number;
}

export interface DownloadQuery {
  /** `text` (default) keeps escapes, `plain` leaves them out, `ndjson` is an entry a line. */
  readonly format?: "text" | "plain" | "ndjson";
  readonly from?: number;
  readonly to?: number;
}
