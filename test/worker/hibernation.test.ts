import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { pingText } from "../../protocol/mod.ts";
import { appendTo, log, stubOf, TestSocket } from "./channel_client.ts";

/** [FLT8] a quiet channel really hibernates under its viewers, by the runtime's own clock. */

/** The worker project takes a hundred, by its settings. */
const viewers = 90;
/** The runtime lets an object go that did nothing for ten seconds. */
const quietMs = 15_000;
const pingEveryMs = 1_000;

const mark = Symbol("the object that was there");

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe("a quiet channel", () => {
  it(`[FLT8] hibernates within 15 s with ${viewers} silent, pinging viewers, and serves them afterwards`, async () => {
    const channel = "build/quiet";
    const sockets: TestSocket[] = [];
    for (let i = 0; i < viewers; i++) sockets.push(await TestSocket.open(channel));
    await appendTo(channel, [log("one")]);
    await Promise.all(sockets.map((socket) => socket.lines(0, 1)));
    await runInDurableObject(stubOf(channel), (object) => Reflect.set(object, mark, true));
    for (let quiet = 0; quiet < quietMs; quiet += pingEveryMs) {
      for (const socket of sockets) socket.socket.send(pingText);
      await pass(pingEveryMs);
    }
    for (const socket of sockets) await socket.next("pong");
    // Asking wakes it: what is there then is another object, unless it was awake all the time.
    const wasAwake = await runInDurableObject(stubOf(channel), (object) => Reflect.has(object, mark));
    expect(wasAwake).toBe(false);
    await appendTo(channel, [log("two")]);
    for (const socket of sockets) expect(await socket.lines(1, 2)).toEqual([[2, "two"]]);
    for (const socket of sockets) socket.socket.close();
  }, 60_000);
});
