import { once } from "node:events";
import { WebSocket } from "ws";
import type { Gateway } from "../../client/cli/dev/gateway.ts";
import { Histogram } from "./histogram.ts";
import { append } from "./load.ts";

export interface SessionTokensResult {
  readonly appendedTokens: number;
  /** Frames that brought them to one client: texts that leave together are one. */
  readonly frames: number;
  /** Tokens that came late, twice, out of order or not at all. */
  readonly lostTokens: number;
  /** From a token's append to its frame's arrival. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const batchTokens = 20;

/** How long the last tokens may take to arrive, in milliseconds. */
const drainMs = 60_000;

/** A client of dialect E on a session whose engine prints numbered tokens, so many a second. */
export async function sessionTokens(
  gateway: Gateway,
  sessionId: string,
  token: string,
  load: { readonly tokensPerSecond: number; readonly forMs: number },
): Promise<SessionTokensResult> {
  const url = new URL(gateway.url);
  const socket = await connect(gateway, sessionId, token);
  const sentAt: number[] = [];
  const latency = new Histogram();
  let [frames, seen, lostTokens] = [0, 0, 0];
  const finished = Promise.withResolvers<void>();
  let total = Number.POSITIVE_INFINITY;
  socket.on("message", (data) => {
    const { event, data: body } = JSON.parse(String(data));
    if (event !== "token_stream") return;
    frames += 1;
    for (const number of body.text.trim().split(" ").map(Number)) {
      if (number !== seen) lostTokens += 1;
      latency.add(performance.now() - (sentAt[number] ?? 0));
      seen = number + 1;
    }
    if (seen >= total) finished.resolve();
  });
  const timer = setTimeout(() => finished.resolve(), load.forMs + drainMs);
  try {
    total = await stream(url, `session/${sessionId}`, token, load, sentAt);
    if (seen < total) await finished.promise;
    return {
      appendedTokens: total,
      frames,
      lostTokens: lostTokens + total - seen,
      p50Ms: latency.percentile(50),
      p99Ms: latency.percentile(99),
    };
  } finally {
    clearTimeout(timer);
    socket.terminate();
  }
}

/** Resolves when the gateway has answered a ping; the session begins with the address. */
async function connect(gateway: Gateway, sessionId: string, token: string): Promise<WebSocket> {
  const address = new URL(`/ws?session_id=${sessionId}&cursor=0&token=${token}`, gateway.url);
  address.protocol = "ws:";
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await once(socket, "open");
  socket.send(JSON.stringify({ cmd: "ping" }));
  await once(socket, "message");
  return socket;
}

async function stream(
  url: URL,
  channel: string,
  token: string,
  { tokensPerSecond, forMs }: { readonly tokensPerSecond: number; readonly forMs: number },
  sentAt: number[],
): Promise<number> {
  const everyMs = (batchTokens * 1000) / tokensPerSecond;
  const startedAt = performance.now();
  // One at a time: batches of one producer arrive in the order in which they were sent.
  let last: Promise<unknown> = Promise.resolve();
  for (let due = startedAt; due - startedAt < forMs; due += everyMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    const first = sentAt.length;
    for (let i = 0; i < batchTokens; i++) sentAt.push(performance.now());
    const body = Array.from({ length: batchTokens }, (_, i) => tokenEvent(first + i)).join("\n");
    last = last.then(() => append(url, channel, token, body));
  }
  await last;
  return sentAt.length;
}

function tokenEvent(number: number): string {
  return JSON.stringify({
    kind: "event",
    event: "token_stream",
    data: { text: `${number} ` },
    nodeId: "writer",
  });
}
