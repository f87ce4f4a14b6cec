import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { json } from "node:stream/consumers";
import { expect } from "vitest";
import { type Access, addressOf, PlainSocket } from "./plain_socket.ts";

/** Recorded conversations: what a client sends and exactly what it gets, played over a plain WebSocket. */

type Step =
  | { readonly about: string; readonly do?: undefined }
  | { readonly do: "open"; readonly socket: string; readonly path: string }
  | { readonly do: "send"; readonly socket: string; readonly frame: unknown }
  | { readonly do: "get"; readonly socket: string; readonly frames: readonly unknown[] }
  | { readonly do: "close"; readonly socket: string }
  | { readonly do: "closed"; readonly socket: string; readonly code: number }
  | { readonly do: "refused"; readonly path: string; readonly status: number; readonly code: string }
  | { readonly do: "append"; readonly channel: string; readonly entries: readonly unknown[] }
  | { readonly do: "end"; readonly channel: string; readonly body: unknown }
  | { readonly do: "viewers"; readonly channel: string; readonly count: number };

export interface Conversation {
  readonly dialect: string;
  /** What the client's token grants. */
  readonly grants: readonly string[];
  readonly steps: readonly Step[];
}

/** The gateway that it is played with, with a token of its grants, and a token that may do everything. */
export interface Stage extends Access {
  readonly admin: string;
}

/** Stands in a fixture for a time that is the gateway's own. */
const now = "<now>";
const deadlineMs = 10_000;

export async function play({ steps }: Conversation, stage: Stage): Promise<void> {
  const sockets = new Map<string, PlainSocket>();
  const socketOf = (name: string): PlainSocket => {
    const socket = sockets.get(name);
    if (socket === undefined) throw new Error(`No socket is called ${name}.`);
    return socket;
  };
  try {
    for (const step of steps) {
      if (step.do === "open") sockets.set(step.socket, await PlainSocket.open(step.path, stage));
      else if ("socket" in step) await playOn(socketOf(step.socket), step);
      else if (step.do !== undefined) await playBeside(step, stage);
    }
  } finally {
    for (const socket of sockets.values()) socket.close();
  }
}

type SocketStep = Exclude<Extract<Step, { readonly socket: string }>, { readonly do: "open" }>;
type BesideStep = Exclude<Step, { readonly socket: string } | { readonly do?: undefined }>;

async function playOn(socket: PlainSocket, step: SocketStep): Promise<void> {
  switch (step.do) {
    case "send":
      socket.send(JSON.stringify(step.frame));
      return;
    case "get":
      for (const frame of step.frames) expectFrame(await socket.next(), frame);
      return;
    case "close":
      // Whatever came and was not recorded is a frame too many.
      expect(socket.unread).toEqual([]);
      socket.close();
      return;
    case "closed":
      expect(await socket.closeCode).toBe(step.code);
      return;
  }
}

async function playBeside(step: BesideStep, stage: Stage): Promise<void> {
  switch (step.do) {
    case "append":
      await post(stage, `/v1/channels/${step.channel}/entries`, { entries: step.entries });
      return;
    case "end":
      await post(stage, `/v1/channels/${step.channel}/end`, step.body);
      return;
    case "viewers":
      await expect.poll(() => viewersOf(stage, step.channel), { timeout: deadlineMs }).toBe(step.count);
      return;
    case "refused":
      expect(await refusalOf(addressOf(step.path, stage))).toEqual({ status: step.status, code: step.code });
      return;
  }
}

/** How a handshake is refused that is sent as any client sends it. */
async function refusalOf(address: string): Promise<unknown> {
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const asked = request(address, { headers });
  asked.end();
  const [response] = (await Promise.race([once(asked, "response"), once(asked, "upgrade")])) as [
    IncomingMessage,
  ];
  const problem: unknown = response.statusCode === 101 ? null : await json(response);
  asked.destroy();
  const code = typeof problem === "object" && problem !== null && "code" in problem ? problem.code : null;
  return { status: response.statusCode, code };
}

/** Names, values and their order. */
function expectFrame(text: string, expected: unknown): void {
  const isTimed = JSON.stringify(expected).includes(now);
  const found = isTimed ? withoutTime(text) : text;
  if (found !== JSON.stringify(expected)) expect(JSON.parse(found)).toEqual(expected);
  expect(found).toBe(JSON.stringify(expected));
}

/** A frame whose time is a time of the last minute. */
function withoutTime(text: string): string {
  return text.replace(/"timestamp":"([^"]+)"/, (_, timestamp: string) => {
    expect(timestamp).toBe(new Date(timestamp).toISOString());
    expect(Math.abs(Date.now() - Date.parse(timestamp))).toBeLessThan(60_000);
    return `"timestamp":"${now}"`;
  });
}

async function post({ url, admin }: Stage, path: string, body: unknown): Promise<void> {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  await response.body?.cancel();
}

async function viewersOf({ url, admin }: Stage, channel: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${admin}` };
  const summary: unknown = await (await fetch(`${url}/v1/channels/${channel}`, { headers })).json();
  return typeof summary === "object" && summary !== null && "viewers" in summary ? summary.viewers : null;
}
