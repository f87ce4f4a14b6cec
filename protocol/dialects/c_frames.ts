import type { EndFrame, ErrorFrame, GapFrame, PongFrame } from "../frames/down.ts";
import type { CLog } from "./c_log.ts";

/** Dialect C's frames: the names that the gateway and its clients share. */

/** Upwards: levels joined by commas in any case, and a text; what is absent, null or empty hides nothing. */
export interface CFilterFrame {
  readonly type: "filter";
  readonly level?: string | null;
  readonly search?: string | null;
}

/** Downwards: once what there was, then what is new. */
export interface CLogsFrame {
  readonly type: "initial" | "append";
  readonly logs: readonly CLog[];
}

export type CDownFrame =
  | CLogsFrame
  | Omit<GapFrame, "channel">
  | Omit<EndFrame, "channel">
  | Pick<ErrorFrame, "type" | "code" | "message">
  | PongFrame;
