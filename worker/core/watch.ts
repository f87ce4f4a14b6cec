import type { Status } from "../../protocol/mod.ts";
import type { Statement } from "./directory_query.ts";

/** What an agent's Worker and the directory say to each other: which channels of a pattern there are to serve. */

/** Says what a socket to the directory is for. Set by the Worker alone: the object is reachable through nothing else. */
export const watchPlanHeader = "tailrace-watch-plan";

export interface WatchPlan {
  /** A channel's kind, a slash, and an id, `*` or a prefix ending in `*`. */
  readonly pattern: string;
}

/** The one frame of such a socket: channels that match and have not ended; those that were there, then new ones. */
export interface WatchFrame {
  readonly channels: readonly string[];
  /** There are older ones, which are not named. */
  readonly hasMore?: true;
}

/** Names in one frame, at most. */
export const watchFrameNames = 200;

/** Whether a channel of this status takes commands. */
export function isOpenStatus(status: Status): boolean {
  return status === "waiting" || status === "running";
}

/** What {@link isOpenStatus} says, as the index and its reader must both write it. */
const isOpenSql = "status IN ('waiting', 'running')";

/** Added to the directory's table: what has ended, by and by almost all of it, costs a watch nothing. */
export const watchSchema = `
  CREATE INDEX IF NOT EXISTS open_by_kind ON channels (kind, started_at, channel) WHERE ${isOpenSql};
`;

/** Names the newest `limit` channels to serve. */
export function watchStatement({ kind, id, chars }: ParsedPattern, limit: number): Statement {
  return {
    sql: `SELECT channel FROM channels WHERE kind = ? AND ${isOpenSql} AND substr(id, 1, ?) = ?
      ORDER BY started_at DESC, channel DESC LIMIT ?`,
    bindings: [kind, chars, id, limit],
  };
}

/** Finds a channel if it is to be served. */
export function openStatement(channel: string): Statement {
  return { sql: `SELECT channel FROM channels WHERE channel = ? AND ${isOpenSql}`, bindings: [channel] };
}

export interface ParsedPattern {
  readonly kind: string;
  readonly id: string;
  /** How many characters of an id are compared: those of a prefix, or more than any id has. */
  readonly chars: number;
}

export function parsePattern(pattern: string): ParsedPattern {
  const slash = pattern.indexOf("/");
  const kind = pattern.slice(0, slash);
  const id = pattern.slice(slash + 1);
  return id.endsWith("*") ? { kind, id: id.slice(0, -1), chars: id.length - 1 } : { kind, id, chars: 1_000 };
}

export function matchesPattern({ kind, id, chars }: ParsedPattern, channel: string): boolean {
  const slash = channel.indexOf("/");
  return channel.slice(0, slash) === kind && channel.slice(slash + 1, slash + 1 + chars) === id;
}
