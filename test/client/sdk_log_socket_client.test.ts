import { describe, expect, it } from "vitest";
import type { StateStorage } from "../../client/sdk/mod.ts";
import { startClient, startGateway } from "./sdk_harness.ts";
import { seededRandom } from "./sdk_random.ts";
import type { WireGateway } from "./wire_gateway.ts";
import { numberedLines, WireRecorder } from "./wire_recorder.ts";

function memoryStorage(): StateStorage & { readonly values: Map<string, string> } {
  const values = new Map<string, string>();
  return {
    values,
    load: (key) => values.get(key) ?? null,
    save: (key, value) => void values.set(key, value),
    remove: (key) => void values.delete(key),
  };
}

/** A socket that goes on delivering after `close`, as one does whose peer is slow to answer. */
function undyingSocket(onText: (text: string) => void): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener("message", ({ data }) => onText(String(data)));
    }

    override close(): void {}
  };
}

/** The newest socket has been sent all that `build/1` may have without acknowledging. */
function isHeld(gateway: WireGateway): boolean {
  return gateway.socket.subscriptions.get("build/1")?.isHeld ?? false;
}

describe.each(["shared", "direct"] as const)("on a %s socket", (transport) => {
  it.each([1, 2, 3])(
    "[SDK1] sockets cut anywhere: every line once, in order, verified (seed %i)",
    async (seed) => {
      const random = seededRandom(seed);
      const gateway = await startGateway({ random, cutChance: 0.04 });
      const recorder = new WireRecorder();
      startClient(gateway, { transport }).subscribe("build/1", {}, recorder);
      const lines = numberedLines(1, 2_000);
      for (let from = 0; from < lines.length; from += 250) {
        gateway.append("build/1", lines.slice(from, from + 250));
        await recorder.until(({ lines }) => lines.length >= from);
      }
      gateway.finish("build/1");
      await recorder.until(({ proofs }) => proofs.length > 0);
      expect(recorder.lines).toEqual(lines);
      expect(recorder.cursors).toEqual(lines.map((_, index) => index + 1));
      expect(recorder.proofs[0]).toEqual({ state: "verified" });
      expect(gateway.cuts).toBeGreaterThan(3);
    },
  );

  it("[SDK2] another process goes on from the stored place, and proves the whole", async () => {
    const gateway = await startGateway();
    const storage = memoryStorage();
    const lines = numberedLines(1, 400);
    gateway.append("build/1", lines);
    const before = new WireRecorder();
    const first = startClient(gateway, { transport, storage });
    const subscription = first.subscribe("build/1", {}, before);
    await before.until(({ lines }) => lines.length >= 100);
    await subscription.close();
    const readBefore = before.lines.length;
    gateway.append("build/1", numberedLines(401, 500));
    gateway.finish("build/1");

    const after = new WireRecorder();
    startClient(gateway, { transport, storage }).subscribe("build/1", {}, after);
    await after.until(({ proofs }) => proofs.length > 0);
    expect(before.lines.length).toBe(readBefore);
    expect([...before.lines, ...after.lines]).toEqual(numberedLines(1, 500));
    expect(after.proofs[0]).toEqual({ state: "verified" });
    expect([...storage.values.values()].map((text) => JSON.parse(text).cursor)).toEqual([500]);
    expect([...storage.values.keys()]).toEqual([`tailrace/1/${new URL(gateway.url).host}/build/1`]);
  });

  it("[SDK3] a dead peer is noticed within the heartbeat, and what it says later does not count", async () => {
    const gateway = await startGateway();
    const recorder = new WireRecorder();
    const late = Promise.withResolvers<void>();
    const client = startClient(gateway, {
      transport,
      heartbeatMs: 300,
      webSocket: undyingSocket((text) => text.includes("too late") && late.resolve()),
    });
    client.subscribe("build/1", {}, recorder);
    gateway.append("build/1", numberedLines(1, 3));
    await recorder.until(({ lines }) => lines.length === 3);

    const dead = gateway.socket;
    dead.isSilent = true;
    const since = performance.now();
    gateway.append("build/1", numberedLines(4, 6));
    await recorder.until(({ problems }) => problems.length > 0);
    // The heartbeat, and what two busy cores may add to a timer.
    expect(performance.now() - since).toBeLessThan(300 + 700);
    expect(recorder.problems[0]?.message).toBe("The gateway did not answer a ping within 100 ms.");

    await recorder.until(({ lines }) => lines.length === 6);
    const entry = { kind: "log", ts: 0, level: "info", line: "too late" };
    dead.sendLate({ type: "entries", channel: "build/1", first: 7, entries: [entry] });
    await late.promise;
    gateway.append("build/1", numberedLines(7, 8));
    gateway.finish("build/1");
    await recorder.until(({ proofs }) => proofs.length > 0);
    expect(recorder.lines).toEqual(numberedLines(1, 8));
    expect(recorder.proofs[0]).toEqual({ state: "verified" });
    expect(client.state.name).toBe("ready");
  });

  it("[SDK4] a refused token is renewed once, and then the client stops and says why", async () => {
    const gateway = await startGateway({ token: "second" });
    const asked: boolean[] = [];
    const recorder = new WireRecorder();
    const client = startClient(gateway, {
      transport,
      token: ({ renew }) => {
        asked.push(renew);
        return renew ? "second" : "first";
      },
    });
    client.subscribe("build/1", {}, recorder);
    await recorder.until(({ subscribed }) => subscribed === 1);
    expect(asked).toEqual([false, true]);

    gateway.faults.token = "a third, which nobody has";
    gateway.socket.cut();
    await recorder.until(({ problems }) => problems.some((problem) => problem.final === true));
    expect(recorder.problems.at(-1)).toMatchObject({ code: "token_invalid", final: true });
    expect(client.state).toMatchObject({ name: "stopped", reason: { kind: "refused", closeCode: 4401 } });
    // After the cut: refused, renewed, refused again.
    expect(gateway.handshakes.length).toBe(4);

    gateway.faults.token = "second";
    client.reconnect();
    await recorder.until(({ subscribed }) => subscribed === 2);
  });

  it("[SDK5] a hole is reported, and read after all", async () => {
    const gateway = await startGateway({ holes: 5 });
    const recorder = new WireRecorder();
    gateway.append("build/1", numberedLines(1, 100));
    gateway.finish("build/1");
    startClient(gateway, { transport }).subscribe("build/1", {}, recorder);
    await recorder.until(({ proofs }) => proofs.length > 0);
    expect(recorder.problems.map(({ code }) => code)).toEqual(["entries_missing"]);
    expect(recorder.lines).toEqual(numberedLines(1, 100));
    expect(recorder.proofs[0]).toEqual({ state: "verified" });
  });

  it("[SDK6] a slow listener holds back the acknowledgement, and so the gateway", async () => {
    const gateway = await startGateway();
    const recorder = new WireRecorder();
    const gate = Promise.withResolvers<void>();
    recorder.taking = () => gate.promise;
    gateway.append("build/1", numberedLines(1, 2_000));
    gateway.finish("build/1");
    startClient(gateway, { transport }).subscribe("build/1", {}, recorder);
    await recorder.until(({ lines }) => lines.length > 0);
    const subscription = gateway.socket.subscriptions.get("build/1") ?? expect.fail("not subscribed");
    const inFirstCall = recorder.lines.length;
    expect(subscription.acks).toEqual([]);
    expect(subscription.sent).toBeLessThan(2_000);
    expect(subscription.inFlightBytes).toBeLessThan(gateway.faults.windowBytes);
    expect(inFirstCall).toBeLessThan(subscription.sent);

    recorder.taking = () => Promise.resolve();
    gate.resolve();
    await recorder.until(({ proofs }) => proofs.length > 0);
    expect(recorder.lines).toEqual(numberedLines(1, 2_000));
    expect(subscription.acks.length).toBeGreaterThan(1);
    expect(subscription.acks).toEqual([...subscription.acks].sort((a, b) => a - b));
  });

  it("[SDK16] while a listener stands still, cuts do not pile up what waits for it", async () => {
    const gateway = await startGateway();
    const recorder = new WireRecorder();
    const gate = Promise.withResolvers<void>();
    recorder.taking = () => gate.promise;
    gateway.append("build/1", numberedLines(1, 1_000));
    gateway.finish("build/1");
    startClient(gateway, { transport, maxBufferedEntries: 200 }).subscribe("build/1", {}, recorder);
    await recorder.until(({ lines }) => lines.length > 0);
    for (let cut = 1; cut <= 5; cut++) {
      const mayBegin = gateway.sockets.length + 1;
      gateway.socket.cut();
      await gateway.until(() => gateway.sockets.length === mayBegin && isHeld(gateway));
    }
    recorder.taking = () => Promise.resolve();
    gate.resolve();
    await recorder.until(({ proofs }) => proofs.length > 0);
    expect(recorder.lines).toEqual(numberedLines(1, 1_000));
    expect(recorder.problems.map(({ code }) => code)).toEqual(Array(5).fill("connection_lost"));
  });

  it("[SDK17] a gateway that ignores the window is left, for good in the end", async () => {
    const gateway = await startGateway({ ignoresWindow: true });
    const recorder = new WireRecorder();
    recorder.taking = () => new Promise(() => {});
    gateway.append("build/1", numberedLines(1, 1_000));
    const client = startClient(gateway, { transport, maxBufferedEntries: 200, random: () => 0 });
    client.subscribe("build/1", {}, recorder);
    await recorder.until(({ problems }) => problems.some((problem) => problem.final === true));
    expect(recorder.problems.map(({ code }) => code)).toEqual(Array(9).fill("buffer_full"));
    await gateway.until(() => gateway.sockets.every(({ isClosed }) => isClosed));
  });

  it("[SDK7] close ends the socket, and nothing is called afterwards", async () => {
    const gateway = await startGateway();
    const recorder = new WireRecorder();
    const client = startClient(gateway, { transport });
    client.subscribe("build/1", {}, recorder);
    await recorder.until(({ subscribed }) => subscribed === 1);
    await client.close();
    gateway.append("build/1", numberedLines(1, 5));
    await gateway.until(() => gateway.sockets.every(({ isClosed }) => isClosed));
    expect(recorder.lines).toEqual([]);
    expect(client.state).toEqual({ name: "stopped", reason: { kind: "closed" } });
    expect(() => client.subscribe("build/2", {}, recorder)).toThrow("The client is closed.");
  });

  it("[SDK8] a listener that fails ends its subscription, and what it did not take is not stored", async () => {
    const gateway = await startGateway();
    const storage = memoryStorage();
    const recorder = new WireRecorder();
    recorder.taking = () => Promise.reject(new Error("the pipe is closed"));
    gateway.append("build/1", numberedLines(1, 5));
    startClient(gateway, { transport, storage }).subscribe("build/1", {}, recorder);
    await recorder.until(({ problems }) => problems.length > 0);
    expect(recorder.problems).toEqual([
      {
        code: "listener_failed",
        channel: "build/1",
        message: 'The listener of "build/1" failed: the pipe is closed',
        final: true,
      },
    ]);
    expect([...storage.values.values()].map((text) => JSON.parse(text).cursor)).toEqual([0]);
  });
});
