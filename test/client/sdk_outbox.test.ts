import { describe, expect, it } from "vitest";
import { Outbox } from "../../client/sdk/outbox.ts";
import type { CommandFrame, ReplyFrame } from "../../protocol/mod.ts";

/** An outbox on a socket that is written down, with timers that run when they are told to. */
function makeOutbox() {
  const sent: CommandFrame[] = [];
  const timers: { run: () => void; ms: number }[] = [];
  let idles = 0;
  const outbox = new Outbox({
    send: (frame) => sent.push(frame),
    onIdle: () => {
      idles += 1;
    },
    startTimer: (run, ms) => {
      const timer = { run, ms };
      timers.push(timer);
      return () => {
        timers.splice(timers.indexOf(timer), 1);
      };
    },
    random: () => 0,
  });
  const add = (id: string, onReply?: (reply: object) => void) =>
    outbox.add({ channel: "project/1", id, name: "pause", data: {} }, onReply);
  const tell = (id: string, state: ReplyFrame["state"], more: Partial<ReplyFrame> = {}, isRead = true) =>
    outbox.reply({ type: "reply", channel: "project/1", id, state, ...more }, isRead);
  const refuse = (id: string, code: string, retryAfterMs?: number) =>
    outbox.refused({
      type: "error",
      code,
      message: "No.",
      channel: "project/1",
      id,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  return { outbox, sent, timers, add, tell, refuse, idles: () => idles };
}

const idsOf = (frames: readonly CommandFrame[]) => frames.map(({ id }) => id);

describe("commands on their way", () => {
  it("[OUT1] are sent on every new socket until they are stored, always with the same id", async () => {
    const { outbox, sent, add, tell } = makeOutbox();
    const a = add("a");
    add("b");
    outbox.resend();
    tell("a", "accepted");
    outbox.resend();
    expect(idsOf(sent)).toEqual(["a", "b", "a", "b", "b"]);
    expect(new Set(sent.filter(({ id }) => id === "a").map((frame) => JSON.stringify(frame))).size).toBe(1);
    expect(await a.accepted).toEqual({
      ok: true,
      value: { channel: "project/1", id: "a", state: "accepted" },
    });
  });

  it("[OUT2] tell each state once, and finish with the last answer or when they expire", async () => {
    const { outbox, add, tell, idles } = makeOutbox();
    const states: unknown[] = [];
    const a = add("a", (reply) => states.push((reply as { state: string }).state));
    const b = add("b");
    for (const state of ["accepted", "accepted", "delivered"] as const) tell("a", state);
    tell("a", "answered", { data: 1, final: false });
    tell("a", "answered", { data: 2, final: true });
    tell("a", "answered", { data: 3, final: true });
    expect(states).toEqual(["accepted", "delivered", "answered", "answered"]);
    expect(await a.finished).toMatchObject({ ok: true, value: { data: 2, final: true } });
    expect(idles()).toBe(0);
    tell("b", "expired", { code: "command_expired" });
    expect(await b.finished).toMatchObject({ ok: true, value: { state: "expired" } });
    expect([idles(), outbox.isEmpty]).toEqual([1, true]);
  });

  it("[OUT3] are refused for good, or sent again after the wait that was asked for", async () => {
    const { sent, timers, add, refuse } = makeOutbox();
    const a = add("a");
    const b = add("b");
    expect(refuse("a", "hostile_content")).toBe(true);
    expect(await a.accepted).toMatchObject({ ok: false, problem: { code: "hostile_content", id: "a" } });
    expect(await a.finished).toMatchObject({ ok: false });
    expect(refuse("b", "too_fast", 2_000)).toBe(true);
    expect(timers.map(({ ms }) => ms)).toEqual([2_000]);
    timers.pop()?.run();
    expect(idsOf(sent)).toEqual(["a", "b", "b"]);
    expect(b.reply).toBeNull();
    expect([refuse("a", "too_fast"), refuse("unknown", "too_fast")]).toEqual([false, false]);
  });

  it("[OUT4] finish with the first reply where nobody reads the channel, or the newest when it is left", async () => {
    const { outbox, add, tell, idles } = makeOutbox();
    const a = add("a");
    tell("a", "accepted", {}, false);
    expect(await a.finished).toMatchObject({ ok: true, value: { state: "accepted" } });
    const b = add("b");
    const c = add("c");
    tell("b", "delivered");
    outbox.left("project/1");
    expect(await b.finished).toMatchObject({ ok: true, value: { state: "delivered" } });
    expect([idles(), c.reply]).toEqual([1, null]);
  });

  it("[OUT5] end with their connection, and leave no timer behind", async () => {
    const { outbox, timers, add, refuse } = makeOutbox();
    const a = add("a");
    refuse("a", "restarting");
    outbox.close();
    expect(await a.finished).toMatchObject({ ok: false, problem: { code: "command_forgotten" } });
    expect(timers).toEqual([]);
  });

  it("[OUT6] are no two of one id, and no more than a client waits for", () => {
    const { add } = makeOutbox();
    add("a");
    expect(() => add("a")).toThrow(/on its way already/);
    for (let i = 1; i < 1_000; i++) add(`c${i}`);
    expect(() => add("more")).toThrow(/1000 commands/);
  });
});
