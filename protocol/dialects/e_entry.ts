import type { Entry } from "../entry.ts";
import type { EndFrame, GapFrame } from "../frames/down.ts";
import type { SessionError, SessionEventFrame, SessionEvents } from "./e_frames.ts";

/** What a channel holds, as dialect E's frames: the Worker sends them, and native clients read sessions by them. */

/** The frame of an entry. A log line is a `log` event. */
export function sessionEntryFrame(entry: Entry, cursor: number): SessionEventFrame {
  const timestamp = new Date(entry.ts).toISOString();
  if (entry.kind === "log") {
    const { level, stage = "", line } = entry;
    return knownSessionFrame("log", { level, stage, line }, { timestamp, cursor });
  }
  const { event, data, nodeId } = entry;
  const node = nodeId === undefined ? {} : { node_id: nodeId };
  return { event, data: data ?? {}, timestamp, ...node, cursor };
}

/** A session that succeeded is completed; any other end is an error. */
export function sessionEndFrame({ status, message, cursor }: EndFrame): SessionEventFrame {
  if (status === "success") return knownSessionFrame("execution:completed", {}, { cursor });
  const error = message ?? `The session has ended: ${status}.`;
  return sessionErrorFrame({ error, code: `session_${status}` }, { cursor });
}

/** A gap is an error without a cursor: it is the gateway that says it, and not the engine. */
export function sessionGapFrame({ from, to, count, reason }: GapFrame): SessionEventFrame {
  const range = to === null ? `from ${from} on` : `from ${from} to ${to}`;
  const error = `Events ${range} are missing (${reason}).`;
  return sessionErrorFrame({ error, code: "gap", from, to, count });
}

export function sessionErrorFrame(
  error: SessionError,
  more: Partial<SessionEventFrame> = {},
): SessionEventFrame {
  return knownSessionFrame("error", error, more);
}

export function knownSessionFrame<Name extends keyof SessionEvents>(
  event: Name,
  data: SessionEvents[Name],
  more: Partial<SessionEventFrame> = {},
): SessionEventFrame {
  // The interfaces of events are JSON, which TypeScript believes of type aliases alone.
  return { event, data: data as unknown as SessionEventFrame["data"], ...more };
}
