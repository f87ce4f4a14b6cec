import { describe, expect, test } from "vitest";
import { CommandQueue } from "../../client/sdk/command_queue.ts";
import type { CommandDownFrame } from "../../protocol/mod.ts";

/** What an agent's client does with a channel's commands, without a socket. */

function frame(cursor: number, more: Partial<CommandDownFrame> = {}): CommandDownFrame {
  const head = { type: "command", channel: "project/p1", cursor, id: `c-${cursor}` } as const;
  return { ...head, name: "x", data: {}, from: "ada", ts: 1_000, ...more };
}

/** Lets what was resolved go on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

function start() {
  const told: string[] = [];
  const handled: { readonly ack: () => void; readonly done: (thrown?: Error) => void }[] = [];
  const queue = new CommandQueue({
    handle: ({ cursor }, ack) => {
      told.push(`handle ${cursor}`);
      return new Promise((resolve, reject) => {
        handled.push({ ack, done: (thrown) => (thrown === undefined ? resolve() : reject(thrown)) });
      });
    },
    repeated: ({ cursor }) => told.push(`again ${cursor}`),
    ack: (cursor) => told.push(`ack ${cursor}`),
    failed: ({ cursor }, thrown) => told.push(`failed ${cursor} ${String(thrown)}`),
  });
  return { queue, told, handled };
}

describe("an agent's commands", () => {
  test("[AGQ1] are handled one at a time and in order, and acknowledged when that resolves", async () => {
    const { queue, told, handled } = start();
    for (const cursor of [1, 2, 3]) queue.take(frame(cursor));
    await settled();
    expect(told).toEqual(["handle 1"]);
    handled[0]?.done();
    await settled();
    expect(told).toEqual(["handle 1", "ack 1", "handle 2"]);
    expect(queue.isIdle).toBe(false);
    handled[1]?.done();
    await settled();
    handled[2]?.done();
    await settled();
    expect(told.slice(-2)).toEqual(["handle 3", "ack 3"]);
    expect(queue.isIdle).toBe(true);
  });

  test("[AGQ2] ack lets the next one come while the first is still worked on; it counts once", async () => {
    const { queue, told, handled } = start();
    for (const cursor of [1, 2]) queue.take(frame(cursor));
    handled[0]?.ack();
    handled[0]?.ack();
    expect(told).toEqual(["handle 1", "ack 1", "handle 2"]);
    handled[0]?.done();
    await settled();
    expect(told).toHaveLength(3);
    handled[1]?.done();
    await settled();
    expect(told.at(-1)).toBe("ack 2");
  });

  test("[AGQ3] what comes again is not handled again: it is acknowledged again once it was", async () => {
    const { queue, told, handled } = start();
    queue.take(frame(1));
    queue.take(frame(1));
    expect(told).toEqual(["handle 1", "again 1"]);
    handled[0]?.done();
    await settled();
    queue.take(frame(1));
    expect(told).toEqual(["handle 1", "again 1", "ack 1", "again 1", "ack 1"]);
    queue.take(frame(1, { id: "another, of a new journal" }));
    expect(told.at(-1)).toBe("handle 1");
  });

  test("[AGQ4] after a break what only waited is forgotten, for another agent may have it", async () => {
    const { queue, told, handled } = start();
    for (const cursor of [1, 2, 3]) queue.take(frame(cursor));
    queue.restart();
    handled[0]?.done();
    await settled();
    expect(told).toEqual(["handle 1", "ack 1"]);
    queue.take(frame(3));
    expect(told.at(-1)).toBe("handle 3");
  });

  test("[AGQ5] a handler that fails is told of, and its command was taken", async () => {
    const { queue, told, handled } = start();
    for (const cursor of [1, 2]) queue.take(frame(cursor));
    handled[0]?.done(new Error("no"));
    await settled();
    expect(told).toEqual(["handle 1", "failed 1 Error: no", "ack 1", "handle 2"]);
  });

  test("[AGQ6] remembers and holds a bounded number", async () => {
    const { queue, told, handled } = start();
    for (let cursor = 1; cursor <= 200; cursor++) queue.take(frame(cursor));
    for (let done = 0; done < handled.length; done++) handled[done]?.ack();
    expect(told.filter((each) => each.startsWith("handle"))).toHaveLength(65);
    queue.take(frame(65));
    expect(told.at(-1)).toBe("ack 65");
    queue.take(frame(1));
    expect(told.at(-1)).toBe("handle 1");
  });
});
