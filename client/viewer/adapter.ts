import type { ConnectionState, LogListener } from "../sdk/mod.ts";

/** What the models need of the world; a page gives them the gateway it came from, tests give them their own. */

/** A channel that is being read. */
export interface OpenLog {
  close(): void;
  /** Tries again now, without waiting for the next retry. */
  reconnect(): void;
}

export interface LogSource {
  /** Reads a channel from its oldest line on, until closed. */
  open(channel: string, listener: LogListener, onState: (state: ConnectionState) => void): OpenLog;
}

/** Calls back before the next frame is painted; answers how to cancel that. */
export type FrameClock = (callback: () => void) => () => void;
