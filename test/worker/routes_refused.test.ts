import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { limits } from "../../protocol/mod.ts";
import { errorFrame } from "../../protocol/schemas/mod.ts";
import app from "../../worker/routes/mod.ts";
import { closeSocket } from "../../worker/routes/ws/close_socket.ts";
import { stubOf, testEnv } from "./channel_client.ts";
import {
  call,
  freshChannel,
  handshake,
  openSocket,
  origin,
  problemIn,
  TestSocket,
  token,
} from "./gateway.ts";

const fields = ["type", ...Object.keys(errorFrame.shape)];

describe("a gateway without configuration", () => {
  const ask = (path: string, vars: Record<string, unknown>, protocol?: string) => {
    const headers = { upgrade: "websocket", ...(protocol && { "sec-websocket-protocol": protocol }) };
    return app.request(`${origin}${path}`, { headers }, { ...testEnv, ...vars });
  };
  const wrong = [
    [{ TAILRACE_SECRET: undefined }, "not_configured"],
    [{ MAX_DIRECT_VIEWERS: "many" }, "setting_invalid"],
  ] as const;

  test.each(wrong)("tells a handshake inside its socket (%j)", async (vars, code) => {
    for (const path of ["/ws", "/ws/channels/build/1"]) {
      const socket = new TestSocket(await ask(path, vars, "tailrace.v1"));
      expect(socket.protocol).toBe("tailrace.v1");
      expect(await socket.next()).toEqual({ type: "error", code, message: expect.stringMatching(/\.$/) });
      expect(await socket.closed).toEqual({ code: 4500, reason: code });
    }
  });

  test.each(wrong)("tells one that offers no protocol by status (%j)", async (vars, code) => {
    expect(await problemIn(await ask("/ws", vars))).toMatchObject({ status: 503, code });
  });
});

describe("a socket that does not exist", () => {
  test.each(["/ws/nope", "/ws/channels/build", "/v2"])("is refused inside: %s", async (path) => {
    const socket = await openSocket(path);
    expect(socket.protocol).toBe("tailrace.v1");
    const message = `There is no GET ${path}. The routes are listed at /docs.`;
    expect(await socket.next()).toEqual({ type: "error", code: "route_not_found", message });
    expect(await socket.closed).toEqual({ code: 4400, reason: "route_not_found" });
  });

  test("is refused by status to who offers no protocol, upgrades no GET, or is of a foreign origin", async () => {
    const missing = { status: 404, code: "route_not_found" };
    expect(await problemIn(await handshake("/ws/nope"))).toMatchObject(missing);
    const protocol = { "sec-websocket-protocol": "tailrace.v1" };
    expect(await problemIn(await call("/ws/nope", { headers: protocol }))).toMatchObject(missing);
    const post = { method: "POST", headers: { ...protocol, upgrade: "websocket" } };
    const posted = await app.request(`${origin}/ws/nope`, post, { ...testEnv });
    expect(await problemIn(posted)).toMatchObject(missing);
    const headers = { origin: "https://evil.test" };
    const foreign = await handshake("/ws/nope", { protocols: "tailrace.v1", headers });
    expect(await problemIn(foreign)).toMatchObject({ status: 403, code: "origin_forbidden" });
  });
});

describe("an error frame has its own fields alone", () => {
  test.each(["/ws/channels/build/1?from=1", "/ws/channels/build/1?cursor=-1", "/ws/channels/Build/1"])(
    "in the refused handshake of %s",
    async (path) => {
      const frame = await (await openSocket(path)).until("error");
      expect(Object.keys(frame).filter((field) => !fields.includes(field))).toEqual([]);
    },
  );

  test.each([
    { type: "subscribe", channel: "build/1", colour: 1 },
    { type: "subscribe", channel: "build/1", cursor: -1 },
    { type: "shout" },
  ])("on /ws after %j", async (sent) => {
    const socket = await openSocket("/ws");
    socket.send(sent);
    const frame = await socket.until("error");
    expect(Object.keys(frame).filter((field) => !fields.includes(field))).toEqual([]);
    socket.close();
  });
});

describe("a reason to close", () => {
  test("that is too long is cut, and the socket closes", async () => {
    const { 0: client, 1: server } = new WebSocketPair();
    const socket = new TestSocket(new Response(null, { status: 101, webSocket: client }));
    server.accept();
    closeSocket(server, 4429, "漢".repeat(100));
    expect(await socket.closed).toEqual({ code: 4429, reason: "漢".repeat(41) });
  });

  test("of a channel with a long name is the object's own", async () => {
    const channel = `${freshChannel()}-${"x".repeat(100)}`;
    const socket = await openSocket("/ws", { as: await token() });
    socket.send({ type: "subscribe", channel });
    await socket.until("summary");
    await runInDurableObject(stubOf(channel), (_, state) => {
      for (const leg of state.getWebSockets()) leg.close(4429, "ack_overdue");
    });
    expect(await socket.closed).toEqual({ code: 4429, reason: "ack_overdue" });
  });
});

test("a frame that is too large is told alike on every socket", async () => {
  const bytes = limits.upFrameBytes + 1;
  const message = "The frame has 1,048,577 bytes and the limit is 1,048,576.";
  const told = { type: "error", code: "frame_too_large", message, expected: limits.upFrameBytes };
  for (const path of ["/ws", `/ws/channels/${freshChannel()}`, `/ws/producers/${freshChannel()}`]) {
    const socket = await openSocket(path);
    socket.send("x".repeat(bytes));
    expect(await socket.until("error")).toMatchObject(told);
    expect(await socket.closed).toEqual({ code: 4400, reason: "frame_too_large" });
  }
});

test("one channel more than a socket takes is told what to do, in a dialect too", async () => {
  const read = limits.channelsPerSocket;
  const message = `The socket reads ${read} channels, which is all it takes. Unsubscribe one, or open another socket.`;
  const ids = Array.from({ length: read + 1 }, () => freshChannel().slice("build/".length));
  const native = await openSocket("/ws");
  const dialect = await openSocket("/ws");
  for (const id of ids) {
    native.send({ type: "subscribe", channel: `build/${id}` });
    dialect.send({ type: "subscribe", buildId: id });
  }
  expect(await native.until("error")).toMatchObject({ code: "too_many_channels", message });
  const [first, last] = [ids[0], ids[read]];
  expect(await dialect.next()).toEqual({ type: "error", code: "too_many_channels", message, buildId: last });
  native.send({ type: "unsubscribe", channel: `build/${first}` });
  native.send({ type: "subscribe", channel: `build/${last}`, last: 0 });
  for (let frame = await native.until("subscribed"); frame["channel"] !== `build/${last}`; ) {
    frame = await native.until("subscribed");
  }
  native.close();
  dialect.close();
});
