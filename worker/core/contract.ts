import type {
  AppendReceipt,
  ChannelSummary,
  CheckedCommand,
  CommandRecord,
  DirectoryEntry,
  DirectoryPage,
  EndReceipt,
  EndStatus,
  ProducerSeq,
  Result,
  Status,
  SummaryDelta,
} from "../../protocol/mod.ts";

export type {
  AppendReceipt,
  ChannelSummary,
  CommandRecord,
  DirectoryEntry,
  DirectoryPage,
  EndReceipt,
  ProducerSeq,
};

/** What Workers and the channel object say to each other: the object's calls, in plain data. */

/** Numbers a chunk has in {@link BatchText.chunks}: its entries, bytes, UTF-16 units, lines, text bytes, CRC. */
export const chunkFields = 6;

/**
 * A batch as the object takes it. `text` is the canonical JSON of its entries, joined by commas; a chunk is a
 * run of whole entries of it, a few KiB or one entry that is larger.
 */
export interface BatchText {
  readonly text: string;
  /**
   * {@link chunkFields} numbers a chunk, flat: entries, bytes of UTF-8, UTF-16 units (both without the comma
   * between chunks), then the {@link TextSum} of its lines: lines, bytes, CRC.
   */
  readonly chunks: readonly number[];
  readonly entries: number;
  readonly delta: SummaryDelta;
}

export interface AppendRequest {
  readonly tenant: string;
  readonly channel: string;
  /** The project that a first append gives to its channel; later ones change nothing. */
  readonly project?: string;
  /** The batch is allowed by a grant on this project alone: the channel must be of it. */
  readonly grantedProject?: string;
  readonly producer?: ProducerSeq;
  readonly batch: BatchText;
}

/** Where a channel's journal begins and stands. */
export interface ChannelHead {
  readonly channel: string;
  /** Null before the first append. */
  readonly epoch: string | null;
  readonly first: number;
  readonly tail: number;
  /** `tail + 1` when nothing is retained. */
  readonly oldest: number;
  readonly ended: boolean;
  readonly project?: string;
}

export interface EndRequest {
  readonly tenant: string;
  readonly channel: string;
  readonly status: EndStatus;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly message?: string;
}

/** Entries from the journal: their JSON joined by commas, the first of which has the cursor `first`. */
export interface Page {
  readonly head: ChannelHead;
  readonly first: number;
  readonly last: number;
  readonly text: string;
}

export type PageRequest =
  | { readonly after: number; readonly maxBytes: number }
  | { readonly before: number; readonly maxBytes: number };

/** How a socket was authorized and what it subscribes to; the Worker says it in {@link socketPlanHeader}. */
export interface SocketPlan {
  readonly tenant: string;
  readonly channel: string;
  /** The token's subject. */
  readonly subject: string;
  /** When the token expires, in epoch milliseconds; absent for a Worker's own leg, which the Worker ends. */
  readonly expiresAt?: number;
  readonly cursor?: number;
  readonly epoch?: string;
  readonly last?: number;
  readonly maxWindowBytes?: number;
  /** The subprotocol to answer with, if the client offered one. */
  readonly protocol?: string;
  /** A refusal is the problem as JSON with its status, not told inside the socket. */
  readonly refusesByStatus?: true;
  /** The token grants `command`; on a Worker's own leg the Worker checks it, and calls. */
  readonly commands?: true;
  /** What the socket is for: to read, unless it is an agent's. An agent's is a Worker's own leg. */
  readonly role?: "agent";
  /** The group that an agent is of; its subject where that is left out. */
  readonly group?: string;
}

/** A command that its sender may send and that its channel's kind takes ({@link CheckedCommand}). */
export interface CommandRequest extends CheckedCommand {
  readonly tenant: string;
  readonly channel: string;
  /** The sender. */
  readonly subject: string;
}

/** Which command is asked for: the subject's own of that id, else the newest of anybody's. */
export interface CommandQuery {
  readonly tenant: string;
  readonly channel: string;
  readonly id: string;
  readonly subject?: string;
}

/** Set by the Worker alone: the object is reachable through nothing else. */
export const socketPlanHeader = "tailrace-socket-plan";

/** The channel object's calls. All answer with values; what throws is a bug or the platform. */
export interface ChannelCalls {
  append(request: AppendRequest): Promise<Result<AppendReceipt>>;
  end(request: EndRequest): Promise<Result<EndReceipt>>;
  /** Deletes the journal; the last cursor is kept. `existed` is false where there was none. */
  deleteJournal(tenant: string, channel: string): Promise<Result<{ readonly existed: boolean }>>;
  head(tenant: string, channel: string): Promise<ChannelHead>;
  summary(tenant: string, channel: string): Promise<ChannelSummary>;
  /** At least one chunk, else at most `maxBytes`; null at the journal's end (or, backwards, its beginning). */
  read(
    tenant: string,
    channel: string,
    request: PageRequest,
  ): Promise<{ readonly head: ChannelHead; readonly page: Page | null }>;
  /** Answers when the tail has passed `after`, the channel has ended, or after `waitMs`. */
  waitAfter(tenant: string, channel: string, after: number, waitMs: number): Promise<ChannelHead>;
}

/** The channel object's calls for its second journal. */
export interface CommandCalls {
  /** Stores a command, or recognises it; answers where it stands. Its sender's sockets are told, too. */
  command(request: CommandRequest): Promise<Result<CommandRecord>>;
  readCommand(query: CommandQuery): Promise<Result<CommandRecord>>;
}

export interface DirectoryQuery {
  readonly kind?: string;
  readonly status?: Status;
  /** Part of the channel's id, whatever the case. */
  readonly text?: string;
  readonly limit: number;
  /** From the `next` of the page before. */
  readonly before?: string;
  /** What the asker may read: channel patterns (`build/*`, `build/app-*`, exact names) and projects. */
  readonly readable: { readonly channels: readonly string[]; readonly projects: readonly string[] };
}

/** The directory object's calls; one object a tenant. */
export interface DirectoryCalls {
  put(entry: DirectoryEntry): Promise<void>;
  remove(channel: string): Promise<void>;
  list(query: DirectoryQuery): Promise<DirectoryPage>;
}

/** What a throttle says of a failure. */
export interface ThrottleVerdict {
  /** Milliseconds that the failing one has to wait; 0 where the failure was within the rate. */
  readonly retryAfterMs: number;
}

/** A throttle object's calls; sixteen objects share all keys. */
export interface ThrottleCalls {
  /** Counts a failure of `key`, which is hex digits; `perMinute` is the setting MAX_FAILURES_PER_MINUTE. */
  fail(key: string, perMinute: number): Promise<ThrottleVerdict>;
}

/** A new token for a socket that an object holds. */
export interface RenewRequest {
  readonly token: string;
  readonly tenant: string;
  readonly channel: string;
  readonly project?: string;
  /** Whose socket it is: the new token must be of the same subject, and grant reading the channel. */
  readonly subject: string;
}

/** What a new token is good for. */
export interface Renewal {
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** It grants `command` on the channel. */
  readonly commands: boolean;
}

/** The entrypoint of the same Worker that checks tokens for objects. */
export interface TokenCheckCalls {
  renew(request: RenewRequest): Promise<Result<Renewal>>;
}
