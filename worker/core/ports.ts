import type { Retention } from "./retention.ts";

/** What a channel asks of the shell around it. */
export interface ChannelPorts {
  /** A name for a new journal. */
  makeEpoch(): string;
  /** Calls `flushDue` after so many milliseconds; asked for only when no such call is pending. */
  flushAfter(delayMs: number): void;
  /** Calls `announce` soon; asked for as often as something changes. */
  announceSoon(): void;
  /** Wants the alarm at this time (epoch milliseconds) or earlier. */
  wakeAt(due: number): void;
  /** The tail moved, or the channel ended: whoever waits for it may look. */
  moved(): void;
  /** The status changed, or lines were stored: the directory wants to know. */
  changed(what: "status" | "lines"): void;
  /** A subject's own reading, not a Worker's leg, ended by this close code. */
  left(subject: string, code: number, now: number): void;
  /** Too much memory is held by sockets that were closed and do not read: give the object up. */
  abort(reason: string): void;
}

/** The settings a channel needs. */
export interface ChannelSettings {
  /** What may be in flight to all subscribers, in bytes. */
  readonly windowTotalBytes: number;
  /** Subscribers of this channel. */
  readonly maxDirectViewers: number;
  readonly retention: Retention;
  /** After so long without a frame either way a direct socket is closed, in milliseconds. */
  readonly socketTimeoutMs: number;
  /** What a subscriber may send, and how often one subject may connect. */
  readonly framesPerSecond: number;
  readonly connectsPerSecond: number;
  /** How many commands one subject may send, how long they wait, and how long a task waits for its runner. */
  readonly commandsPerSecond: number;
  readonly commandTtlMs: number;
  readonly agentGraceMs: number;
  /** Whether commands are taken whose content could run in a page. */
  readonly allowsHostile: boolean;
}
