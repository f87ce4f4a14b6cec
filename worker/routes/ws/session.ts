import {
  type ChannelName,
  limits,
  type Problem,
  type Result,
  type Untrusted,
} from "../../../protocol/mod.ts";
import type { CommandRecord, SocketPlan } from "../../core/contract.ts";
import type { ReadingAudit } from "../audit/socket_audit.ts";
import type { Leg, LegEvents } from "./leg.ts";
import type { SocketCommand } from "./send_command.ts";

/** One client's reading, in the native protocol or in a dialect's. */
export interface Session {
  /** Takes a frame: a JSON object, not yet believed. */
  receive(frame: Untrusted): void;
  /** The names of the channels that are read. */
  readonly channels: readonly string[];
  /** The token expires soon; a protocol that cannot say so says nothing. */
  warn(inMs: number): void;
  /** A refusal in the client's protocol. */
  encodeError(problem: Problem): string;
  /** The socket is gone: legs and timers end. */
  close(): void;
}

/** What a session needs of its socket. */
export interface SessionPorts {
  send(text: string): void;
  /** Tells the client why, and closes its socket. */
  fail(problem: Problem): void;
  /** Closes with a code of the object's; its error frame was passed on. */
  closeWith(code: number, reason: string): void;
  /** Whose token the socket has. */
  subject(): string;
  authorize(channel: ChannelName): Promise<Result<unknown>>;
  /** Sends a message upwards, if that is granted; what becomes of it comes by the leg, as `reply`. */
  command(channel: string, command: SocketCommand): Promise<Result<CommandRecord>>;
  openLeg(request: LegRequest, events: LegEvents): Leg;
  renew(token: string): void;
  readonly audit: ReadingAudit;
}

export type LegRequest = Pick<SocketPlan, "channel" | "cursor" | "epoch" | "last"> & {
  readonly maxWindowBytes: number;
};

/**
 * The window that one of `legs` asks for: the legs share what a Worker's socket may hold. Windows of those
 * that are open already stay as they are.
 */
export function legWindow(legs: number, asked: number = limits.windowMaxBytes): number {
  const share = Math.floor(limits.legWindowBytes / Math.max(1, legs));
  return Math.min(asked, Math.max(limits.windowMinBytes, share));
}

/** Refuses one channel more than a socket takes. */
export function tooManyChannels(allowed: number = limits.channelsPerSocket): Problem {
  return {
    code: "too_many_channels",
    message: `The socket reads ${allowed.toLocaleString("en")} channels, which is all it takes. Unsubscribe one, or open another socket.`,
    expected: allowed,
  };
}
