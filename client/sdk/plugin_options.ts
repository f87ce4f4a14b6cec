import type { CDownFrame } from "../../protocol/dialects/c_frames.ts";
import type { CLog } from "../../protocol/dialects/c_log.ts";
import type { GatewayAccess } from "./gateway_call.ts";
import type { PluginFilter } from "./plugin_filter.ts";
import type { PluginState } from "./plugin_machine.ts";
import type { ClientProblem } from "./problem.ts";
import type { StartTimer } from "./timers.ts";

export interface PluginLogsOptions extends GatewayAccess {
  /** The plugin's id, or a channel's whole name. */
  readonly plugin: string;
  readonly filter?: PluginFilter;
  /** How many of the last lines the history gives; 100 by default. */
  readonly lines?: number;
  /** How many lines are held; 5,000 by default. The oldest go. */
  readonly maxLogs?: number;
  /** 30,000 by default. */
  readonly heartbeatMs?: number;
  /** The platform's by default. */
  readonly webSocket?: typeof WebSocket;
  readonly startTimer?: StartTimer;
  /** A number in [0, 1), for the jitter. */
  readonly random?: () => number;
}

/** What a plugin's logs tell. */
export interface PluginListener {
  /** New lines, each exactly once and in order; they are in `logs` already. */
  onLogs?(logs: readonly CLog[]): void;
  /** `logs` is another list: the history is here, another filter is, or the journal was deleted. */
  onReset?(logs: readonly CLog[]): void;
  /** Lines that will not come; `to` is null where the journal was deleted. */
  onGap?(gap: { readonly from: number; readonly to: number | null }): void;
  onEnd?(end: CDownFrame & { readonly type: "end" }): void;
  /** For the connection's indicator. */
  onState?(state: PluginState): void;
  /** Trouble, in a sentence. With `final` nothing more comes before the next `open()`. */
  onProblem?(problem: ClientProblem): void;
}
