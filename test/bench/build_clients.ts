import { once } from "node:events";
import { WebSocket } from "ws";
import type { Gateway } from "../../client/cli/dev/gateway.ts";
import { append, batchOf, produce } from "./load.ts";
import { residentBytes } from "./process_memory.ts";
import { Tally } from "./tally.ts";

export interface BuildClientsResult {
  readonly appendedLines: number;
  readonly deliveredLines: number;
  /** Lines that some client did not get, or got twice or out of order. */
  readonly lostLines: number;
  /** From a line's timestamp in the producer to its frame's arrival. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly residentMiB: number;
}

const linePattern = /"ts":(\d+),.*"cursor":(\d+)\}$/;

/** Clients of dialect A that all watch one build, a socket each, while it prints a line every `everyMs`. */
export async function buildClients(
  gateway: Gateway,
  buildId: string,
  token: string,
  load: { readonly clients: number; readonly everyMs: number; readonly forMs: number },
): Promise<BuildClientsResult> {
  const url = new URL(gateway.url);
  const channel = `build/${buildId}`;
  await append(url, channel, token, batchOf(1, 1, Date.now()));
  const tally = new Tally(load.clients);
  const sockets: WebSocket[] = [];
  try {
    for (let i = 0; i < load.clients; i++) {
      sockets.push(await watch(gateway, buildId, token, (line) => tally.see(i, line)));
    }
    // Their first line was there before them: only what comes live is timed.
    tally.forgetTimes();
    const { lines } = await produce(url, channel, token, { ...load, entries: 1 });
    const residentMiB = residentBytes(gateway.workerdPid) / 1024 / 1024;
    await tally.untilAllHave(lines + 1);
    return {
      appendedLines: lines,
      deliveredLines: tally.delivered - load.clients,
      lostLines: tally.missing(lines + 1),
      p50Ms: tally.latency.percentile(50),
      p99Ms: tally.latency.percentile(99),
      residentMiB,
    };
  } finally {
    for (const socket of sockets) socket.terminate();
  }
}

/** Resolves when the first line has come: a client of this dialect is told nothing else. */
async function watch(
  gateway: Gateway,
  buildId: string,
  token: string,
  see: (line: { first: number; last: number; ts: number }) => void,
): Promise<WebSocket> {
  const address = new URL(`/ws?token=${token}`, gateway.url);
  address.protocol = "ws:";
  const socket = new WebSocket(address, { perMessageDeflate: false });
  socket.on("message", (data) => {
    const [, ts, cursor] = linePattern.exec(String(data)) ?? [];
    see({ first: Number(cursor), last: Number(cursor), ts: Number(ts) });
  });
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "subscribe", buildId }));
  await once(socket, "message");
  return socket;
}
