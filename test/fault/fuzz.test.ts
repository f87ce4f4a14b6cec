import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seededRandom } from "../client/sdk_random.ts";
import { mutatedText, seedTexts } from "../core/fuzz_texts.ts";
import { followNatively } from "./followers.ts";
import { inForm, printedSeed } from "./form.ts";
import { streamLines } from "./numbered_lines.ts";
import { startTestGateway, type TestGateway } from "./test_gateway.ts";
import { expectExactlyOnce } from "./verdict.ts";

/** [FUZ2] random requests and frames against the running gateway. */

const requests = inForm(1_500, 30_000);
const sockets = inForm(60, 1_000);
const framesEach = 40;
const lanes = 6;
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.stop());

type Random = () => number;

function pick<T>(random: Random, choices: readonly [T, ...T[]]): T {
  return choices[Math.floor(random() * choices.length)] ?? choices[0];
}

const methods = [
  "GET",
  "GET",
  "GET",
  "POST",
  "POST",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "HEAD",
  "OPTIONS",
] as const;
const paths = [
  "/v1/channels",
  "/v1/channels/build/1",
  "/v1/channels/build/1/entries",
  "/v1/channels/build/1/end",
  "/v1/channels/build/1/download",
  "/v1/session",
  "/openapi.json",
  "/healthz",
  "/metrics",
  "/builds",
  "/assets/x.js",
  "/ws",
  "/ws/channels/build/1",
  "/ws/producers/build/1",
  "/%00/%ff",
] as const;
const queries = [
  "",
  "after",
  "before",
  "limit",
  "level",
  "search",
  "since",
  "wait",
  "regex",
  "format",
] as const;
const types = ["application/json", "application/x-ndjson", "text/plain", "image/png", "", "*/*"] as const;

/** A request with something wrong in it, most of the time; answers its status. */
async function sendRandom(random: Random): Promise<{ readonly what: string; readonly status: number }> {
  const method = pick(random, methods);
  const text = mutatedText(random, seedTexts);
  const query = pick(random, queries);
  const path = random() < 0.8 ? pick(random, paths) : mutatedText(random, paths);
  const url = new URL(`${encodeURI(path.toWellFormed())}`.replace(/^\/*/, "/"), gateway.url);
  // A long poll for a minute says nothing new.
  if (query !== "") url.searchParams.set(query, query === "wait" ? "0" : text.slice(0, 200).toWellFormed());
  const hasBody = method !== "GET" && method !== "HEAD";
  const response = await fetch(url, {
    method,
    headers: {
      authorization: random() < 0.95 ? `Bearer ${gateway.token}` : "Bearer x",
      "content-type": pick(random, types),
      accept: pick(random, types),
      ...(random() < 0.3 && {
        "producer-id": "p",
        "producer-epoch": "1",
        "producer-seq": pick(random, ["0", "1", "-1", "x"]),
      }),
    },
    redirect: "manual",
    ...(hasBody && { body: text.toWellFormed() }),
  });
  await response.arrayBuffer();
  return { what: `${method} ${url.pathname}${url.search} ${text}`, status: response.status };
}

/** What is no JSON ends a socket at once: most frames are wrong in finer ways. */
function randomFrame(random: Random): string {
  for (let tries = 0; tries < 20; tries++) {
    const text = mutatedText(random, seedTexts);
    if (isJson(text)) return text;
  }
  return mutatedText(random, seedTexts);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const doors = ["/ws", "/ws/channels/build/1", "/ws/producers/build/1"] as const;

/** A socket that says random things; answers with its close code, or null where it was left open. */
async function sayRandom(random: Random): Promise<number | null> {
  const path = pick(random, doors);
  // Without the subprotocol /ws speaks a dialect.
  const protocols = random() < 0.6 ? ["tailrace.v1", `bearer.${gateway.token}`] : [];
  const query = protocols.length === 0 ? `?token=${gateway.token}` : "";
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}${path}${query}`, protocols);
  const closed = once(socket, "close").then(([{ code }]) => Number(code));
  await Promise.race([once(socket, "open"), closed]);
  for (let i = 0; i < framesEach && socket.readyState === WebSocket.OPEN; i++) {
    const text = randomFrame(random);
    socket.send(random() < 0.99 ? text.toWellFormed() : new TextEncoder().encode(text));
  }
  // An answer to this ping, or the close, shows that everything before it was taken.
  const pong = once(socket, "message");
  if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"ping"}');
  await Promise.race([pong, closed]);
  if (socket.readyState === WebSocket.OPEN) socket.close(1000);
  return closed;
}

/** Runs so many, some at once. */
async function run(count: number, one: () => Promise<void>): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

describe("a gateway that is sent nonsense", () => {
  test(
    `[FUZ2] ${requests} requests and ${sockets * framesEach} frames: no crash, no 5xx, a neighbour notices nothing`,
    async () => {
      const random = seededRandom(printedSeed("FUZ2"));
      const channel = "project/neighbour";
      const follower = followNatively(gateway, channel, "direct");
      const source = streamLines(gateway, channel, "one", { lines: 2, everyMs: 10 });
      const statuses = new Map<number, number>();
      const codes = new Map<number | null, number>();
      try {
        await run(requests, async () => {
          const { what, status } = await sendRandom(random);
          if (status >= 500) expect({ what, status }).toEqual({ what, status: 400 });
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        });
        await run(sockets, async () => {
          const code = await sayRandom(random);
          codes.set(code, (codes.get(code) ?? 0) + 1);
        });
        console.log(`FUZ2: statuses ${JSON.stringify([...statuses])}, closes ${JSON.stringify([...codes])}`);
        for (const code of codes.keys()) expect([1000, 1005, 4400, 4401, 4403, 4429]).toContain(code);
        await expectExactlyOnce(gateway, channel, [source], [follower]);
        expect(follower.breaks).toBe(0);
        expect(() => process.kill(gateway.pid, 0)).not.toThrow();
      } finally {
        source.close();
        follower.close();
      }
    },
    inForm(60_000, 600_000),
  );
});
