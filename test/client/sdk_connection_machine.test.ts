import { describe, expect, it } from "vitest";
import { type ConnectionContext, transition } from "../../client/sdk/connection_machine.ts";
import type { ConnectionEvent, ConnectionState } from "../../client/sdk/connection_state.ts";
import type { ClientProblem } from "../../client/sdk/problem.ts";

const problem: ClientProblem = { code: "restarting", message: "The gateway is restarting." };
const busy: ClientProblem = { code: "too_fast", message: "Too fast.", retryAfterMs: 5_000 };
const context: ConnectionContext = {
  chance: 0.5,
  canRenew: true,
  connectMs: 30_000,
  pingMs: 20_000,
  pongMs: 10_000,
};

/** Every state there is, in each form that the rules tell apart. */
const states = {
  idle: { name: "idle" },
  connecting: { name: "connecting", attempt: 3, isRenewed: false },
  connectingRenewed: { name: "connecting", attempt: 3, isRenewed: true },
  open: { name: "open", attempt: 3, isRenewed: true, isPinged: false, refusal: null },
  openPinged: { name: "open", attempt: 3, isRenewed: false, isPinged: true, refusal: problem },
  ready: { name: "ready", isPinged: false, refusal: null },
  readyPinged: { name: "ready", isPinged: true, refusal: null },
  waiting: { name: "waiting", attempt: 3, isRenewed: false, delayMs: 900, cause: problem },
  waitingBusy: { name: "waiting", attempt: 3, isRenewed: true, delayMs: 5_900, cause: busy },
  refused: { name: "stopped", reason: { kind: "refused", closeCode: 4403, problem } },
  closed: { name: "stopped", reason: { kind: "closed" } },
} as const satisfies Record<string, ConnectionState>;

/** Every event there is, `lost` once for each thing a client does about a close code. */
const events = {
  start: { type: "start" },
  halt: { type: "halt" },
  close: { type: "close" },
  opened: { type: "opened" },
  received: { type: "received" },
  subscribed: { type: "subscribed" },
  refused: { type: "refused", problem: busy },
  lostRetry: { type: "lost", closeCode: 1006 },
  lostRenew: { type: "lost", closeCode: 4401 },
  lostStop: { type: "lost", closeCode: 4403 },
  tokenFailed: { type: "tokenFailed", problem },
  timer: { type: "timer" },
  wake: { type: "wake" },
  reconnect: { type: "reconnect" },
  broken: { type: "broken", attempt: 5, problem },
} as const satisfies Record<string, ConnectionEvent>;

type StateName = keyof typeof states;
type EventName = keyof typeof events;

/** A state and its effects in one line: `waiting 4 | hangUp, setTimer 2000`. `=` is the same object, no effects. */
function told(name: StateName, event: EventName): string {
  const before: ConnectionState = states[name];
  const { state, effects } = transition(before, events[event], context);
  if (state === before) return effects.length === 0 ? "=" : "the same state with effects";
  const did = effects.map((effect) => {
    if (effect.type === "setTimer") return `setTimer ${effect.ms}`;
    return effect.type === "connect" && effect.renew ? "connect renewed" : effect.type;
  });
  return [describeState(state), did.join(", ")].filter((part) => part !== "").join(" | ");
}

function describeState(state: ConnectionState): string {
  switch (state.name) {
    case "idle":
      return "idle";
    case "connecting":
      return `connecting ${state.attempt}${state.isRenewed ? " renewed" : ""}`;
    case "open":
    case "ready":
      return `${state.name}${state.isPinged ? " pinged" : ""}${state.refusal ? " refused" : ""}`;
    case "waiting":
      return `waiting ${state.attempt}${state.isRenewed ? " renewed" : ""}`;
    case "stopped":
      return `stopped ${state.reason.kind}`;
  }
}

const toIdle = "idle | hangUp, clearTimer";
const toClosed = "stopped closed | hangUp, clearTimer";
const toRefused = "stopped refused | hangUp, clearTimer";
const asked = "setTimer 30000, connect";

/** The whole table: the compiler refuses it when a state or an event is missing. */
const table: Record<EventName, Record<StateName, string>> = {
  start: {
    idle: `connecting 1 | ${asked}`,
    connecting: "=",
    connectingRenewed: "=",
    open: "=",
    openPinged: "=",
    ready: "=",
    readyPinged: "=",
    waiting: "=",
    waitingBusy: "=",
    refused: "=",
    closed: "=",
  },
  halt: {
    idle: "=",
    connecting: toIdle,
    connectingRenewed: toIdle,
    open: toIdle,
    openPinged: toIdle,
    ready: toIdle,
    readyPinged: toIdle,
    waiting: "idle | clearTimer",
    waitingBusy: "idle | clearTimer",
    refused: "=",
    closed: "=",
  },
  close: {
    idle: "stopped closed",
    connecting: toClosed,
    connectingRenewed: toClosed,
    open: toClosed,
    openPinged: toClosed,
    ready: toClosed,
    readyPinged: toClosed,
    waiting: "stopped closed | clearTimer",
    waitingBusy: "stopped closed | clearTimer",
    refused: "stopped closed",
    closed: "=",
  },
  opened: {
    idle: "=",
    connecting: "open | setTimer 20000, subscribeAll",
    connectingRenewed: "open | setTimer 20000, subscribeAll",
    open: "=",
    openPinged: "=",
    ready: "=",
    readyPinged: "=",
    waiting: "=",
    waitingBusy: "=",
    refused: "=",
    closed: "=",
  },
  received: {
    idle: "=",
    connecting: "=",
    connectingRenewed: "=",
    open: "=",
    openPinged: "open | setTimer 20000",
    ready: "=",
    readyPinged: "ready | setTimer 20000",
    waiting: "=",
    waitingBusy: "=",
    refused: "=",
    closed: "=",
  },
  subscribed: {
    idle: "=",
    connecting: "=",
    connectingRenewed: "=",
    open: "ready",
    openPinged: "ready pinged refused",
    ready: "=",
    readyPinged: "=",
    waiting: "=",
    waitingBusy: "=",
    refused: "=",
    closed: "=",
  },
  refused: {
    idle: "=",
    connecting: "=",
    connectingRenewed: "=",
    open: "open refused",
    openPinged: "open pinged refused",
    ready: "ready refused",
    readyPinged: "ready pinged refused",
    waiting: "=",
    waitingBusy: "=",
    refused: "=",
    closed: "=",
  },
  lostRetry: {
    idle: "=",
    connecting: "waiting 4 | hangUp, setTimer 2000",
    connectingRenewed: "waiting 4 renewed | hangUp, setTimer 2000",
    open: "waiting 4 renewed | hangUp, setTimer 2000",
    openPinged: "waiting 4 | hangUp, setTimer 2000",
    ready: "waiting 1 | hangUp, setTimer 250",
    readyPinged: "waiting 1 | hangUp, setTimer 250",
    waiting: "=",
    waitingBusy: "=",
    refused: "=",
    closed: "=",
  },
  lostRenew: {
    idle: "=",
    connecting: "waiting 4 renewed | hangUp, setTimer 2000",
    connectingRenewed: toRefused,
    open: toRefused,
    openPinged: "waiting 4 renewed | hangUp, setTimer 2000",
    ready: "waiting 1 renewed | hangUp, setTimer 250",
    readyPinged: "waiting 1 renewed | hangUp, setTimer 250",
    waiting: "=",
    waitingBusy: "=",
    refused: "=",
    closed: "=",
  },
  lostStop: {
    idle: "=",
    connecting: toRefused,
    connectingRenewed: toRefused,
    open: toRefused,
    openPinged: toRefused,
    ready: toRefused,
    readyPinged: toRefused,
    waiting: "=",
    waitingBusy: "=",
    refused: "=",
    closed: "=",
  },
  tokenFailed: {
    idle: "=",
    connecting: "waiting 4 | hangUp, setTimer 2000",
    connectingRenewed: "waiting 4 renewed | hangUp, setTimer 2000",
    open: "=",
    openPinged: "=",
    ready: "=",
    readyPinged: "=",
    waiting: "=",
    waitingBusy: "=",
    refused: "=",
    closed: "=",
  },
  timer: {
    idle: "=",
    connecting: "waiting 4 | hangUp, setTimer 2000",
    connectingRenewed: "waiting 4 renewed | hangUp, setTimer 2000",
    open: "open pinged | ping, setTimer 10000",
    openPinged: "waiting 4 | hangUp, setTimer 2000",
    ready: "ready pinged | ping, setTimer 10000",
    readyPinged: "waiting 1 | hangUp, setTimer 250",
    waiting: `connecting 3 | ${asked}`,
    waitingBusy: `connecting 3 renewed | ${asked} renewed`,
    refused: "=",
    closed: "=",
  },
  wake: {
    idle: "=",
    connecting: "=",
    connectingRenewed: "=",
    open: "open pinged | ping, setTimer 10000",
    openPinged: "=",
    ready: "ready pinged | ping, setTimer 10000",
    readyPinged: "=",
    waiting: `connecting 3 | ${asked}`,
    waitingBusy: "=",
    refused: "=",
    closed: "=",
  },
  reconnect: {
    idle: "=",
    connecting: "=",
    connectingRenewed: "=",
    open: "=",
    openPinged: "=",
    ready: "=",
    readyPinged: "=",
    waiting: `connecting 3 | ${asked}`,
    waitingBusy: `connecting 3 renewed | ${asked} renewed`,
    refused: `connecting 1 renewed | ${asked} renewed`,
    closed: "=",
  },
  broken: {
    idle: "=",
    connecting: "=",
    connectingRenewed: "=",
    open: "waiting 5 renewed | hangUp, setTimer 4000",
    openPinged: "waiting 5 | hangUp, setTimer 4000",
    ready: "waiting 5 | hangUp, setTimer 4000",
    readyPinged: "waiting 5 | hangUp, setTimer 4000",
    waiting: "=",
    waitingBusy: "=",
    refused: "=",
    closed: "=",
  },
};

const eventNames = Object.keys(events) as EventName[];
const stateNames = Object.keys(states) as StateName[];

describe.each(eventNames)("[CON1] %s", (event) => {
  it.each(stateNames)("in %s", (name) => {
    expect(told(name, event)).toBe(table[event][name]);
  });
});

describe("the connection's rules", () => {
  it("[CON2] only a function can renew: a token that is a text stops at 4401", () => {
    const { state } = transition(states.ready, events.lostRenew, { ...context, canRenew: false });
    expect(describeState(state)).toBe("stopped refused");
  });

  it("[CON3] waits what an error frame asked for, and the jitter on top", () => {
    const refused = transition(states.ready, events.refused, context).state;
    const { state } = transition(refused, { type: "lost", closeCode: 4429 }, context);
    expect(state).toEqual({ name: "waiting", attempt: 1, isRenewed: false, delayMs: 5_250, cause: busy });
  });

  it("[CON4] an error frame that no close followed is not the reason of a later loss", () => {
    const refused = transition(states.ready, events.refused, context).state;
    const received = transition(refused, events.received, context).state;
    const { state } = transition(received, events.lostRetry, context);
    expect(state).toMatchObject({ name: "waiting", delayMs: 250, cause: { code: "connection_lost" } });
  });

  it("[CON5] every close code of the wire leads to what the wire says", () => {
    const nameAfter = (closeCode: number) =>
      transition(states.ready, { type: "lost", closeCode }, context).state.name;
    for (const code of [1001, 1005, 1006, 1011, 3999, 4408, 4429, 4500, 4503, 4999]) {
      expect([code, nameAfter(code)]).toEqual([code, "waiting"]);
    }
    for (const code of [1000, 4400, 4403, 4406, 4409])
      expect([code, nameAfter(code)]).toEqual([code, "stopped"]);
  });
});
