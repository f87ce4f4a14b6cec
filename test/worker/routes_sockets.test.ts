import { createExecutionContext, evictDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import app from "../../worker/routes/mod.ts";
import { stubOf, testEnv } from "./channel_client.ts";
import {
  appendLines,
  call,
  freshChannel,
  handshake,
  openSocket,
  origin,
  post,
  problemIn,
  readLines,
  TestSocket,
  token,
} from "./gateway.ts";

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`);

describe("a refused handshake", () => {
  const expired = () => token({ expiresInSeconds: -5 });
  const cases: readonly [
    name: string,
    as: () => Promise<string | null>,
    path: string,
    code: string,
    close: number,
  ][] = [
    ["no token", async () => null, "/ws", "token_missing", 4401],
    ["a bad token", async () => "abc", "/ws", "token_invalid", 4401],
    ["an expired token", expired, "/ws/channels/build/1", "token_expired", 4401],
    ["no grant", () => token({ grants: ["write:build/1"] }), "/ws/channels/build/1", "forbidden", 4403],
    ["no channel's name", () => token(), "/ws/channels/Build/1", "channel_name_invalid", 4400],
    ["an unknown field", () => token(), "/ws/channels/build/1?from=1", "unknown_field", 4400],
    ["a wrong cursor", () => token(), "/ws/channels/build/1?cursor=-1", "invalid_field", 4400],
    ["cursor and last", () => token(), "/ws/channels/build/1?cursor=1&last=1", "invalid_field", 4400],
  ];
  test.each(cases)("with %s is told inside the socket", async (_, as, path, code, close) => {
    const socket = await openSocket(path, { as: await as() });
    expect(socket.protocol).toBe("tailrace.v1");
    expect(await socket.next()).toMatchObject({ type: "error", code, message: expect.stringMatching(/\.$/) });
    expect(await socket.closed).toEqual({ code: close, reason: code });
  });

  test.each(cases)("with %s is told by status to who offers no protocol", async (_, as, path, code) => {
    const response = await handshake(path, { as: await as() });
    expect(await problemIn(response)).toMatchObject({ code });
    expect(response.status).toBeGreaterThanOrEqual(400);
  });

  test("of a foreign origin, an unknown version or without an upgrade is told by status", async () => {
    const protocols = "tailrace.v1";
    const foreign = await handshake("/ws", { protocols, headers: { origin: "https://evil.test" } });
    expect(await problemIn(foreign)).toMatchObject({ status: 403, code: "origin_forbidden" });
    const version = await handshake("/ws", { protocols: "tailrace.v2" });
    expect(await problemIn(version)).toMatchObject({ status: 400, code: "version_unsupported" });
    const plain = await call("/ws/channels/build/1");
    expect(plain.headers.get("upgrade")).toBe("websocket");
    expect(await problemIn(plain)).toMatchObject({ status: 426, code: "upgrade_required" });
  });

  test("by cookie needs an Origin, and gets its own", async () => {
    const cookie = `__Host-tailrace=${await token()}`;
    const bare = await handshake("/ws", { as: null, headers: { cookie } });
    expect(await problemIn(bare)).toMatchObject({ status: 403, code: "origin_forbidden" });
    const socket = await openSocket("/ws", { as: null, headers: { cookie, origin } });
    socket.send({ type: "ping" });
    expect(await socket.next()).toEqual({ type: "pong" });
    socket.close();
  });
});

test("a browser's token comes as a subprotocol, which is never echoed", async () => {
  const protocols = `tailrace.v1, bearer.${await token()}`;
  for (const path of ["/ws", `/ws/channels/${freshChannel()}`]) {
    const socket = await openSocket(path, { as: null, protocols });
    expect(socket.protocol).toBe("tailrace.v1");
    socket.close();
  }
  const only = new TestSocket(await handshake("/ws", { as: null, protocols: `bearer.${await token()}` }));
  expect(only.protocol).toBeNull();
  only.close();
});

describe("a direct socket", () => {
  test("is subscribed by its query and gets what is stored, then what is live", async () => {
    const channel = freshChannel();
    await appendLines(channel, lines(1, 5));
    const socket = await openSocket(`/ws/channels/${channel}?cursor=2`);
    expect(await socket.next()).toMatchObject({
      type: "subscribed",
      channel,
      cursor: 2,
      tail: 5,
      resumed: true,
    });
    expect(await readLines(socket, 3, 2)).toEqual(lines(3, 5));
    await appendLines(channel, lines(6, 7));
    expect(await readLines(socket, 2)).toEqual(lines(6, 7));
    socket.close();
  });

  test("takes no plan from a client's headers", async () => {
    const mine = freshChannel();
    const secret = freshChannel();
    await appendLines(secret, ["secret"]);
    const plan = { tenant: "default", channel: secret, subject: "eve" };
    const socket = await openSocket(`/ws/channels/${mine}`, {
      as: await token({ sub: "Ève 漢", grants: [`read:${mine}`] }),
      headers: { "tailrace-socket-plan": JSON.stringify(plan) },
    });
    expect(await socket.next()).toMatchObject({ type: "subscribed", channel: mine });
    socket.close();
  });

  test("goes on with a new token of the same subject alone", async () => {
    const channel = freshChannel();
    const socket = await openSocket(`/ws/channels/${channel}`);
    await socket.until("summary");
    socket.send({ type: "auth", token: await token({ sub: "eve" }) });
    expect(await socket.until("error")).toMatchObject({ code: "token_invalid" });
    expect(await socket.closed).toMatchObject({ code: 4401 });
    const kept = await openSocket(`/ws/channels/${channel}`);
    kept.send({ type: "auth", token: await token({ grants: [`read:${channel}`] }) });
    await appendLines(channel, ["still here"]);
    expect(await readLines(kept, 1)).toEqual(["still here"]);
    kept.close();
  });
});

describe("/ws", () => {
  test("reads several channels on one socket", async () => {
    const [one, two] = [freshChannel(), freshChannel("task")];
    await appendLines(one, ["old"]);
    const socket = await openSocket("/ws");
    socket.send({ type: "subscribe", channel: one });
    expect(await socket.next()).toMatchObject({ type: "subscribed", channel: one, tail: 1 });
    expect(await socket.until("entries")).toMatchObject({
      channel: one,
      first: 1,
      entries: [{ line: "old" }],
    });
    socket.send({ type: "subscribe", channel: two, last: 0 });
    expect(await socket.until("subscribed")).toMatchObject({
      channel: two,
      epoch: null,
      windowBytes: 131_072,
    });
    await appendLines(two, ["new"]);
    expect(await socket.until("entries")).toMatchObject({ channel: two, entries: [{ line: "new" }] });
    socket.send({ type: "unsubscribe", channel: two });
    await appendLines(two, ["unseen"]);
    await appendLines(one, ["seen"]);
    expect(await socket.until("entries")).toMatchObject({
      channel: one,
      first: 2,
      entries: [{ line: "seen" }],
    });
    socket.close();
  });

  test("a channel without a grant is refused by itself", async () => {
    const channel = freshChannel();
    const socket = await openSocket("/ws", { as: await token({ grants: [`read:${channel}`] }) });
    socket.send({ type: "subscribe", channel: "build/other" });
    expect(await socket.next()).toMatchObject({ type: "error", code: "forbidden", channel: "build/other" });
    socket.send({ type: "subscribe", channel });
    expect(await socket.next()).toMatchObject({ type: "subscribed", channel });
    socket.close();
  });

  test("a repeated subscribe begins anew", async () => {
    const channel = freshChannel();
    await appendLines(channel, lines(1, 3));
    const socket = await openSocket("/ws");
    socket.send({ type: "subscribe", channel });
    expect(await readLines(socket, 3)).toEqual(lines(1, 3));
    socket.send({ type: "subscribe", channel, cursor: 2 });
    expect(await socket.until("subscribed")).toMatchObject({ cursor: 2 });
    await socket.until("entries");
    await appendLines(channel, ["once"]);
    const { entries } = await socket.until("entries");
    expect(entries).toMatchObject([{ line: "once" }]);
    socket.close();
  });

  test("acks of a client move its window on", async () => {
    const channel = freshChannel();
    const long = Array.from({ length: 400 }, (_, i) => `${i} ${"x".repeat(100)}`);
    await appendLines(channel, long);
    const socket = await openSocket("/ws");
    socket.send({ type: "subscribe", channel, maxWindowBytes: 8192 });
    const got: string[] = [];
    while (got.length < long.length) {
      const { first, entries } = await socket.until("entries");
      got.push(...(entries as { line: string }[]).map(({ line }) => line));
      socket.send({ type: "ack", channel, cursor: (first as number) + (entries as unknown[]).length - 1 });
    }
    expect(got).toEqual(long);
    socket.close();
  });

  test("a lost leg closes the socket 4503, and its client resumes", async () => {
    const channel = freshChannel();
    await appendLines(channel, ["one"]);
    const socket = await openSocket("/ws");
    socket.send({ type: "subscribe", channel });
    await socket.until("summary");
    await evictDurableObject(stubOf(channel), { webSockets: "close" });
    expect(await socket.until("error")).toMatchObject({ code: "restarting" });
    expect(await socket.closed).toEqual({ code: 4503, reason: "restarting" });
  });

  test("[FULL1] a channel that takes nobody for now is told by itself, and the others are read on", async () => {
    const [full, other] = [freshChannel("task"), freshChannel()];
    const crowd = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const socket = await openSocket(`/ws/channels/${full}`);
        await socket.until("subscribed");
        return socket;
      }),
    );
    const [native, dialect] = [await openSocket("/ws"), await openSocket("/ws")];
    native.send({ type: "subscribe", channel: full });
    const refusal = { type: "error", code: "too_many_viewers", retryAfterMs: 30_000 };
    expect(await native.next()).toMatchObject({ ...refusal, channel: full });
    native.send({ type: "ack", channel: full, cursor: 0 });
    expect(await native.next()).toMatchObject({ code: "not_subscribed", channel: full });
    dialect.send({ type: "subscribe", buildId: full });
    expect(await dialect.next()).toMatchObject({ type: "error", code: "too_many_viewers", buildId: full });
    native.send({ type: "subscribe", channel: other });
    dialect.send({ type: "subscribe", buildId: other });
    await appendLines(other, ["read on"]);
    expect(await readLines(native, 1)).toEqual(["read on"]);
    expect(await dialect.until("log")).toMatchObject({ buildId: other, line: "read on" });
    for (const socket of crowd.splice(0, 2)) {
      socket.close();
      await socket.closed;
    }
    native.send({ type: "subscribe", channel: full });
    expect(await native.until("subscribed")).toMatchObject({ channel: full });
    for (const socket of [native, dialect, ...crowd]) socket.close();
  });

  test("a client that leaves takes its legs along", async () => {
    const channel = freshChannel();
    const viewers = async () =>
      ((await (await call(`/v1/channels/${channel}`)).json()) as { viewers: number }).viewers;
    const socket = await openSocket("/ws");
    socket.send({ type: "subscribe", channel });
    await socket.until("subscribed");
    expect(await viewers()).toBe(1);
    socket.send({ type: "subscribe", channel });
    await socket.until("subscribed");
    await expect.poll(viewers).toBe(1);
    socket.close();
    expect(await socket.closed).toMatchObject({ code: 1000 });
    await expect.poll(viewers).toBe(0);
  });

  test("takes so many channels and no more", async () => {
    const socket = await openSocket("/ws");
    const names = Array.from({ length: 65 }, () => freshChannel());
    for (const channel of names) socket.send({ type: "subscribe", channel });
    expect(await socket.until("error")).toMatchObject({
      code: "too_many_channels",
      channel: names[64],
      expected: 64,
    });
    socket.close();
  });

  const refused: readonly [name: string, frame: unknown, code: string][] = [
    ["an unknown frame", { type: "shout", channel: "build/1" }, "unknown_frame"],
    ["no type", {}, "unknown_frame"],
    ["no object", "[1]", "invalid_field"],
    ["an unknown field", { type: "subscribe", channel: "build/1", colour: 1 }, "unknown_field"],
    ["no channel", { type: "subscribe" }, "missing_field"],
    ["a wrong name", { type: "subscribe", channel: "Build/1" }, "channel_name_invalid"],
    [
      "a wrong filter",
      { type: "subscribe", channel: "build/1", filter: { levels: ["loud"] } },
      "invalid_field",
    ],
    ["an ack of what is not read", { type: "ack", channel: "build/1", cursor: 1 }, "not_subscribed"],
    ["unsubscribing what is not read", { type: "unsubscribe", channel: "build/1" }, "not_subscribed"],
  ];
  test.each(refused)("%s is refused and the socket stays open", async (_, frame, code) => {
    const socket = await openSocket("/ws");
    socket.send(frame);
    expect(await socket.next()).toMatchObject({ type: "error", code });
    socket.send({ type: "ping" });
    expect(await socket.next()).toEqual({ type: "pong" });
    socket.close();
  });

  const fatal: readonly [name: string, frame: string | ArrayBuffer, code: string][] = [
    ["malformed JSON", "{", "malformed_json"],
    ["a binary frame", new Uint8Array([1]).buffer, "frame_invalid"],
    ["a large frame", `{"type":"ping","x":"${"x".repeat(1024 * 1024)}"}`, "frame_too_large"],
  ];
  test.each(fatal)("%s closes the socket 4400", async (_, frame, code) => {
    const socket = await openSocket("/ws");
    socket.socket.send(frame);
    expect(await socket.next()).toMatchObject({ type: "error", code });
    expect(await socket.closed).toEqual({ code: 4400, reason: code });
  });

  test("a token that expires soon is told, may be renewed, and else closes 4401", async () => {
    const channel = freshChannel();
    const socket = await openSocket("/ws", { as: await token({ expiresInSeconds: 3 }) });
    socket.send({ type: "subscribe", channel });
    const warning = await socket.until("expiring");
    expect(warning["inMs"]).toBeLessThanOrEqual(3_000);
    socket.send({ type: "auth", token: await token({ expiresInSeconds: 4 }) });
    // Half of its life has passed: a short token is not asked for again at once.
    expect((await socket.until("expiring"))["inMs"]).toBeLessThanOrEqual(2_000);
    socket.send({ type: "auth", token: await token({ expiresInSeconds: 600 }) });
    const short = await openSocket("/ws", { as: await token({ expiresInSeconds: 3 }) });
    expect(await short.until("error")).toMatchObject({ code: "token_expired" });
    expect(await short.closed).toMatchObject({ code: 4401 });
    await appendLines(channel, ["after the old token"]);
    expect(await readLines(socket, 1)).toEqual(["after the old token"]);
    socket.send({ type: "auth", token: await token({ grants: [] }) });
    expect(await socket.until("error")).toMatchObject({ code: "forbidden" });
    expect(await socket.closed).toMatchObject({ code: 4401 });
  });
});

describe("time passes on a socket that a Worker ends", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function openIdle(path: string): Promise<TestSocket> {
    const headers = { upgrade: "websocket", "sec-websocket-protocol": "tailrace.v1" };
    const env = { ...testEnv, WEBSOCKET_TIMEOUT: "60" };
    const url = `${origin}${path}?token=${await token()}`;
    return new TestSocket(await app.request(url, { headers }, env, createExecutionContext()));
  }

  test.each([["/ws"], [`/ws/producers/${freshChannel()}`]])(
    "[IDLE3] %s is closed 4408 after WEBSOCKET_TIMEOUT without a frame, not before",
    async (path) => {
      const socket = await openIdle(path);
      vi.advanceTimersByTime(59_999);
      socket.send({ type: "ping" });
      expect(await socket.next()).toEqual({ type: "pong" });
      vi.advanceTimersByTime(59_999);
      socket.send({ type: "ping" });
      expect(await socket.next()).toEqual({ type: "pong" });
      vi.advanceTimersByTime(60_000);
      expect(await socket.next()).toMatchObject({ type: "error", code: "timeout", retryAfterMs: 1_000 });
      expect(await socket.closed).toEqual({ code: 4408, reason: "timeout" });
      // The audit gathers for a moment.
      vi.advanceTimersByTime(1_000);
      expect(vi.getTimerCount()).toBe(0);
    },
  );
});

describe("a filter on /ws", () => {
  test("lets through what matches, says what it skipped, and reads on", async () => {
    const channel = freshChannel();
    const sent = lines(1, 6).map((line, i) => ({ line, level: i % 3 === 0 ? "error" : "info" }));
    await post(`/v1/channels/${channel}/entries`, { entries: sent });
    const socket = await openSocket("/ws");
    socket.send({ type: "subscribe", channel, filter: { levels: ["error"] } });
    expect(await socket.until("entries")).toMatchObject({ first: 1, entries: [{ line: "line 1" }] });
    expect(await socket.next()).toMatchObject({ type: "entries", first: 4, entries: [{ line: "line 4" }] });
    expect(await socket.next()).toEqual({ type: "skipped", channel, to: 6 });
    await post(`/v1/channels/${channel}/end`, { status: "success" });
    expect(await socket.until("end")).toMatchObject({ channel, cursor: 6, lines: 6 });
    socket.close();
  });

  test("what it hides needs no ack of the client", async () => {
    const channel = freshChannel();
    const hidden = Array.from({ length: 2_000 }, () => ({ line: "x".repeat(200) }));
    const entries = [...hidden, { line: "found", level: "fatal" }];
    await post(`/v1/channels/${channel}/entries`, { entries });
    const socket = await openSocket("/ws");
    socket.send({ type: "subscribe", channel, filter: { levels: ["fatal"] }, maxWindowBytes: 8192 });
    expect(await socket.until("entries")).toMatchObject({ first: 2_001, entries: [{ line: "found" }] });
    socket.close();
  });

  test("an ack past what was sent is refused, and opens no window", async () => {
    const channel = freshChannel();
    const entries = Array.from({ length: 400 }, (_, i) => ({ line: `${i} ${"x".repeat(200)}` }));
    await post(`/v1/channels/${channel}/entries`, { entries });
    const socket = await openSocket("/ws");
    socket.send({ type: "subscribe", channel, filter: { levels: ["info"] }, maxWindowBytes: 8192 });
    const { first, entries: got } = await socket.until("entries");
    socket.send({ type: "ack", channel, cursor: 99_999_999 });
    const refused = await socket.until("error");
    expect(refused).toMatchObject({ code: "invalid_field", channel });
    expect(refused["expected"]).toBeGreaterThanOrEqual(Number(first) + (got as unknown[]).length - 1);
    expect(refused["expected"]).toBeLessThan(400);
    socket.send({ type: "ack", channel, cursor: refused["expected"] });
    expect(await socket.until("entries")).toMatchObject({ first: Number(refused["expected"]) + 1 });
    socket.close();
  });
});
