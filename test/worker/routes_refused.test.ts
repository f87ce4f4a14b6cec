import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { errorFrame } from "../../protocol/schemas/mod.ts";
import app from "../../worker/routes/mod.ts";
import { closeSocket } from "../../worker/routes/ws/close_socket.ts";
import { stubOf, testEnv } from "./channel_client.ts";
import { freshChannel, openSocket, origin, problemIn, TestSocket, token } from "./gateway.ts";

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
