import {
  type KnownSessionFrame,
  nodeOfFrame,
  type ReadSessionFrame,
} from "../../protocol/dialects/e_decode.ts";
import type { SessionEvents } from "../../protocol/dialects/e_frames.ts";

/** What a workflow session's events come to: an immutable value, made anew by each event that changes it. */

/** `idle`: nothing was heard of an execution yet. */
export type ExecutionStatus = "idle" | "running" | "paused" | "completed" | "failed";

export interface SessionNode {
  readonly id: string;
  /** In the engine's words; `failed` after an `error` of the node. */
  readonly status: string;
  readonly error?: string;
  /** It is at work. */
  readonly isActive: boolean;
}

/** An error that the engine told, or the end of a session that did not succeed. */
export interface ExecutionError {
  readonly error: string;
  readonly code?: string;
  readonly nodeId?: string;
}

export interface SessionView {
  readonly status: ExecutionStatus;
  /** The text of all tokens, in order, as far as it is kept: the newest. */
  readonly text: string;
  /** How many characters before `text` are no longer kept. */
  readonly droppedChars: number;
  /** By id, in the order in which they were first heard of. */
  readonly nodes: ReadonlyMap<string, SessionNode>;
  /** The ids of the nodes at work, several where they run in parallel. */
  readonly activeNodes: readonly string[];
  /** What the newest `token_usage` said. */
  readonly usage: SessionEvents["token_usage"] | null;
  /** The newest ones, the newest last. */
  readonly errors: readonly ExecutionError[];
  /** Everything up to it has been taken in; null before the first event. */
  readonly cursor: number | null;
}

/** What a view keeps at most. */
export interface SessionBounds {
  /** Characters of text; past them the oldest quarter goes at once, so that a token costs no copy of it all. */
  readonly textChars: number;
  /** Nodes; past them the one heard of first goes. */
  readonly nodes: number;
  readonly errors: number;
  /** Characters of a node's id, a status or an error's text; longer ones are cut. */
  readonly detailChars: number;
}

export const sessionBounds: SessionBounds = {
  textChars: 1_000_000,
  nodes: 1_000,
  errors: 100,
  detailChars: 4_096,
};

export const emptySession: SessionView = {
  status: "idle",
  text: "",
  droppedChars: 0,
  nodes: new Map(),
  activeNodes: [],
  usage: null,
  errors: [],
  cursor: null,
};

/** Statuses of nodes that are not at work. Engines have words of their own for the work itself: all others are. */
const restingStatuses: ReadonlySet<string> = new Set([
  ...["pending", "idle", "queued", "paused", "skipped", "cancelled", "canceled"],
  ...["completed", "complete", "done", "success", "succeeded", "finished", "failed", "failure", "error"],
]);

/**
 * Hands an event to what its name stands for. The same view comes back where nothing changed; an event at or
 * before the view's cursor was taken in already, so that reading again after a break repeats nothing.
 */
export function routeSession(
  view: SessionView,
  read: ReadSessionFrame,
  bounds: SessionBounds = sessionBounds,
): SessionView {
  const { cursor } = read.frame;
  if (isKnown(view, read)) return view;
  const next = read.kind === "known" ? handle(view, read.frame, bounds) : view;
  return cursor === undefined || cursor === next.cursor ? next : { ...next, cursor };
}

/** The journal's end is told with the last entry's cursor, and changes nothing when it is told again. */
function isKnown({ cursor: at }: SessionView, { frame }: ReadSessionFrame): boolean {
  if (frame.cursor === undefined || at === null || frame.cursor > at) return false;
  const isEnd = frame.timestamp === undefined && frame.cursor === at;
  return !isEnd;
}

function handle(view: SessionView, frame: KnownSessionFrame, bounds: SessionBounds): SessionView {
  switch (frame.event) {
    case "token_stream":
      return run(gather(view, frame.data.text, bounds.textChars));
    case "node_state_change":
      return changeNode(view, nodeOfFrame(frame), frame.data, bounds);
    case "node:parallel_start":
      return run(frame.data.nodes.reduce((next, id) => setNode(next, atWork(id), bounds), view));
    case "token_usage":
      return { ...view, usage: frame.data };
    case "execution:paused":
      return view.status === "paused" ? view : { ...view, status: "paused" };
    case "execution:completed":
      return finish(view, "completed");
    case "error":
      return fail(view, frame, bounds);
    case "log":
    case "pong":
      return view;
  }
}

/** Only work says that an execution runs, also one that was paused: there is no event for its going on. */
function run(view: SessionView): SessionView {
  return view.status === "running" ? view : { ...view, status: "running" };
}

function finish(view: SessionView, status: "completed" | "failed"): SessionView {
  if (view.status === status && view.activeNodes.length === 0) return view;
  const nodes = new Map([...view.nodes].map(([id, node]) => [id, { ...node, isActive: false }]));
  return { ...view, status, nodes, activeNodes: [] };
}

function gather(view: SessionView, token: string, maxChars: number): SessionView {
  const text = view.text + token;
  if (text.length <= maxChars) return { ...view, text };
  const kept = text.slice(-Math.ceil(maxChars * 0.75)).toWellFormed();
  return { ...view, text: kept, droppedChars: view.droppedChars + text.length - kept.length };
}

function atWork(id: string): SessionNode {
  return { id, status: "running", isActive: true };
}

function changeNode(
  view: SessionView,
  id: string | null,
  { status, error }: SessionEvents["node_state_change"],
  bounds: SessionBounds,
): SessionView {
  if (id === null) return view;
  const isActive = !restingStatuses.has(status.toLowerCase());
  const node: SessionNode = { id, status, isActive, ...(typeof error === "string" && { error }) };
  const changed = setNode(view, node, bounds);
  return isActive ? run(changed) : changed;
}

/** With a node it is the node that failed. Without a cursor it is no event of the session: a refusal, or a gap. */
function fail(
  view: SessionView,
  frame: KnownSessionFrame & { readonly event: "error" },
  bounds: SessionBounds,
): SessionView {
  if (frame.cursor === undefined) return view;
  const { error, code } = frame.data;
  const id = nodeOfFrame(frame);
  const told: ExecutionError = {
    error: cut(error, bounds),
    ...(typeof code === "string" && { code: cut(code, bounds) }),
    ...(id !== null && { nodeId: cut(id, bounds) }),
  };
  // Whoever comes back after the end is told of it again.
  if (frame.timestamp === undefined && view.errors.at(-1)?.code === told.code && view.status === "failed") {
    return view;
  }
  const noted = { ...view, errors: [...view.errors, told].slice(-bounds.errors) };
  if (id === null) return finish(noted, "failed");
  return setNode(noted, { id, status: "failed", error, isActive: false }, bounds);
}

function setNode(
  view: SessionView,
  { id: wholeId, status, error, isActive }: SessionNode,
  bounds: SessionBounds,
): SessionView {
  const id = cut(wholeId, bounds);
  const why = error === undefined ? {} : { error: cut(error, bounds) };
  const nodes = new Map(view.nodes).set(id, { id, status: cut(status, bounds), ...why, isActive });
  for (const oldest of nodes.keys()) {
    if (nodes.size <= bounds.nodes) break;
    nodes.delete(oldest);
  }
  const activeNodes = [...nodes.values()].filter((node) => node.isActive).map((node) => node.id);
  return { ...view, nodes, activeNodes };
}

function cut(text: string, { detailChars }: SessionBounds): string {
  return text.length <= detailChars ? text : text.slice(0, detailChars).toWellFormed();
}
