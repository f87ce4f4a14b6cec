import { expect, test } from "vitest";
import { appendLines, call, freshChannel, post, problemIn, token } from "./gateway.ts";

async function entriesOf(channel: string, query = ""): Promise<{ cursor: number; line: string }[]> {
  const response = await call(`/v1/channels/${channel}/entries${query}`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { entries: { cursor: number; line: string }[] }).entries;
}

test("plain text, NDJSON and JSON append the same lines, with cursors from 1", async () => {
  const channel = freshChannel();
  const path = `/v1/channels/${channel}/entries`;
  const first = await appendLines(channel, ["one", "two"], "?stage=build&level=warn");
  expect(await first.json()).toMatchObject({ channel, first: 1, last: 2, duplicate: false });
  const ndjson = '{"line":"three"}\n{"kind":"event","event":"done","data":{"ok":true}}\n';
  const second = await call(path, {
    method: "POST",
    body: ndjson,
    headers: { "content-type": "application/x-ndjson; charset=UTF-8" },
  });
  expect(await second.json()).toMatchObject({ first: 3, last: 4 });
  const third = await post(path, { entries: [{ line: "five", ts: 5, stage: "test" }] });
  expect(await third.json()).toMatchObject({ first: 5, last: 5 });
  const entries = await entriesOf(channel);
  expect(entries).toMatchObject([
    { cursor: 1, kind: "log", line: "one", level: "warn", stage: "build" },
    { cursor: 2, kind: "log", line: "two", level: "warn", stage: "build" },
    { cursor: 3, kind: "log", line: "three", level: "info" },
    { cursor: 4, kind: "event", event: "done", data: { ok: true } },
    { cursor: 5, kind: "log", line: "five", ts: 5, stage: "test" },
  ]);
});

test("a producer's repeated batch is known, a hole is refused with what was expected", async () => {
  const channel = freshChannel();
  const path = `/v1/channels/${channel}/entries`;
  const batch = (seq: number) =>
    post(
      path,
      { entries: [{ line: `batch ${seq}` }] },
      {
        headers: { "producer-id": "p", "producer-epoch": "0", "producer-seq": String(seq) },
      },
    );
  expect(await (await batch(0)).json()).toMatchObject({ first: 1, last: 1, duplicate: false });
  expect(await (await batch(0)).json()).toMatchObject({ first: 1, last: 1, duplicate: true });
  const hole = await batch(2);
  expect(await hole.json()).toMatchObject({ code: "sequence_hole", status: 409, expected: 1, received: 2 });
  expect(await entriesOf(channel)).toHaveLength(1);
});

test("odd lines arrive without breaking a neighbour", async () => {
  const channel = freshChannel();
  const long = "x".repeat(200_000);
  const odd = ["before", "a\rb", "nul \0 here", "漢字 🙂", "", "x".repeat(40_000), long, "after"];
  expect((await appendLines(channel, odd)).status).toBe(200);
  const text = await (await call(`/v1/channels/${channel}/download`)).text();
  expect(text).toBe(odd.map((line) => `${line}\n`).join(""));
  const parts = (await entriesOf(channel)).filter(({ line }) => line.startsWith("xx"));
  expect(parts.map((part) => [part.line.length, "more" in part])).toEqual([
    [40_000, false],
    [65_536, true],
    [65_536, true],
    [65_536, true],
    [200_000 - 3 * 65_536, false],
  ]);
});

test("invalid UTF-8 and lone surrogates become U+FFFD, a byte order mark stays in a plain text's line", async () => {
  const channel = freshChannel();
  const path = `/v1/channels/${channel}/entries`;
  const bytes = new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff, 0x62, 0x0a]);
  await call(path, { method: "POST", body: bytes, headers: { "content-type": "text/plain" } });
  const ndjson = '\ufeff{"line":"\\ud800!"}';
  await call(path, { method: "POST", body: ndjson, headers: { "content-type": "application/x-ndjson" } });
  expect((await entriesOf(channel)).map(({ line }) => line)).toEqual(["\ufeffa\ufffdb", "\ufffd!"]);
});

const bad: readonly [
  name: string,
  init: RequestInit & { type?: string },
  status: number,
  code: string,
  says: string,
][] = [
  ["malformed JSON", { body: "{" }, 400, "malformed_json", "The body is not JSON"],
  ["a body that is no object", { body: "[]" }, 400, "invalid_field", "Allowed: a JSON object"],
  ["an unknown field", { body: '{"entries":[],"extra":1}' }, 400, "unknown_field", '"extra"'],
  ["no entries", { body: "{}" }, 400, "missing_field", "has no entries"],
  ["an empty batch", { body: '{"entries":[]}' }, 400, "batch_empty", "Allowed: 1 to 5,000"],
  [
    "an unknown field of an entry",
    { body: '{"entries":[{"line":"a","x":1}]}' },
    400,
    "unknown_field",
    "Entry 1",
  ],
  ["a wrong level", { body: '{"entries":[{"line":"a","level":"loud"}]}' }, 400, "invalid_field", '"loud"'],
  [
    "malformed NDJSON",
    { body: '{"line":"a"}\n{"line"', type: "application/x-ndjson" },
    400,
    "malformed_json",
    "Entry 2",
  ],
  [
    "another content type",
    { body: "a", type: "application/xml" },
    415,
    "unsupported_content_type",
    "application/x-ndjson, application/json, text/plain",
  ],
  [
    "another charset",
    { body: "a", type: "text/plain; charset=latin1" },
    415,
    "unsupported_content_type",
    "Allowed: utf-8",
  ],
  [
    "too many entries",
    { body: "a\n".repeat(5_001), type: "text/plain" },
    413,
    "too_many_entries",
    "5,001 entries and the limit is 5,000",
  ],
  [
    "a large body",
    { body: "a".repeat(4 * 1024 * 1024 + 1), type: "text/plain" },
    413,
    "body_too_large",
    "4,194,304",
  ],
  [
    "a large entry",
    { body: JSON.stringify({ entries: [{ line: "a" }, { line: "b", fields: { x: "y".repeat(140_000) } }] }) },
    413,
    "entry_too_large",
    "131,072",
  ],
];

test.each(bad)(
  "%s is refused, and stores nothing",
  async (_, { type = "application/json", ...init }, status, code, says) => {
    const channel = freshChannel();
    const response = await call(`/v1/channels/${channel}/entries`, {
      method: "POST",
      ...(init as { body: string }),
      headers: { "content-type": type },
    });
    const problem = await problemIn(response);
    expect(problem).toMatchObject({ status, code });
    expect(problem.detail).toContain(says);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await (await call(`/v1/channels/${channel}`)).json()).toMatchObject({
      status: "waiting",
      tail: 0,
    });
  },
);

test("a body without an announced length is cut off at the limit", async () => {
  const piece = new Uint8Array(1024 * 1024).fill(97);
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1;
      if (sent > 64) controller.close();
      else controller.enqueue(piece);
    },
  });
  const response = await call(`/v1/channels/${freshChannel()}/entries`, {
    method: "POST",
    body,
    headers: { "content-type": "text/plain" },
  });
  expect(await problemIn(response)).toMatchObject({ status: 413, code: "body_too_large" });
  // It is read on for a while, so that whoever is still writing gets the answer; but not without end.
  expect(sent).toBeLessThan(40);
});

test("producer headers come together and are checked", async () => {
  const path = `/v1/channels/${freshChannel()}/entries`;
  const some = await post(path, { entries: [{ line: "a" }] }, { headers: { "producer-id": "p" } });
  expect(await problemIn(some)).toMatchObject({ code: "missing_field" });
  const wrong = await post(
    path,
    { entries: [{ line: "a" }] },
    {
      headers: { "producer-id": "p", "producer-epoch": "0", "producer-seq": "-1" },
    },
  );
  expect(await problemIn(wrong)).toMatchObject({ status: 400, code: "invalid_field" });
});

test("a project's grant covers its channels, from the first append on", async () => {
  const channel = freshChannel();
  const path = `/v1/channels/${channel}/entries`;
  const writer = await token({ grants: ["write:project/shop"] });
  const reader = await token({ grants: ["read:project/shop"] });
  const append = (query: string, as: string) => post(`${path}${query}`, { entries: [{ line: "a" }] }, { as });
  expect(await problemIn(await append("", writer))).toMatchObject({ status: 403, code: "forbidden" });
  expect(await problemIn(await append("?project=other", writer))).toMatchObject({ status: 403 });
  expect((await append("?project=shop", writer)).status).toBe(200);
  expect((await append("", writer)).status).toBe(200);
  expect((await call(path, { as: reader })).status).toBe(200);
  const other = await token({ grants: ["read:project/other"] });
  const refused = await problemIn(await call(path, { as: other }));
  // Whose it is, and whether it is there, is nobody's business who may not read it.
  const needs = (name: string) =>
    `This needs the grant read:${name}, or the same on its project. The token grants read:project/other.`;
  expect(refused.detail).toBe(needs(channel));
  const unknown = freshChannel();
  expect((await problemIn(await call(`/v1/channels/${unknown}/entries`, { as: other }))).detail).toBe(
    needs(unknown),
  );
});
