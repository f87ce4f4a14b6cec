import { beforeAll, expect, test } from "vitest";
import { appendLines, call, freshChannel, openSocket, post, problemIn, token } from "./gateway.ts";

/** [GRT] what each verb of a grant is for, at every door of a channel. */

const verbs = ["read", "write", "command", "serve"] as const;
const channel = freshChannel();
const headers = { upgrade: "websocket" };

beforeAll(async () => {
  await appendLines(channel, ["a"]);
});

const reading: readonly [door: string, open: (as: string) => Promise<Response>][] = [
  ["history", (as) => call(`/v1/channels/${channel}/entries`, { as })],
  ["the summary", (as) => call(`/v1/channels/${channel}`, { as })],
  ["the download", (as) => call(`/v1/channels/${channel}/download`, { as })],
  ["a socket of its own", (as) => call(`/ws/channels/${channel}`, { as, headers })],
];

const writing: typeof reading = [
  ["append", (as) => post(`/v1/channels/${channel}/entries`, { entries: [{ line: "b" }] }, { as })],
  ["a producer's socket", (as) => call(`/ws/producers/${channel}`, { as, headers })],
  ["end", (as) => post(`/v1/channels/${channel}/end`, { status: "success" }, { as })],
  ["delete", (as) => call(`/v1/channels/${channel}`, { as, method: "DELETE" })],
];

const asked = [
  ...reading.map(([door, open]) => ["read", door, open] as const),
  ...writing.map(([door, open]) => ["write", door, open] as const),
];

/** How a door answers: `ok`, or the code of its refusal, which a socket says in its first frame. */
async function answerOf(response: Response): Promise<string> {
  const { webSocket } = response;
  if (webSocket === null) return response.ok ? "ok" : (await problemIn(response)).code;
  const first = new Promise<string>((resolve) => {
    webSocket.addEventListener("message", ({ data }) => resolve(String(data)));
    webSocket.addEventListener("close", () => resolve("{}"));
  });
  webSocket.accept();
  // A producer's socket is silent until it is told something.
  webSocket.send(JSON.stringify({ type: "ping" }));
  const { type, code } = JSON.parse(await first) as { type: string; code?: string };
  webSocket.close();
  return type === "error" ? String(code) : "ok";
}

test.each(asked)("[GRT1] exactly the verb %s opens %s", async (verb, _, open) => {
  for (const other of verbs.filter((each) => each !== verb)) {
    const as = await token({ grants: [`${other}:${channel}`] });
    expect([other, await answerOf(await open(as))]).toEqual([other, "forbidden"]);
  }
  const as = await token({ grants: [`${verb}:${channel}`] });
  expect([verb, await answerOf(await open(as))]).toEqual([verb, "ok"]);
});

test("[GRT2] the list and the shared socket show what may be read, and nothing else", async () => {
  const listed = freshChannel();
  await appendLines(listed, ["a"]);
  for (const verb of verbs) {
    const as = await token({ grants: [`${verb}:${listed}`] });
    expect(await (await call("/v1/channels", { as })).json()).toMatchObject(
      verb === "read" ? { channels: [{ channel: listed }], next: null } : { code: "forbidden" },
    );
    const socket = await openSocket("/ws", { as });
    socket.send({ type: "subscribe", channel: listed });
    expect(await socket.next()).toMatchObject(
      verb === "read" ? { type: "subscribed" } : { type: "error", code: "forbidden", channel: listed },
    );
    socket.close();
  }
});
