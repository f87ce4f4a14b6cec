import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Feed,
  type FeedEffect,
  type FeedEvent,
  type Phase,
  pollMs,
  pollsPerSocket,
  quietMs,
  startOf,
  transition,
} from "../../client/frontend/feed_machine.ts";
import type { DMessage } from "../../protocol/dialects/d_message.ts";
import type { TaskStatus } from "../../protocol/dialects/d_rest.ts";

const message = (offset: number, level: DMessage["level"] = "INFO"): DMessage => ({
  timestamp: "2026-11-20T10:00:00.000Z",
  level,
  message: `line ${offset}`,
  progress: null,
  step: null,
  current_step: null,
  total_steps: null,
  offset,
});

const status = (isCompleted: boolean): TaskStatus => ({
  task_id: "t",
  status: isCompleted ? "success" : "running",
  progress: 0,
  step: null,
  current_step: null,
  total_steps: null,
  is_completed: isCompleted,
  success: isCompleted,
  exit_code: null,
});

const page = (offsets: readonly number[], next: number | null = null): FeedEvent => ({
  type: "page",
  page: { messages: offsets.map((offset) => message(offset)), next },
});
const closed = (code: number, reason = ""): FeedEvent => ({ type: "closed", code, reason, detail: "Why." });
const failed = (status?: number, oldest?: number): FeedEvent => ({
  type: "failed",
  failure: {
    code: status === undefined ? null : "x",
    detail: "Why.",
    ...(status !== undefined && { status }),
    ...(oldest !== undefined && { oldest }),
  },
});

/** A feed that is driven event by event; what it showed is kept. */
function drive(feed: Feed = startOf(0)) {
  let at = feed;
  const shown: number[] = [];
  return {
    shown,
    get phase(): Phase {
      return at.phase;
    },
    get offset(): number {
      return at.offset;
    },
    send(...events: readonly FeedEvent[]): readonly FeedEffect[] {
      let effects: readonly FeedEffect[] = [];
      for (const event of events) {
        ({ feed: at, effects } = transition(at, event, 0.5));
        for (const effect of effects) {
          if (effect.do === "show") shown.push(...effect.messages.map(({ offset }) => offset));
        }
      }
      return effects;
    },
  };
}

const live = (offset: number, failures = 0): Feed => ({ offset, phase: { name: "live", failures } });

describe("a task's feed", () => {
  test("[FEED1] replays history page by page, then opens the socket after what it read", () => {
    const feed = drive();
    expect(feed.send({ type: "started" })).toEqual([{ do: "page", offset: 0 }]);
    expect(feed.send(page([1, 2], 2)).at(-1)).toEqual({ do: "page", offset: 2 });
    expect(feed.send(page([3])).at(-1)).toEqual({ do: "open", offset: 3 });
    expect(feed.send({ type: "opened" })).toEqual([{ do: "timer", ms: quietMs }]);
    feed.send({ type: "message", message: message(4) });
    expect(feed.shown).toEqual([1, 2, 3, 4]);
  });

  test("[FEED2] ends with the socket's last message, shown once, and with a close 1000 is not opened again", () => {
    const told = drive(live(7));
    expect(told.send({ type: "message", message: message(7, "SUCCESS") })).toEqual([
      { do: "timer", ms: quietMs },
    ]);
    expect(told.shown).toEqual([]);
    expect(told.send(closed(1000)).at(-1)).toEqual({ do: "status" });
    expect(told.shown).toEqual([7]);
    expect(told.send({ type: "status", status: status(true) })).toEqual([]);
    expect(told.phase).toEqual({ name: "ended", status: status(true) });
    const bare = drive(live(7));
    expect(bare.send(closed(1000))).toEqual([{ do: "status" }]);
    bare.send(failed(503));
    expect(bare.phase).toMatchObject({ name: "waiting", to: "end" });
    expect(bare.send({ type: "timer" })).toEqual([{ do: "status" }]);
  });

  test("[FEED3] a lost socket is opened again after the last offset, later each time", () => {
    const feed = drive(live(7));
    const [first] = feed.send(closed(1006));
    expect(feed.phase).toEqual({ name: "waiting", to: "connect", failures: 1 });
    expect(feed.send({ type: "timer" })).toEqual([{ do: "open", offset: 7 }]);
    feed.send({ type: "opened" }, { type: "message", message: message(8) });
    expect(feed.send(closed(4503))).toEqual([first]);
    expect(feed.send({ type: "timer" })).toEqual([{ do: "open", offset: 8 }]);
  });

  test("[FEED4] sockets that are refused give way to polling, which tries them again", () => {
    const feed = drive({ offset: 7, phase: { name: "connecting", failures: 0 } });
    feed.send(closed(1006), { type: "timer" });
    expect(feed.send(closed(1006))).toEqual([{ do: "status" }]);
    expect(feed.send({ type: "status", status: status(false) })).toEqual([{ do: "page", offset: 7 }]);
    expect(feed.send(page([8])).at(-1)).toEqual({ do: "timer", ms: pollMs });
    let polls = 1;
    for (; feed.send({ type: "timer" })[0]?.do !== "open"; polls++) {
      feed.send({ type: "status", status: status(false) }, page([]));
    }
    expect(polls + 1).toBe(pollsPerSocket);
    expect(feed.phase).toMatchObject({ name: "connecting" });
    feed.send({ type: "opened" }, { type: "message", message: message(8, "ERROR") }, closed(4429));
    expect(feed.phase.name).toBe("polling");
  });

  test("[FEED5] a socket closed for realtime_disabled is polled at once", () => {
    const feed = drive(live(7));
    expect(feed.send(closed(4503, "realtime_disabled"))).toEqual([{ do: "status" }]);
  });

  test("[FEED6] polling reads everything of a completed task before it ends", () => {
    const feed = drive({ offset: 7, phase: { name: "polling", polls: 1, final: null } });
    feed.send({ type: "status", status: status(true) }, page([8], 8));
    expect(feed.phase.name).toBe("polling");
    feed.send(page([9]));
    expect(feed.phase).toEqual({ name: "ended", status: status(true) });
    expect(feed.shown).toEqual([8, 9]);
  });

  test("[FEED7] a socket that is quiet for long is checked by history", () => {
    const alive = drive(live(7, 1));
    expect(alive.send({ type: "timer" })).toEqual([{ do: "page", offset: 7 }]);
    expect(alive.send(page([]))).toEqual([{ do: "timer", ms: quietMs }]);
    expect(alive.phase).toEqual({ name: "live", failures: 0 });
    const dead = drive(live(7));
    dead.send({ type: "timer" });
    expect(dead.send(page([8])).map((effect) => effect.do)).toEqual(["close", "show", "open"]);
    expect(dead.offset).toBe(8);
    const late = drive(live(7));
    late.send({ type: "timer" }, { type: "message", message: message(8) });
    expect(late.send(page([8]))).toEqual([]);
    expect(late.shown).toEqual([8]);
  });

  test("[FEED8] what is refused for good stops, a renewed token is tried once", () => {
    for (const code of [4400, 4403, 4406]) {
      const feed = drive(live(7));
      feed.send(closed(code));
      expect(feed.phase).toEqual({ name: "refused", detail: "Why." });
    }
    const told = drive(live(7));
    told.send({ type: "message", message: message(7, "ERROR") }, closed(4403));
    expect(told.phase).toEqual({ name: "refused", detail: "line 7" });
    expect(told.shown).toEqual([]);
    const renewed = drive(live(7));
    renewed.send(closed(4401), { type: "timer" }, { type: "opened" });
    expect(renewed.phase.name).toBe("live");
    renewed.send(closed(4401));
    expect(renewed.phase.name).toBe("refused");
    for (const code of [400, 401, 403, 404]) {
      const feed = drive();
      feed.send({ type: "started" }, failed(code));
      expect(feed.phase.name).toBe("refused");
    }
  });

  test("[FEED9] a history that fails for now is asked again, without a network everything waits", () => {
    for (const code of [undefined, 429, 500, 503]) {
      const feed = drive();
      feed.send({ type: "started" }, failed(code));
      expect(feed.phase).toEqual({ name: "waiting", to: "replay", failures: 1 });
      expect(feed.send({ type: "timer" })).toEqual([{ do: "page", offset: 0 }]);
    }
    const polling = drive({ offset: 7, phase: { name: "polling", polls: 1, final: null } });
    polling.send(failed());
    expect(polling.phase).toMatchObject({ name: "waiting", to: "connect" });
  });

  test("[FEED10] messages that are gone are told, and reading goes on from the oldest", () => {
    const feed = drive(startOf(3));
    expect(feed.send({ type: "started" }, failed(410, 11))).toEqual([
      { do: "lost", from: 4, to: 10 },
      { do: "page", offset: 10 },
    ]);
    feed.send(page([11]));
    expect(feed.offset).toBe(11);
    expect(drive(live(3)).send(failed(410, 11))).toEqual([]);
    const deleted = drive(live(40));
    deleted.send({ type: "message", message: message(0, "WARN") }, { type: "message", message: message(1) });
    expect(deleted.shown).toEqual([0, 1]);
  });

  test("[FEED11] whatever happens, lines come in order and once, and an end is an end", () => {
    const events = fc.oneof(
      fc.constant<FeedEvent>({ type: "timer" }),
      fc.constant<FeedEvent>({ type: "opened" }),
      fc.constantFrom<FeedEvent>(closed(1006), closed(4503), closed(1000), failed(), failed(503)),
      fc.boolean().map<FeedEvent>((done) => ({ type: "status", status: status(done) })),
      fc
        .array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 })
        .map((found) => page(found.sort((a, b) => a - b))),
      fc
        .integer({ min: 1, max: 40 })
        .map<FeedEvent>((offset) => ({ type: "message", message: message(offset, "WARN") })),
    );
    fc.assert(
      fc.property(fc.array(events, { maxLength: 60 }), (sent) => {
        const feed = drive();
        let isEnded = false;
        for (const event of sent) {
          const effects = feed.send(event);
          expect(isEnded && effects.length > 0).toBe(false);
          isEnded = feed.phase.name === "ended" || feed.phase.name === "refused";
        }
        expect(feed.shown).toEqual([...new Set(feed.shown)].sort((a, b) => a - b));
      }),
    );
  });
});
