import { reactionTo } from "../../protocol/codes.ts";
import type { DMessage } from "../../protocol/dialects/d_message.ts";
import type { TaskHistory, TaskStatus } from "../../protocol/dialects/d_rest.ts";
import { backoffMs } from "../sdk/backoff.ts";

/**
 * How a task's messages are followed: its history first, then its socket, and where sockets cannot be had
 * polling. One offset leads through all of them, so that nothing is lost or shown twice.
 *
 *   replaying ─► connecting ─► live ◄─► checking      live ─ closed 1000 ─► ending ─► ended
 *       ▲            │  ▲        │ lost                polling ─ completed ─────────────► ended
 *    waiting ◄───────┴──┴────────┘                     any ─ refused for good ─────────► refused
 *       └─ refused twice ─► polling ◄─► resting ─ every tenth ─► connecting
 */
export type Phase =
  | { readonly name: "replaying"; readonly failures: number }
  /** `failures` in a row, each of which ended before a message came. */
  | { readonly name: "connecting"; readonly failures: number }
  /** `last` repeats the newest offset: the task's end, if the socket closes so, else why it closes. */
  | { readonly name: "live"; readonly failures: number; readonly last?: DMessage }
  /** The socket was quiet for long: history is asked whether it is still alive. */
  | { readonly name: "checking"; readonly failures: number }
  | { readonly name: "waiting"; readonly to: "replay" | "connect" | "end"; readonly failures: number }
  /** `final` is the status of a task that has ended: what is left of its messages is read. */
  | { readonly name: "polling"; readonly polls: number; readonly final: TaskStatus | null }
  | { readonly name: "resting"; readonly polls: number }
  | { readonly name: "ending"; readonly failures: number }
  | { readonly name: "ended"; readonly status: TaskStatus }
  | { readonly name: "refused"; readonly detail: string };

export interface Feed {
  /** Everything up to it was shown. */
  readonly offset: number;
  readonly phase: Phase;
}

/** Why a request failed; `code` is null where no answer came. */
export interface Failure {
  readonly code: string | null;
  readonly detail: string;
  readonly status?: number;
  readonly oldest?: number;
}

export type FeedEvent =
  | { readonly type: "started" }
  | { readonly type: "page"; readonly page: Pick<TaskHistory, "messages" | "next"> }
  | { readonly type: "status"; readonly status: TaskStatus }
  | { readonly type: "failed"; readonly failure: Failure }
  | { readonly type: "opened" }
  | { readonly type: "message"; readonly message: DMessage }
  | { readonly type: "closed"; readonly code: number; readonly reason: string; readonly detail: string }
  | { readonly type: "timer" };

export type FeedEffect =
  | { readonly do: "page"; readonly offset: number }
  | { readonly do: "status" }
  | { readonly do: "open"; readonly offset: number }
  | { readonly do: "close" }
  /** The one timer; each transition clears it. */
  | { readonly do: "timer"; readonly ms: number }
  | { readonly do: "show"; readonly messages: readonly DMessage[] }
  /** Messages that are no longer kept, both offsets included. */
  | { readonly do: "lost"; readonly from: number; readonly to: number };

export interface Step {
  readonly feed: Feed;
  readonly effects: readonly FeedEffect[];
}

/** Between two polls, in milliseconds. */
export const pollMs = 3_000;
/** How long a socket may be quiet before history is asked, in milliseconds. */
export const quietMs = 60_000;
/** After so many polls the socket is tried again. */
export const pollsPerSocket = 10;
/** Sockets that ended before a message came, in a row: then it is polled. */
const maxFailures = 2;

export const startOf = (offset: number): Feed => ({ offset, phase: { name: "replaying", failures: 0 } });

/** What an event makes of a feed. One that its phase does not expect changes nothing. `chance` is in [0, 1). */
export function transition(feed: Feed, event: FeedEvent, chance: number): Step {
  const { phase } = feed;
  switch (event.type) {
    case "started":
      return nextPage(feed);
    case "page":
      return afterPage(feed, event.page);
    case "status":
      return afterStatus(feed, event.status);
    case "failed":
      return afterFailure(feed, event.failure, chance);
    case "opened":
      return phase.name === "connecting" ? quiet(feed, phase.failures) : stay(feed);
    case "message":
      return phase.name === "live" || phase.name === "checking"
        ? afterMessage(feed, event.message, phase.failures)
        : stay(feed);
    case "closed":
      return afterClose(feed, event, chance);
    case "timer":
      return afterTimer(feed);
  }
}

function afterTimer(feed: Feed): Step {
  const { phase, offset } = feed;
  switch (phase.name) {
    case "live":
      return enter(feed, { name: "checking", failures: phase.failures }, { do: "page", offset });
    case "resting":
      return phase.polls % pollsPerSocket === 0
        ? connect(feed, maxFailures - 1)
        : enter(feed, { name: "polling", polls: phase.polls, final: null }, { do: "status" });
    case "waiting":
      if (phase.to === "connect") return connect(feed, phase.failures);
      if (phase.to === "end")
        return enter(feed, { name: "ending", failures: phase.failures }, { do: "status" });
      return enter(feed, { name: "replaying", failures: phase.failures }, { do: "page", offset });
    default:
      return stay(feed);
  }
}

function afterPage(before: Feed, { messages, next }: Pick<TaskHistory, "messages" | "next">): Step {
  const { phase } = before;
  const { feed, effects: shown } = show(before, messages);
  switch (phase.name) {
    case "replaying":
      if (next === null) return after(shown, connect(feed, 0));
      return after(shown, nextPage({ offset: next, phase: { ...phase, failures: 0 } }));
    case "polling": {
      if (next !== null) return after(shown, nextPage({ ...feed, offset: next }));
      if (phase.final !== null) return after(shown, enter(feed, { name: "ended", status: phase.final }));
      const resting: Phase = { name: "resting", polls: phase.polls + 1 };
      return after(shown, enter(feed, resting, { do: "timer", ms: pollMs }));
    }
    case "checking":
      // What the socket did not bring shows that it is dead.
      if (messages.length === 0) return quiet(feed, 0);
      return after([{ do: "close" }, ...shown], connect(feed, 0));
    default:
      return stay(before);
  }
}

function afterStatus(feed: Feed, status: TaskStatus): Step {
  const { phase, offset } = feed;
  if (phase.name === "ending") return enter(feed, { name: "ended", status });
  if (phase.name !== "polling") return stay(feed);
  // The status is asked first: when it says that the task has ended, all its messages are there.
  return enter(feed, { ...phase, final: status.is_completed ? status : null }, { do: "page", offset });
}

function afterMessage(before: Feed, message: DMessage, failures: number): Step {
  const isLast = message.offset === before.offset && message.level !== "WARN";
  if (isLast) return enter(before, { name: "live", failures, last: message }, { do: "timer", ms: quietMs });
  const { feed, effects } = show(before, [message]);
  return after(effects, quiet(feed, 0));
}

function afterFailure(feed: Feed, failure: Failure, chance: number): Step {
  const { phase, offset } = feed;
  const isReading = phase.name === "replaying" || phase.name === "polling" || phase.name === "checking";
  if (isReading && failure.oldest !== undefined && failure.oldest - 1 > offset) {
    const to = failure.oldest - 1;
    const lost: FeedEffect = { do: "lost", from: offset + 1, to };
    return after([lost], nextPage({ ...feed, offset: to }));
  }
  const isFinal =
    failure.status !== undefined && failure.status < 500 && ![408, 429].includes(failure.status);
  switch (phase.name) {
    case "replaying":
      return isFinal ? refused(feed, failure.detail) : wait(feed, "replay", phase.failures + 1, chance);
    case "ending":
      return isFinal ? refused(feed, failure.detail) : wait(feed, "end", phase.failures + 1, chance);
    case "polling":
      if (isFinal) return refused(feed, failure.detail);
      // Without any answer it is the network that is down, and not sockets alone.
      if (failure.code === null) return wait(feed, "connect", 1, chance);
      return enter(feed, { name: "resting", polls: phase.polls + 1 }, { do: "timer", ms: pollMs });
    case "checking":
      return after([{ do: "close" }], wait(feed, "connect", 1, chance));
    default:
      return stay(feed);
  }
}

function afterClose(
  feed: Feed,
  { code, reason, detail }: Extract<FeedEvent, { type: "closed" }>,
  chance: number,
): Step {
  const { phase } = feed;
  if (phase.name !== "connecting" && phase.name !== "live" && phase.name !== "checking") return stay(feed);
  const last = phase.name === "live" ? phase.last : undefined;
  if (code === 1000) {
    const shown: FeedEffect[] = last === undefined ? [] : [{ do: "show", messages: [last] }];
    return after(shown, enter(feed, { name: "ending", failures: 0 }, { do: "status" }));
  }
  const failures = phase.failures + 1;
  const reaction = reactionTo(code);
  if (reaction === "stop" || (reaction === "renew" && failures > 1))
    return refused(feed, last?.message || detail || reason);
  if (failures >= maxFailures || reason === "realtime_disabled") {
    return enter(feed, { name: "polling", polls: 1, final: null }, { do: "status" });
  }
  return wait(feed, "connect", failures, chance);
}

/** Moves the offset on with messages. One with offset 0 says that the log was deleted, and reading begins anew. */
function show(feed: Feed, messages: readonly DMessage[]): { feed: Feed; effects: readonly FeedEffect[] } {
  let { offset } = feed;
  const fresh = messages.filter((message) => {
    const isNew = message.offset > offset || message.offset === 0;
    if (isNew) offset = message.offset;
    return isNew;
  });
  return { feed: { ...feed, offset }, effects: fresh.length === 0 ? [] : [{ do: "show", messages: fresh }] };
}

function nextPage(feed: Feed): Step {
  return { feed, effects: [{ do: "page", offset: feed.offset }] };
}

function connect(feed: Feed, failures: number): Step {
  return enter(feed, { name: "connecting", failures }, { do: "open", offset: feed.offset });
}

function quiet(feed: Feed, failures: number): Step {
  return enter(feed, { name: "live", failures }, { do: "timer", ms: quietMs });
}

function wait(feed: Feed, to: "replay" | "connect" | "end", failures: number, chance: number): Step {
  return enter(feed, { name: "waiting", to, failures }, { do: "timer", ms: backoffMs(failures, chance) });
}

function refused(feed: Feed, detail: string): Step {
  return enter(feed, { name: "refused", detail });
}

function enter(feed: Feed, phase: Phase, ...effects: readonly FeedEffect[]): Step {
  return { feed: { ...feed, phase }, effects };
}

function after(effects: readonly FeedEffect[], step: Step): Step {
  return { feed: step.feed, effects: [...effects, ...step.effects] };
}

function stay(feed: Feed): Step {
  return { feed, effects: [] };
}
