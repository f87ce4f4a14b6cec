import { describe, expect, test } from "vitest";
import { errorFrameOf, ok, type Problem, pingText, type Untrusted } from "../../protocol/mod.ts";
import { parseSettings } from "../../worker/core/settings.ts";
import { FrameSocket, type Lifetime, type Speaker } from "../../worker/routes/ws/frame_socket.ts";
import { testEnv } from "./channel_client.ts";
import { TestSocket } from "./gateway.ts";
import { ManualClock } from "./manual_clock.ts";

/** Answers every frame with `heard`. */
class Echo implements Speaker {
  socket: FrameSocket | null = null;
  isClosed = false;

  receive({ n }: Untrusted): void {
    this.socket?.send(JSON.stringify({ type: "heard", n }));
  }

  encodeError(problem: Problem): string {
    return JSON.stringify(errorFrameOf(problem));
  }

  warn(): void {}

  async allows() {
    return ok(true);
  }

  close(): void {
    this.isClosed = true;
  }
}

const forever: Lifetime = { frames: 1_000_000, receivedBytes: 1_000_000 };

function open(lifetime: Partial<Lifetime> = {}, framesPerSecond = 200, timeoutSeconds = 600) {
  const { 0: client, 1: server } = new WebSocketPair();
  const settings = parseSettings({
    MAX_FRAMES_PER_SECOND: String(framesPerSecond),
    WEBSOCKET_TIMEOUT: String(timeoutSeconds),
  });
  if (!settings.ok) throw new Error(settings.problem.message);
  const caller = {
    env: testEnv,
    secret: "",
    settings: settings.value,
    claims: { subject: "ada", grants: [], expiresAt: Date.now() + 600_000 },
    tenant: "default",
  };
  const clock = new ManualClock();
  const speaker = new Echo();
  speaker.socket = new FrameSocket(server, caller, { ...forever, ...lifetime }, speaker, clock);
  const socket = new TestSocket(new Response(null, { status: 101, webSocket: client }));
  return { socket, speaker, clock };
}

describe("a client that pings", () => {
  test("[SIL1] and falls silent for 90 s is told so and closed 4408", async () => {
    const { socket, clock, speaker } = open();
    socket.send(pingText);
    expect(await socket.next()).toEqual({ type: "pong" });
    clock.advance(89_999);
    expect(speaker.isClosed).toBe(false);
    clock.advance(1);
    expect(await socket.next()).toMatchObject({ type: "error", code: "timeout" });
    expect(await socket.closed).toEqual({ code: 4408, reason: "timeout" });
    expect(clock.timers).toBe(0);
  });

  test("[SIL2] is given three of its longest intervals, from the last frame of any kind", async () => {
    const { socket, clock, speaker } = open();
    socket.send(pingText);
    await socket.next();
    clock.advance(50_000);
    socket.send(pingText);
    await socket.next();
    clock.advance(10_000);
    socket.send(pingText);
    await socket.next();
    clock.advance(100_000);
    socket.send({ n: 1 });
    await socket.next();
    clock.advance(149_999);
    expect(speaker.isClosed).toBe(false);
    clock.advance(1);
    expect(await socket.closed).toMatchObject({ code: 4408 });
  });

  test("[SIL3] one that never pinged owes no ping, and leaves no timer behind", async () => {
    const { socket, clock, speaker } = open();
    for (let n = 0; n < 10; n++) {
      clock.advance(599_999);
      speaker.socket?.send('{"type":"told"}');
      expect(await socket.next()).toEqual({ type: "told" });
    }
    expect(speaker.isClosed).toBe(false);
    socket.close();
    expect(await socket.closed).toMatchObject({ code: 1000 });
    expect(clock.timers).toBe(0);
  });
});

describe("a socket on which nothing is sent", () => {
  test("[IDLE1] either way for WEBSOCKET_TIMEOUT is told so and closed 4408", async () => {
    const { socket, clock, speaker } = open();
    socket.send({ n: 1 });
    await socket.next();
    clock.advance(599_999);
    expect(speaker.isClosed).toBe(false);
    clock.advance(1);
    const message = "Nothing was sent either way for too long.";
    expect(await socket.next()).toEqual({ type: "error", code: "timeout", message, retryAfterMs: 1_000 });
    expect(await socket.closed).toEqual({ code: 4408, reason: "timeout" });
    expect(clock.timers).toBe(0);
  });

  test("[IDLE2] pings and pongs are sent too, and one timer at a time looks", async () => {
    const { socket, clock, speaker } = open({}, 200, 60);
    for (let i = 0; i < 5; i++) {
      clock.advance(59_999);
      socket.send(pingText);
      expect(await socket.next()).toEqual({ type: "pong" });
      expect(clock.timers).toBe(1);
    }
    clock.advance(59_999);
    expect(speaker.isClosed).toBe(false);
    clock.advance(1);
    expect(await socket.next()).toMatchObject({ message: "Nothing was sent either way for too long." });
    expect(await socket.closed).toMatchObject({ code: 4408 });
  });
});

describe("a client that sends too fast", () => {
  test("[FAST1] is told how long to wait and closed 4429; one that keeps the rate is not", async () => {
    const { socket, clock } = open({}, 10);
    for (let n = 0; n < 50; n++) socket.send({ n });
    for (let n = 0; n < 50; n++) expect(await socket.next()).toEqual({ type: "heard", n });
    for (let n = 0; n < 30; n++) {
      clock.advance(100);
      socket.send({ n });
      expect(await socket.next()).toEqual({ type: "heard", n });
    }
    socket.send({ n: 0 });
    expect(await socket.next()).toMatchObject({ type: "error", code: "too_fast", retryAfterMs: 100 });
    expect(await socket.closed).toEqual({ code: 4429, reason: "too_fast" });
  });
});

describe("a socket's life", () => {
  test("[LIFE1] ends with 4503 after its frames, counted both ways", async () => {
    const { socket, speaker } = open({ frames: 5 });
    for (const n of [1, 2, 3]) socket.send({ n });
    expect(await socket.next()).toEqual({ type: "heard", n: 1 });
    expect(await socket.next()).toEqual({ type: "heard", n: 2 });
    expect(await socket.next()).toMatchObject({ type: "error", code: "restarting" });
    expect(await socket.closed).toEqual({ code: 4503, reason: "restarting" });
    expect(speaker.isClosed).toBe(true);
  });

  test("[LIFE3] or when the platform ends it, where its client would not come back", async () => {
    const { socket, speaker } = open({ frames: 5, receivedBytes: 100 });
    speaker.socket?.leaveToPlatform();
    for (let n = 1; n <= 20; n++) {
      socket.send({ n });
      expect(await socket.next()).toEqual({ type: "heard", n });
    }
    expect(speaker.isClosed).toBe(false);
    socket.close();
  });

  test("[LIFE2] or after its bytes", async () => {
    const { socket } = open({ receivedBytes: 100 });
    socket.send({ n: 1 });
    expect(await socket.next()).toEqual({ type: "heard", n: 1 });
    socket.send({ n: 2, text: "x".repeat(100) });
    expect(await socket.next()).toMatchObject({ type: "error", code: "restarting" });
    expect(await socket.closed).toMatchObject({ code: 4503 });
  });
});
