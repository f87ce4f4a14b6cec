import {
  ApiClient,
  type EndProof,
  type HistoryEntry,
  LogSocketClient,
  type SubscribeOptions,
  type Transport,
} from "../../client/sdk/mod.ts";
import type { EndFrame } from "../../protocol/mod.ts";
import type { Access } from "./send_lines.ts";

/** Every way to read a channel back. Whatever is not an entry or the end makes a reading fail. */

export interface SocketReading {
  readonly entries: readonly HistoryEntry[];
  readonly end: EndFrame;
  readonly proof: EndProof;
}

/** A reading under way. */
export interface OpenReading<T> {
  /** Resolves when the gateway has taken the subscription, with or without a channel to read. */
  readonly begun: Promise<void>;
  /** Resolves at the channel's end. */
  readonly done: Promise<T>;
  close(): void;
}

/** Reads natively: by `/ws`, or by the channel's own socket. */
export function readNative(
  { url, token }: Access,
  channel: string,
  transport: Transport,
  options: SubscribeOptions = {},
): OpenReading<SocketReading> {
  const client = new LogSocketClient({ url, token, transport });
  const begun = Promise.withResolvers<void>();
  const done = Promise.withResolvers<SocketReading>();
  const entries: HistoryEntry[] = [];
  client.subscribe(channel, options, {
    onSubscribed: () => begun.resolve(),
    onEntries(first, arrived) {
      for (const [i, entry] of arrived.entries()) entries.push({ cursor: first + i, ...entry });
    },
    onEnd: (end, proof) => done.resolve({ entries, end, proof }),
    onGap: (gap) => done.reject(new Error(`A gap by ${transport}: ${JSON.stringify(gap)}`)),
    onSkipped: (skipped) => done.reject(new Error(`Skipped by ${transport}: ${JSON.stringify(skipped)}`)),
    onProblem: (problem) => done.reject(new Error(`Trouble by ${transport}: ${problem.message}`)),
  });
  return opened(begun.promise, done.promise, () => void client.close());
}

/** A `log` frame of dialect A without what says where it belongs. */
export interface LineOfA {
  readonly ts: number;
  readonly level: string;
  readonly stage: string;
  readonly line: string;
  readonly cursor: number;
}

export interface ReadingOfA {
  readonly lines: readonly LineOfA[];
  readonly end: Readonly<Record<string, unknown>>;
}

/** Reads as a client of build logs does: no subprotocol, the token in the query, one frame a line. */
export function readDialectA({ url, token }: Access, channel: string): OpenReading<ReadingOfA> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws?token=${token}`);
  const begun = Promise.withResolvers<void>();
  const done = Promise.withResolvers<ReadingOfA>();
  const lines: LineOfA[] = [];
  socket.addEventListener("open", () => {
    socket.send(JSON.stringify({ type: "subscribe", buildId: channel }));
    begun.resolve();
  });
  socket.addEventListener("message", ({ data }) => {
    const { type, buildId, ...rest } = JSON.parse(data);
    if (buildId === channel && type === "log") lines.push(rest);
    else if (buildId === channel && type === "end") done.resolve({ lines, end: rest });
    else done.reject(new Error(`A frame that is neither log nor end: ${data}`));
  });
  socket.addEventListener("close", ({ code }) => done.reject(new Error(`Dialect A's socket closed ${code}`)));
  return opened(begun.promise, done.promise, () => socket.close());
}

function opened<T>(begun: Promise<void>, done: Promise<T>, close: () => void): OpenReading<T> {
  // Who waits for the beginning alone must learn of a failure as well; `done` is awaited later.
  done.catch(() => {});
  return { begun: Promise.race([begun, done.then(() => {})]), done, close };
}

/** History as JSON, from the first page on. */
export async function readHistory(access: Access, channel: string, limit: number): Promise<HistoryEntry[]> {
  const api = new ApiClient(access);
  const found: HistoryEntry[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page = await api.history(channel, { after, limit });
    if (!page.ok) throw new Error(page.problem.message);
    found.push(...page.value.entries);
    after = moved(page.value.next, page.value.next === null || page.value.next > after);
  }
  return found;
}

/** History as JSON, from the last page back. */
export async function readHistoryBack(
  access: Access,
  channel: string,
  limit: number,
): Promise<HistoryEntry[]> {
  const api = new ApiClient(access);
  const pages: (readonly HistoryEntry[])[] = [];
  for (let before: number | null = Number.MAX_SAFE_INTEGER; before !== null; ) {
    const page = await api.history(channel, { before, limit });
    if (!page.ok) throw new Error(page.problem.message);
    pages.unshift(page.value.entries);
    before = moved(page.value.next, page.value.next === null || page.value.next < before);
  }
  return pages.flat();
}

/** History in another media type, its pages put together. */
export async function readHistoryAs(
  access: Access,
  channel: string,
  limit: number,
  type: "text/plain" | "application/x-ndjson",
): Promise<Buffer> {
  const pages: Buffer[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const path: string = `/v1/channels/${channel}/entries?after=${after}&limit=${limit}`;
    const { headers, bytes } = await get(access, path, type);
    pages.push(bytes);
    const next = headers.get("tailrace-next");
    after = next === "null" ? null : moved(Number(next), Number(next) > after);
  }
  return Buffer.concat(pages);
}

export async function download(access: Access, channel: string, format: "text" | "ndjson"): Promise<Buffer> {
  return (await get(access, `/v1/channels/${channel}/download?format=${format}`)).bytes;
}

/** The entries that NDJSON holds. */
export function entriesOfNdjson(bytes: Buffer): HistoryEntry[] {
  return bytes
    .toString()
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

async function get({ url, token }: Access, path: string, accept = "*/*") {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}`, accept } });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${path} got ${response.status} ${bytes}`);
  return { headers: response.headers, bytes };
}

/** A page that leads to itself would be read for ever. */
function moved(next: number | null, hasMoved: boolean): number | null {
  if (!hasMoved) throw new Error(`The next page begins at ${next} again`);
  return next;
}
