import { createExecutionContext } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import app from "../../worker/routes/mod.ts";
import { testEnv } from "./channel_client.ts";
import { appendLines, freshChannel, openSocket, origin, TestSocket, token } from "./gateway.ts";

/** A subscribe frame in each protocol that `/ws` speaks. */
const protocols: readonly [name: string, subscribe: (channel: string) => object, hasField: boolean][] = [
  ["natively", (channel) => ({ type: "subscribe", channel }), true],
  ["in dialect A", (buildId) => ({ type: "subscribe", buildId }), false],
];

describe.each(protocols)("subscribing too fast %s", (_, subscribe, hasField) => {
  test("[FAST2] in frames a second is told how long to wait, and closed 4429", async () => {
    const headers = { upgrade: "websocket", authorization: `Bearer ${await token()}` };
    const env = { ...testEnv, MAX_FRAMES_PER_SECOND: "1" };
    const socket = new TestSocket(
      await app.request(`${origin}/ws`, { headers }, env, createExecutionContext()),
    );
    for (let i = 0; i < 20; i++) socket.send(subscribe(freshChannel()));
    const error = await socket.until("error");
    expect(error).toMatchObject({
      code: "too_fast",
      message: expect.stringMatching(/Try again in \d+ ms\.$/),
    });
    expect(error["retryAfterMs"]).toEqual(hasField ? expect.any(Number) : undefined);
    expect(await socket.closed).toEqual({ code: 4429, reason: "too_fast" });
  });

  test("[CPS3] to one channel is told how long to wait, by its subject; another subject is taken", async () => {
    const channel = freshChannel();
    await appendLines(channel, ["a"]);
    const open = async (sub: string) => openSocket("/ws", { as: await token({ sub }) });
    const [fast, other] = [await open("fast"), await open("other")];
    const refused = await refusedOf(fast, subscribe(channel));
    expect(refused).toMatchObject({
      code: "too_fast",
      message: expect.stringMatching(/Try again in \d+ ms\.$/),
    });
    expect(refused[hasField ? "channel" : "buildId"]).toBe(channel);
    expect(refused["retryAfterMs"]).toEqual(hasField ? expect.any(Number) : undefined);
    other.send(subscribe(channel));
    expect(await other.until(hasField ? "entries" : "log")).toBeDefined();
    for (const socket of [fast, other]) socket.close();
  });
});

/** Subscribes again and again, each time when what is stored has come, until that is refused. */
async function refusedOf(socket: TestSocket, subscribe: object) {
  const burst = 10 * Number(testEnv["MAX_CONNECTS_PER_SECOND"]);
  for (let i = 0; i < 3 * burst; i++) {
    socket.send(subscribe);
    for (let frame = await socket.next(); frame !== null; frame = await socket.next()) {
      if (frame.type === "error") return frame;
      if (frame.type === "entries" || frame.type === "log") break;
    }
  }
  throw new Error("No subscription was refused");
}
