import type { CLog } from "./c_log.ts";

/** What dialect C's endpoint answers, as a plain type: the Worker makes it and clients read it. */

/** `GET /plugin/:id/logs`. */
export interface PluginLogsAnswer {
  /** As the client called it. */
  readonly plugin_id: string;
  /** The last ones that match, the newest last. */
  readonly logs: readonly CLog[];
  /** All retained lines, whatever the filters. */
  readonly total_lines: number;
  readonly returned_lines: number;
  /** Only where the search ended before the oldest line: the first cursor that it looked at. */
  readonly searched_from?: number;
}
