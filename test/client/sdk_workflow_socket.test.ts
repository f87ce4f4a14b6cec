import { afterEach, describe, expect, it, vi } from "vitest";
import { type ClientProblem, WorkflowSocket, type WorkflowSocketOptions } from "../../client/sdk/mod.ts";
import { startTimer } from "../../client/sdk/timers.ts";
import { SessionGateway } from "./session_gateway.ts";

/** [WFS] the client of workflow sessions on real sockets; its waits are a thousandth of the real ones. */

const gateways: SessionGateway[] = [];
const clients: WorkflowSocket[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
  vi.unstubAllGlobals();
});

async function startGateway(): Promise<SessionGateway> {
  const gateway = await SessionGateway.start();
  gateways.push(gateway);
  return gateway;
}

function startClient(gateway: SessionGateway, options: Partial<WorkflowSocketOptions> = {}) {
  const problems: ClientProblem[] = [];
  const states: string[] = [];
  const waits: number[] = [];
  const heard: string[] = [];
  const client = new WorkflowSocket(
    {
      url: gateway.url,
      session: "s1",
      startTimer: (run, ms) => {
        waits.push(ms);
        // A heartbeat is not waited for here: no test is that slow.
        return startTimer(run, ms === 30_000 ? ms : ms / 1_000);
      },
      ...options,
    },
    {
      onState: ({ name }) => {
        states.push(name);
        gateway.changed();
      },
      onEvent: ({ event }) => {
        heard.push(event);
        gateway.changed();
      },
      onProblem: (problem) => {
        problems.push(problem);
        gateway.changed();
      },
    },
  );
  clients.push(client);
  return { client, problems, states, waits, heard };
}

const isProved = ({ opened, received }: SessionGateway) =>
  opened.length > 0 && received.length >= opened.length;
const event = (cursor: number, text: string) =>
  JSON.stringify({ event: "token_stream", data: { text }, timestamp: "2026-11-20T10:00:00.000Z", cursor });

describe("a session's socket", () => {
  it("[WFS1] goes on after the last event when its socket is cut", async () => {
    const gateway = await startGateway();
    const { client, states } = startClient(gateway, { cursor: 3 });
    client.connect();
    await gateway.until(() => isProved(gateway));
    gateway.socket?.send(event(4, "Hel"));
    await gateway.until(() => client.view.cursor === 4);
    gateway.socket?.terminate();
    await gateway.until(() => gateway.opened.length === 2);
    // What a gateway repeats is not gathered again.
    gateway.socket?.send(event(4, "Hel"));
    gateway.socket?.send(event(5, "lo"));
    await gateway.until(() => client.view.cursor === 5);
    expect(client.view.text).toBe("Hello");
    expect(gateway.opened).toEqual(["/ws?session_id=s1&cursor=3", "/ws?session_id=s1&cursor=4"]);
    expect(states).toEqual(["connecting", "connected", "reconnecting", "reconnecting", "connected"]);
  });

  it("[WFS2] live is after what there is: a break before the first event loses nothing", async () => {
    const gateway = await startGateway();
    gateway.tail = 41;
    const { client } = startClient(gateway);
    client.connect();
    await gateway.until(() => isProved(gateway));
    gateway.tail = 50;
    gateway.socket?.terminate();
    await gateway.until(() => gateway.opened.length === 2);
    expect(gateway.opened).toEqual(["/ws?session_id=s1&cursor=41", "/ws?session_id=s1&cursor=41"]);
  });

  it("[WFS3] five attempts, then it says so; connect() begins anew", async () => {
    const gateway = await startGateway();
    // It takes every socket and drops it: that proves nothing.
    gateway.onOpen = (socket) => {
      socket.send('{"event":"error","data":{"error":"Restarting.","code":"restarting"}}');
      socket.close(4503);
    };
    const { client, problems, waits } = startClient(gateway, { cursor: 0 });
    client.connect();
    await gateway.until(() => client.state.name === "disconnected");
    expect(problems.at(-1)).toEqual({
      code: "connection_lost",
      message: "Max reconnection attempts reached",
      final: true,
    });
    expect(problems[0]).toMatchObject({ code: "restarting", message: "Restarting." });
    expect(waits.filter((ms) => ms !== 30_000)).toEqual([3_000, 6_000, 12_000, 24_000, 48_000]);
    expect([gateway.opened.length, gateway.mostOpen]).toEqual([6, 1]);
    gateway.onOpen = () => {};
    client.connect();
    await gateway.until(() => client.state.name === "connected");
  });

  it("[WFS4] connecting again and again opens no second socket", async () => {
    const gateway = await startGateway();
    const { client } = startClient(gateway, { cursor: 0 });
    client.connect();
    client.connect();
    await gateway.until(() => isProved(gateway) && gateway.open === 1);
    client.connect();
    gateway.socket?.terminate();
    await gateway.until(() => client.state.name === "reconnecting");
    client.connect();
    await gateway.until(() => gateway.opened.length === 2 && client.state.name === "connected");
    client.connect();
    expect(client.start({ prompt: "Hi" })).toMatch(/^[0-9a-f]{32}$/);
    await gateway.until(() => gateway.received.some((text) => text.includes("start_session")));
    expect([gateway.opened.length, gateway.mostOpen]).toEqual([2, 1]);
  });

  it.each(["the client", "the gateway"])("[WFS5] none after a clean close by %s", async (who) => {
    const gateway = await startGateway();
    const { client, problems, waits } = startClient(gateway, { cursor: 0 });
    client.connect();
    await gateway.until(() => isProved(gateway));
    if (who === "the client") client.close();
    else gateway.socket?.close(1000);
    await gateway.until(() => client.state.name === "disconnected" && gateway.open === 0);
    expect([client.pause(), problems, waits]).toEqual([null, [], [30_000, 30_000]]);
  });

  it("[WFS6] a frame that does not parse is reported and skipped", async () => {
    const gateway = await startGateway();
    const { client, problems, heard } = startClient(gateway, { cursor: 0 });
    client.connect();
    await gateway.until(() => isProved(gateway));
    for (const text of ["nonsense", '{"type":"token_stream","data":{}}', event(1, "a")])
      gateway.socket?.send(text);
    await gateway.until(() => client.view.cursor === 1);
    expect(problems.map(({ code }) => code)).toEqual(["malformed_json", "invalid_field"]);
    expect([client.view.text, heard]).toEqual(["a", ["token_stream"]]);
  });

  it("[WFS7] a peer that answers no ping is given up", async () => {
    const gateway = await startGateway();
    gateway.onFrame = () => {};
    const { client } = startClient(gateway, { cursor: 0, heartbeatMs: 50_000 });
    client.connect();
    await gateway.until(() => gateway.opened.length === 2);
    expect(gateway.received.slice(0, 1)).toEqual(['{"cmd":"ping"}']);
  });

  it("[WFS8] a refused token is renewed once; another refusal is final and says why", async () => {
    const gateway = await startGateway();
    gateway.onOpen = (socket) => {
      const code = gateway.opened.length === 1 ? "token_expired" : "forbidden";
      socket.send(JSON.stringify({ type: "error", code, message: `Refused: ${code}.` }));
      socket.close(gateway.opened.length === 1 ? 4401 : 4403);
    };
    const asked: boolean[] = [];
    const token = ({ renew }: { readonly renew: boolean }) => {
      asked.push(renew);
      return "t";
    };
    const { client, problems } = startClient(gateway, { cursor: 0, token });
    client.connect();
    await gateway.until(() => client.state.name === "disconnected");
    expect(asked).toEqual([false, true]);
    expect(problems.at(-1)).toEqual({ code: "forbidden", message: "Refused: forbidden.", final: true });
  });

  it("[WFS9] without a url it is the page's, wss under https", async () => {
    expect(() => new WorkflowSocket({}, {})).toThrow("No url was given");
    expect(() => new WorkflowSocket({ url: "http://x", session: "a b" }, {})).toThrow("not a channel name");
    const opened: string[] = [];
    class NoSocket extends EventTarget {
      readonly readyState = 0;
      constructor(url: string) {
        super();
        opened.push(url);
      }
      close(): void {}
    }
    for (const origin of ["https://logs.example.com", "http://localhost:8787"]) {
      vi.stubGlobal("location", { origin });
      // Where nothing answers, an address is all that can be looked at.
      const webSocket = NoSocket as unknown as typeof WebSocket;
      const client = new WorkflowSocket({ cursor: 0, webSocket }, {});
      client.connect();
      await vi.waitFor(() => expect(opened.at(-1)).toContain(new URL(origin).host));
      client.close();
    }
    expect(opened).toEqual([
      "wss://logs.example.com/ws?session_id=default&cursor=0",
      "ws://localhost:8787/ws?session_id=default&cursor=0",
    ]);
  });
});
