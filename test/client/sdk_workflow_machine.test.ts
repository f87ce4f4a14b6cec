import { describe, expect, it } from "vitest";
import type { ClientProblem } from "../../client/sdk/problem.ts";
import {
  disconnected,
  type WorkflowEvent,
  type WorkflowState,
  workflowTransition,
} from "../../client/sdk/workflow_machine.ts";

const problem: ClientProblem = { code: "forbidden", message: "No grant." };
const busy: ClientProblem = { code: "too_fast", message: "Too fast.", retryAfterMs: 60_000 };
const context = { heartbeatMs: 30_000, canRenew: true };

/** Every state there is, in each form that the rules tell apart. */
const states = {
  disconnected,
  refused: { name: "disconnected", problem },
  connecting: { name: "connecting" },
  unproved: { name: "connected", attempt: 2, isPinged: true, isRenewed: true },
  connected: { name: "connected", attempt: 0, isPinged: false, isRenewed: false },
  pinged: { name: "connected", attempt: 0, isPinged: true, isRenewed: false },
  waiting: { name: "reconnecting", attempt: 1, isOpening: false, isRenewed: false },
  opening: { name: "reconnecting", attempt: 1, isOpening: true, isRenewed: false },
  lastWait: { name: "reconnecting", attempt: 5, isOpening: false, isRenewed: true },
  lastOpening: { name: "reconnecting", attempt: 5, isOpening: true, isRenewed: true },
} as const satisfies Record<string, WorkflowState>;

/** Every event there is, `lost` once for each thing that is done about a close code. */
const events = {
  connect: { type: "connect" },
  disconnect: { type: "disconnect" },
  opened: { type: "opened" },
  received: { type: "received" },
  lostClean: { type: "lost", closeCode: 1000, problem: null },
  lostBare: { type: "lost", closeCode: 1005, problem: null },
  lost: { type: "lost", closeCode: 1006, problem: null },
  lostBusy: { type: "lost", closeCode: 4429, problem: busy },
  lostToken: { type: "lost", closeCode: 4401, problem },
  lostRefused: { type: "lost", closeCode: 4403, problem },
  timer: { type: "timer" },
} as const satisfies Record<string, WorkflowEvent>;

type StateName = keyof typeof states;
type EventName = keyof typeof events;

/** A state and its effects in one line; `=` is the same object, no effects. */
function told(name: StateName, event: EventName): string {
  const before: WorkflowState = states[name];
  const { state, effects } = workflowTransition(before, events[event], context);
  if (state === before) return effects.length === 0 ? "=" : "the same state with effects";
  const did = effects.map((effect) => {
    if (effect.type === "setTimer") return `setTimer ${effect.ms}`;
    return effect.type === "open" && effect.renew ? "open renewed" : effect.type;
  });
  return [describeState(state), did.join(", ")].filter((part) => part !== "").join(" | ");
}

function describeState(state: WorkflowState): string {
  switch (state.name) {
    case "disconnected":
      return state.problem === null ? "disconnected" : `disconnected: ${state.problem.message}`;
    case "connecting":
      return "connecting";
    case "connected":
      return `connected ${state.attempt}${state.isPinged ? " pinged" : ""}${state.isRenewed ? " renewed" : ""}`;
    case "reconnecting":
      return `reconnecting ${state.attempt}${state.isOpening ? " opening" : ""}${state.isRenewed ? " renewed" : ""}`;
  }
}

const same: Record<StateName, string> = {
  disconnected: "=",
  refused: "=",
  connecting: "=",
  unproved: "=",
  connected: "=",
  pinged: "=",
  waiting: "=",
  opening: "=",
  lastWait: "=",
  lastOpening: "=",
};
const gone = "disconnected | hangUp, clearTimer";
const refused = "disconnected: No grant. | hangUp, clearTimer";
const gaveUp = "disconnected: Max reconnection attempts reached | hangUp, clearTimer";
const first = "reconnecting 1 | hangUp, setTimer 3000";
const second = "reconnecting 2 | hangUp, setTimer 6000";
const third = "reconnecting 3 renewed | hangUp, setTimer 12000";
const clean = {
  ...same,
  connecting: gone,
  unproved: gone,
  connected: gone,
  pinged: gone,
  opening: gone,
  lastOpening: gone,
};

/** The whole table: the compiler refuses it when a state or an event is missing. */
const table: Record<EventName, Record<StateName, string>> = {
  connect: {
    ...same,
    disconnected: "connecting | setTimer 30000, open",
    refused: "connecting | setTimer 30000, open",
  },
  disconnect: { ...clean, waiting: gone, lastWait: gone },
  opened: {
    ...same,
    connecting: "connected 0 pinged | ping, setTimer 30000",
    opening: "connected 1 pinged | ping, setTimer 30000",
    lastOpening: "connected 5 pinged renewed | ping, setTimer 30000",
  },
  received: { ...same, unproved: "connected 0", pinged: "connected 0" },
  lostClean: clean,
  lostBare: clean,
  lost: {
    ...same,
    connecting: first,
    unproved: third,
    connected: first,
    pinged: first,
    opening: second,
    lastOpening: gaveUp,
  },
  lostBusy: {
    ...same,
    connecting: "reconnecting 1 | hangUp, setTimer 60000",
    unproved: "reconnecting 3 renewed | hangUp, setTimer 60000",
    connected: "reconnecting 1 | hangUp, setTimer 60000",
    pinged: "reconnecting 1 | hangUp, setTimer 60000",
    opening: "reconnecting 2 | hangUp, setTimer 60000",
    lastOpening: gaveUp,
  },
  lostToken: {
    ...same,
    connecting: "reconnecting 1 renewed | hangUp, setTimer 3000",
    unproved: refused,
    connected: "reconnecting 1 renewed | hangUp, setTimer 3000",
    pinged: "reconnecting 1 renewed | hangUp, setTimer 3000",
    opening: "reconnecting 2 renewed | hangUp, setTimer 6000",
    lastOpening: refused,
  },
  lostRefused: {
    ...same,
    connecting: refused,
    unproved: refused,
    connected: refused,
    pinged: refused,
    opening: refused,
    lastOpening: refused,
  },
  timer: {
    ...same,
    connecting: first,
    unproved: third,
    connected: "connected 0 pinged | ping, setTimer 30000",
    pinged: first,
    waiting: "reconnecting 1 opening | setTimer 30000, open",
    opening: second,
    lastWait: "reconnecting 5 opening renewed | setTimer 30000, open renewed",
    lastOpening: gaveUp,
  },
};

const eventNames = Object.keys(events) as EventName[];
const stateNames = Object.keys(states) as StateName[];

describe.each(eventNames)("[WFM1] %s", (event) => {
  it.each(stateNames)("in %s", (name) => {
    expect(told(name, event)).toBe(table[event][name]);
  });
});

describe("the rules of reconnecting", () => {
  it("[WFM2] five attempts, the first after 3 s, each later one twice as late, then none", () => {
    let state: WorkflowState = states.connected;
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      const { state: next, effects } = workflowTransition(state, events.lost, context);
      for (const effect of effects) if (effect.type === "setTimer") waits.push(effect.ms);
      state = workflowTransition(next, events.timer, context).state;
    }
    expect(waits).toEqual([3_000, 6_000, 12_000, 24_000, 48_000]);
    expect(state).toEqual({
      name: "disconnected",
      problem: { code: "connection_lost", message: "Max reconnection attempts reached", final: true },
    });
  });

  it("[WFM3] a token that is a text is not renewed", () => {
    const { state } = workflowTransition(states.connected, events.lostToken, { ...context, canRenew: false });
    expect(describeState(state)).toBe("disconnected: No grant.");
  });

  it("[WFM4] no gateway can ask for a wait of days", () => {
    const late = { ...busy, retryAfterMs: 1e12 };
    const { effects } = workflowTransition(states.connected, { ...events.lostBusy, problem: late }, context);
    expect(effects).toContainEqual({ type: "setTimer", ms: 3_600_000 });
  });
});
