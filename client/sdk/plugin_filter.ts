import type { CFilterFrame } from "../../protocol/dialects/c_frames.ts";
import type { CLog } from "../../protocol/dialects/c_log.ts";
import type { Level } from "../../protocol/mod.ts";
import type { Query } from "./gateway_call.ts";

/** Which lines of a plugin are wanted; what is left out hides nothing. */
export interface PluginFilter {
  readonly levels?: readonly Level[];
  /** Literal, whatever the case. */
  readonly search?: string;
  /** Epoch milliseconds, both included. */
  readonly startTime?: number;
  readonly endTime?: number;
}

/** Asked of each line: what the gateway sent before it knew the filter, and times, which its socket does not filter. */
export function passesFilter({ levels, search = "", startTime, endTime }: PluginFilter, log: CLog): boolean {
  if (
    levels !== undefined &&
    levels.length > 0 &&
    !levels.some((level) => level.toUpperCase() === log.level)
  ) {
    return false;
  }
  const ts = Date.parse(log.timestamp);
  if (startTime !== undefined && ts < startTime) return false;
  if (endTime !== undefined && ts > endTime) return false;
  return search === "" || log.message.toLowerCase().includes(search.toLowerCase());
}

/** The filter as the history's query. */
export function filterQuery({ levels, search, startTime, endTime }: PluginFilter): Query {
  return {
    level: levels === undefined || levels.length === 0 ? undefined : levels,
    search: search === "" ? undefined : search,
    start_time: startTime,
    end_time: endTime,
  };
}

/** The filter as the socket takes it: whole each time, so that it replaces the one before. */
export function filterFrame({ levels = [], search = "" }: PluginFilter): CFilterFrame {
  return { type: "filter", level: levels.join(","), search };
}
