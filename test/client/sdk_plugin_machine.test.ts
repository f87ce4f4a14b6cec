import { describe, expect, it } from "vitest";
import {
  type PluginEffect,
  type PluginEvent,
  type PluginState,
  pluginTransition,
  stopped,
} from "../../client/sdk/plugin_machine.ts";
import type { ClientProblem } from "../../client/sdk/problem.ts";

const problem: ClientProblem = { code: "forbidden", message: "No grant." };
const context = { heartbeatMs: 30_000, canRenew: true, chance: 0.5 };
const polling = { name: "polling", isOpening: false, isOffline: false, isRenewed: false } as const;

/** Every state there is, in each form that the rules tell apart. */
const states = {
  stopped,
  loading: { name: "loading", isWaiting: false },
  waiting: { name: "loading", isWaiting: true },
  connecting: { name: "connecting" },
  live: { name: "live", isPinged: false, isReloading: false },
  pinged: { name: "live", isPinged: true, isReloading: false },
  reloading: { name: "live", isPinged: false, isReloading: true },
  polling,
  offline: { ...polling, isOffline: true, isRenewed: true },
  opening: { ...polling, isOpening: true },
  openingRenewed: { ...polling, isOpening: true, isOffline: true, isRenewed: true },
} as const satisfies Record<string, PluginState>;

const events = {
  open: { type: "open" },
  close: { type: "close" },
  refilter: { type: "refilter" },
  filterTaken: { type: "filterTaken" },
  loaded: { type: "loaded" },
  polled: { type: "polled" },
  failed: { type: "failed", isFinal: false, problem },
  refused: { type: "failed", isFinal: true, problem },
  opened: { type: "opened" },
  received: { type: "received" },
  lost: { type: "lost", closeCode: 1006, problem: null },
  lostToken: { type: "lost", closeCode: 4401, problem },
  lostRefused: { type: "lost", closeCode: 4403, problem },
  timer: { type: "timer" },
  pollTimer: { type: "pollTimer" },
} as const satisfies Record<string, PluginEvent>;

type StateName = keyof typeof states;
type EventName = keyof typeof events;

/** A state and its effects in one line; `=` is the same object, no effects. */
function told(name: StateName, event: EventName): string {
  const before: PluginState = states[name];
  const { state, effects } = pluginTransition(before, events[event], context);
  if (state === before && effects.length === 0) return "=";
  const did = effects.map(describeEffect).join(", ").replace("hangUp, cancel, timer -, poll -", "leave");
  const to = state === before ? "=" : describeState(state);
  return did === "" ? to : `${to} | ${did}`;
}

function describeEffect(effect: PluginEffect): string {
  if (effect.type === "setTimer") return `timer ${effect.ms ?? "-"}`;
  if (effect.type === "setPollTimer") return `poll ${effect.ms ?? "-"}`;
  return effect.type === "connect" && effect.renew ? "connect renewed" : effect.type;
}

function describeState(state: PluginState): string {
  const flags = Object.entries(state).flatMap(([key, value]) =>
    value === true ? [key.replace("is", "").toLowerCase()] : [],
  );
  const why = state.name === "stopped" && state.problem !== null ? [state.problem.message] : [];
  return [state.name, ...flags, ...why].join(" ");
}

const same: Record<StateName, string> = {
  stopped: "=",
  loading: "=",
  waiting: "=",
  connecting: "=",
  live: "=",
  pinged: "=",
  reloading: "=",
  polling: "=",
  offline: "=",
  opening: "=",
  openingRenewed: "=",
};
const all = (told: string): Record<StateName, string> => ({
  ...same,
  ...Object.fromEntries(Object.keys(states).map((name) => [name, told])),
  stopped: "=",
});
const sockets = ["connecting", "live", "pinged", "reloading", "opening", "openingRenewed"] as const;
const whereSocket = (told: string) => Object.fromEntries(sockets.map((name) => [name, told]));
const refused = "stopped No grant. | leave";
const toPolling = "polling | hangUp, timer 3500, poll";
const stillPolling = "polling | hangUp, timer 3500";
const again = "loading waiting | leave, timer 5000";
const toLive = "live | cancel, poll -, timer 30000";
const reload = "loading | leave, load";

/** The whole table: the compiler refuses it when a state or an event is missing. */
const table: Record<EventName, Record<StateName, string>> = {
  open: { ...same, stopped: "loading | load" },
  close: all("stopped | leave"),
  refilter: {
    ...all(reload),
    live: "live reloading | cancel, sendFilter",
    pinged: "live pinged reloading | cancel, sendFilter",
    reloading: "live reloading | cancel, sendFilter",
  },
  filterTaken: { ...same, reloading: "= | load" },
  loaded: {
    ...same,
    loading: "connecting | timer 30000, connect",
    waiting: "connecting | timer 30000, connect",
    reloading: "live",
  },
  polled: {
    ...same,
    polling: "polling | poll 5000",
    offline: "polling renewed | poll 5000",
    opening: "polling opening | poll 5000",
    openingRenewed: "polling opening renewed | poll 5000",
  },
  failed: {
    ...same,
    loading: again,
    waiting: again,
    reloading: again,
    polling: "polling offline | poll 5000",
    offline: "polling offline renewed | poll 5000",
    opening: "polling opening offline | poll 5000",
    openingRenewed: "polling opening offline renewed | poll 5000",
  },
  refused: {
    ...all(refused),
    connecting: "=",
    live: "=",
    pinged: "=",
  },
  opened: {
    ...same,
    connecting: "= | sendFilter",
    opening: "= | sendFilter",
    openingRenewed: "= | sendFilter",
  },
  received: { ...same, connecting: toLive, pinged: "live", opening: toLive, openingRenewed: toLive },
  lost: {
    ...same,
    connecting: toPolling,
    live: toPolling,
    pinged: toPolling,
    reloading: reload,
    opening: stillPolling,
    openingRenewed: "polling offline renewed | hangUp, timer 3500",
  },
  lostToken: {
    ...same,
    connecting: "polling renewed | hangUp, timer 3500, poll",
    live: "polling renewed | hangUp, timer 3500, poll",
    pinged: "polling renewed | hangUp, timer 3500, poll",
    reloading: reload,
    opening: "polling renewed | hangUp, timer 3500",
    openingRenewed: refused,
  },
  lostRefused: { ...same, ...whereSocket(refused) },
  timer: {
    ...same,
    waiting: "loading | load",
    connecting: toPolling,
    live: "live pinged | ping, timer 30000",
    pinged: toPolling,
    reloading: "live pinged reloading | ping, timer 30000",
    polling: "polling opening | timer 30000, connect",
    offline: "polling opening offline renewed | timer 30000, connect renewed",
    opening: stillPolling,
    openingRenewed: "polling offline renewed | hangUp, timer 3500",
  },
  pollTimer: {
    ...same,
    polling: "= | poll",
    offline: "= | poll",
    opening: "= | poll",
    openingRenewed: "= | poll",
  },
};

const eventNames = Object.keys(events) as EventName[];
const stateNames = Object.keys(states) as StateName[];

describe.each(eventNames)("[PLM1] %s", (event) => {
  it.each(stateNames)("in %s", (name) => {
    expect(told(name, event)).toBe(table[event][name]);
  });
});

describe("the rules of polling", () => {
  const wait = (problem: ClientProblem | null, closeCode = 4503) => {
    const { effects } = pluginTransition(states.live, { type: "lost", closeCode, problem }, context);
    return effects.find((effect) => effect.type === "setTimer")?.ms;
  };

  it("[PLM2] the next socket after 3 s, later where the gateway asks for it or has none", () => {
    const busy = { code: "too_fast", message: "Too fast.", retryAfterMs: 20_000 };
    expect(wait(null)).toBe(3_500);
    expect(wait(busy, 4429)).toBe(20_500);
    expect(wait({ ...busy, retryAfterMs: 1e12 }, 4429)).toBe(3_600_500);
    expect(wait({ code: "realtime_disabled", message: "Off." })).toBe(60_500);
  });

  it("[PLM3] a close that says nothing is no reason to stop", () => {
    for (const closeCode of [1000, 1001, 1005, 1006, 4408, 4429, 4500, 4503]) {
      const { state } = pluginTransition(states.live, { type: "lost", closeCode, problem: null }, context);
      expect([closeCode, state.name]).toEqual([closeCode, "polling"]);
    }
  });

  it("[PLM4] a token that is a text is not renewed", () => {
    const { state } = pluginTransition(states.live, events.lostToken, { ...context, canRenew: false });
    expect(describeState(state)).toBe("stopped No grant.");
  });
});
