import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type ClientProblem, SocketProducer } from "../../client/sdk/mod.ts";
import { startTimer } from "../../client/sdk/timers.ts";
import { limits } from "../../protocol/mod.ts";
import { startClient, startGateway } from "./sdk_harness.ts";
import { numberedLines, WireRecorder } from "./wire_recorder.ts";

describe("several channels on one socket", () => {
  it("[SDK9] are read together, refused one by one, and left one by one", async () => {
    const gateway = await startGateway({ forbidden: new Set(["build/secret"]) });
    const client = startClient(gateway);
    const one = new WireRecorder();
    const two = new WireRecorder();
    const secret = new WireRecorder();
    const left = client.subscribe("build/1", {}, one);
    client.subscribe("task/2", {}, two);
    client.subscribe("build/secret", {}, secret);
    await secret.until(({ problems }) => problems.length > 0);
    expect(secret.problems).toMatchObject([{ code: "forbidden", channel: "build/secret", final: true }]);

    gateway.append("build/1", numberedLines(1, 3));
    gateway.append("task/2", numberedLines(1, 4));
    await one.until(({ lines }) => lines.length === 3);
    await two.until(({ lines }) => lines.length === 4);
    expect(gateway.sockets.length).toBe(1);
    expect(() => client.subscribe("task/2", {}, one)).toThrow("task/2 is being read already");

    await left.close();
    await gateway.until(() => gateway.received.some((text) => text.includes("unsubscribe")));
    gateway.append("build/1", numberedLines(4, 5));
    gateway.append("task/2", numberedLines(5, 6));
    await two.until(({ lines }) => lines.length === 6);
    expect(one.lines.length).toBe(3);
    expect([one.problems, two.problems]).toEqual([[], []]);
  });

  it.each([false, true])(
    "[SDK10] a subscription given up at once leaves nothing to the next (mute: %s)",
    async (mute) => {
      const gateway = await startGateway();
      gateway.append("build/1", numberedLines(1, 20));
      const client = startClient(gateway);
      const other = new WireRecorder();
      client.subscribe("task/2", {}, other);
      await other.until(({ subscribed }) => subscribed === 1);
      // The gateway may answer what was given up, or not.
      gateway.socket.isSilent = mute;
      const first = new WireRecorder();
      const second = new WireRecorder();
      void client.subscribe("build/1", {}, first).close();
      client.subscribe("build/1", { last: 2 }, second);
      await second.until(({ lines }) => lines.length > 0);
      expect([first.subscribed, second.subscribed]).toEqual([0, 1]);
      expect(second.lines).toEqual(numberedLines(19, 20));
      gateway.append("task/2", numberedLines(1, 2));
      await other.until(({ lines }) => lines.length === 2);
    },
  );

  it("[SDK18] a channel refused for now makes the socket that closes after it wait as asked", async () => {
    const gateway = await startGateway();
    const recorder = new WireRecorder();
    const client = startClient(gateway);
    client.subscribe("build/1", {}, recorder);
    await recorder.until(({ subscribed }) => subscribed === 1);
    const error = { type: "error", code: "too_many_viewers", message: "Full.", channel: "build/1" };
    gateway.socket.send({ ...error, retryAfterMs: 60_000 });
    gateway.socket.close(4429);
    await gateway.until(() => gateway.socket.isClosed);
    await recorder.until(() => client.state.name === "waiting");
    expect(client.state).toMatchObject({ delayMs: 60_005, cause: { code: "too_many_viewers" } });
    client.reconnect();
    await recorder.until(({ subscribed }) => subscribed === 2);
  });

  it("[SDK22] a channel refused for now is asked for again as told, on the same socket beside the others", async () => {
    const gateway = await startGateway({ full: new Set(["task/full"]) });
    const retries: { run: () => void; ms: number }[] = [];
    const client = startClient(gateway, {
      startTimer: (run, ms) => {
        if (ms < 60_000) return startTimer(run, ms);
        const retry = { run, ms };
        retries.push(retry);
        return () => void retries.splice(retries.indexOf(retry), 1);
      },
    });
    const [full, other] = [new WireRecorder(), new WireRecorder()];
    const left = client.subscribe("task/full", {}, full);
    client.subscribe("build/1", {}, other);
    /** Refused for the nth time; then the time that was asked for, and a jitter that grows, passes. */
    const passes = async (count: number, delayMs: number) => {
      await full.until(({ problems }) => problems.length === count);
      expect(full.problems.at(-1)).toMatchObject({ code: "too_many_viewers", retryAfterMs: 60_000 });
      expect(full.problems.at(-1)).not.toHaveProperty("final");
      expect(retries.map(({ ms }) => ms)).toEqual([delayMs]);
      retries.pop()?.run();
    };
    await passes(1, 60_005);
    await passes(2, 60_010);
    gateway.append("build/1", numberedLines(1, 3));
    await other.until(({ lines }) => lines.length === 3);
    await full.until(({ problems }) => problems.length === 3);
    // Left while it is refused, there is nothing to unsubscribe: what is read next is not mistaken for it.
    await left.close();
    expect(retries).toEqual([]);
    gateway.faults.full.clear();
    client.subscribe("task/full", {}, full);
    await full.until(({ subscribed }) => subscribed === 1);
    expect(gateway.received.filter((text) => text.includes("unsubscribe"))).toEqual([]);
    expect(gateway.sockets.length).toBe(1);
    expect(other.problems).toEqual([]);
  });

  it("[SDK11] says where to begin: after a cursor, with the last n, with its filter and window", async () => {
    const gateway = await startGateway();
    gateway.append("build/1", numberedLines(1, 20));
    const client = startClient(gateway);
    const recorder = new WireRecorder();
    const filter = { levels: ["error"] as const };
    client.subscribe("build/1", { cursor: 15, epoch: "epoch-1", filter, maxWindowBytes: 9_000 }, recorder);
    await recorder.until(({ lines }) => lines.length > 0);
    expect(gateway.received.slice(0, 1).map((text) => JSON.parse(text))).toEqual([
      {
        type: "subscribe",
        channel: "build/1",
        cursor: 15,
        epoch: "epoch-1",
        filter,
        maxWindowBytes: 9_000,
      },
    ]);
    expect(recorder.lines).toEqual(numberedLines(16, 20));
    const direct = startClient(gateway, { transport: "direct" });
    expect(() => direct.subscribe("build/1", { filter }, recorder)).toThrow("A filter needs the shared");
    expect(() => direct.subscribe("build/1", { maxWindowBytes: 1 }, recorder)).toThrow(
      `maxWindowBytes is 1. Allowed: from ${limits.windowMinBytes}.`,
    );
    expect(() => direct.subscribe("Build", {}, recorder)).toThrow('"Build" is not a channel name.');
  });
});

describe("the socket itself", () => {
  it("[SDK12] carries the token as a subprotocol, and sends a new one when it expires", async () => {
    const gateway = await startGateway({ token: "token-0" });
    let count = 0;
    const recorder = new WireRecorder();
    startClient(gateway, { token: async () => `token-${count++}` }).subscribe("build/1", {}, recorder);
    await recorder.until(({ subscribed }) => subscribed === 1);
    expect(gateway.handshakes).toEqual([{ url: "/ws", token: "token-0" }]);
    gateway.socket.send({ type: "expiring", inMs: 60_000 });
    await gateway.until(() => gateway.auths.length > 0);
    expect(gateway.auths).toEqual(["token-1"]);
  });

  it("[SDK19] answers a gateway that warns again and again with few tokens, and none twice", async () => {
    const gateway = await startGateway();
    const pauses: { run: () => void; ms: number }[] = [];
    let asked = 0;
    const tokens = ["first", "second", "second", "third"];
    const recorder = new WireRecorder();
    startClient(gateway, {
      token: () => tokens[asked++] ?? null,
      startTimer: (run, ms) => {
        if (ms !== 25_000) return startTimer(run, ms);
        const pause = { run, ms };
        pauses.push(pause);
        return () => void pauses.splice(pauses.indexOf(pause), 1);
      },
    }).subscribe("build/1", {}, recorder);
    await recorder.until(({ subscribed }) => subscribed === 1);
    /** Warned in answer to every token, and twenty times more. */
    const warn = async () => {
      for (let n = 0; n < 20; n += 1) gateway.socket.send({ type: "expiring", inMs: 50_000 });
      const before = recorder.lines.length;
      gateway.append("build/1", ["after the warnings"]);
      await recorder.until(({ lines }) => lines.length === before + 1);
    };
    await warn();
    await gateway.until(() => gateway.auths.length === 1);
    await warn();
    expect([asked, gateway.auths]).toEqual([2, ["second"]]);
    pauses.pop()?.run();
    expect(asked).toBe(3);
    await warn();
    expect(gateway.auths).toEqual(["second"]);
    pauses.pop()?.run();
    await gateway.until(() => gateway.auths.length === 2);
    expect([asked, gateway.auths]).toEqual([4, ["second", "third"]]);
  });

  it("[SDK20] asks again for a token where there was no new one, until the old one expires", async () => {
    const gateway = await startGateway();
    const pauses: { run: () => void; ms: number }[] = [];
    const tokens = ["first", "first", "the vault is sealed", "second"];
    let asked = 0;
    const recorder = new WireRecorder();
    startClient(gateway, {
      token: () => {
        const token = tokens[asked++] ?? null;
        if (token?.includes(" ")) throw new Error(token);
        return token;
      },
      startTimer: (run, ms) => {
        if (![50_000, 25_000, 12_500].includes(ms)) return startTimer(run, ms);
        const pause = { run, ms };
        pauses.push(pause);
        return () => void pauses.splice(pauses.indexOf(pause), 1);
      },
    }).subscribe("build/1", {}, recorder);
    await recorder.until(({ subscribed }) => subscribed === 1);
    gateway.socket.send({ type: "expiring", inMs: 100_000 });
    for (const ms of [50_000, 25_000, 12_500]) {
      await expect.poll(() => pauses.map((pause) => pause.ms)).toEqual([ms]);
      // The source has been heard by then.
      await nextTurn();
      pauses.pop()?.run();
    }
    await gateway.until(() => gateway.auths.length === 1);
    expect([asked, gateway.auths]).toEqual([4, ["second"]]);
    expect(recorder.problems.map(({ code }) => code)).toEqual(["token_unavailable"]);
  });

  it("[SDK21] a producer's socket answers warnings like any other, and is told of a source that fails", async () => {
    const gateway = await startGateway();
    const pauses: (() => void)[] = [];
    const problems: ClientProblem[] = [];
    const tokens = ["first", "second", "the vault is sealed"];
    let asked = 0;
    const producer = new SocketProducer({
      url: gateway.url,
      channel: "build/1",
      lingerMs: 600_000,
      token: () => {
        const token = tokens[asked++] ?? null;
        if (token?.includes(" ")) throw new Error(token);
        return token;
      },
      startTimer: (run, ms) => {
        if (ms !== 25_000) return startTimer(run, ms);
        pauses.push(run);
        return () => {};
      },
      onProblem: (problem) => problems.push(problem),
    });
    producer.append({ line: "waits for others" });
    await gateway.until(() => gateway.sockets.length === 1);
    for (let n = 0; n < 20; n += 1) gateway.socket.send({ type: "expiring", inMs: 50_000 });
    await gateway.until(() => gateway.auths.length === 1);
    expect([asked, gateway.auths, problems]).toEqual([2, ["second"], []]);
    pauses.pop()?.();
    await expect.poll(() => problems).toMatchObject([{ code: "token_unavailable" }]);
    expect(problems[0]?.message).toContain("the vault is sealed");
    expect([asked, gateway.auths]).toEqual([3, ["second"]]);
    producer.close();
  });

  it("[SDK13] reports frames it does not know, and reads on", async () => {
    const gateway = await startGateway();
    const recorder = new WireRecorder();
    startClient(gateway).subscribe("build/1", {}, recorder);
    await recorder.until(({ subscribed }) => subscribed === 1);
    gateway.socket.send({ type: "future", channel: "build/1" });
    gateway.append("build/1", numberedLines(1, 2));
    await recorder.until(({ lines }) => lines.length === 2);
    expect(recorder.problems.map(({ code }) => code)).toEqual(["unknown_frame"]);
  });

  it("[SDK14] tells its states in order, and keeps trying while the token cannot be had", async () => {
    const gateway = await startGateway();
    let failures = 2;
    const recorder = new WireRecorder();
    const client = startClient(gateway, {
      token: () => {
        if (failures-- > 0) throw new Error("the vault is sealed");
        return null;
      },
    });
    const names: string[] = [];
    const forget = client.onState(({ name }) => names.push(name));
    client.subscribe("build/1", {}, recorder);
    await recorder.until(({ subscribed }) => subscribed === 1);
    forget();
    expect(names).toEqual([
      ...["connecting", "waiting", "connecting", "waiting", "connecting"],
      ...["open", "ready"],
    ]);
    expect(recorder.problems.map(({ message }) => message)).toEqual([
      "The token could not be had or sent: the vault is sealed",
      "The token could not be had or sent: the vault is sealed",
    ]);
  });

  it("[SDK15] acknowledges when half the window is unacknowledged, and at once on a new window", async () => {
    const gateway = await startGateway({ random: () => 0, windowBytes: 8_192 });
    const recorder = new WireRecorder();
    startClient(gateway).subscribe("build/1", {}, recorder);
    await recorder.until(({ subscribed }) => subscribed === 1);
    // One entry a frame, and each frame has the same size.
    const frameBytes = Buffer.byteLength(
      JSON.stringify({
        type: "entries",
        channel: "build/1",
        first: 1,
        entries: [{ kind: "log", ts: 0, level: "info", line: "é".repeat(500) }],
      }),
    );
    const due = Math.ceil(4_096 / frameBytes);
    const acks = () =>
      gateway.received.filter((text) => text.includes('"ack"')).map((text) => JSON.parse(text));
    gateway.append(
      "build/1",
      Array.from({ length: due - 1 }, () => "é".repeat(500)),
    );
    await recorder.until(({ lines }) => lines.length === due - 1);
    expect(acks()).toEqual([]);
    gateway.append("build/1", ["é".repeat(500)]);
    await gateway.until(() => acks().length === 1);
    expect(acks()).toEqual([{ type: "ack", channel: "build/1", cursor: due }]);

    gateway.append("build/1", ["one more"]);
    await recorder.until(({ lines }) => lines.length === due + 1);
    gateway.socket.send({ type: "window", channel: "build/1", windowBytes: 65_536 });
    await gateway.until(() => acks().length === 2);
    expect(acks()[1]).toEqual({ type: "ack", channel: "build/1", cursor: due + 1 });
  });
});
