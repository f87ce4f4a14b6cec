import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { limits, pingText } from "../../protocol/mod.ts";
import { stubOf } from "./channel_client.ts";
import {
  call,
  type Frame,
  freshChannel,
  handshake,
  openSocket,
  post,
  problemIn,
  type TestSocket,
  token,
} from "./gateway.ts";

const producer = "runner-7";

function open(channel: string, init: Parameters<typeof openSocket>[1] = {}, query = ""): Promise<TestSocket> {
  return openSocket(`/ws/producers/${channel}${query}`, init);
}

function batch(channel: string, seq: number, lines: readonly string[] = [`line ${seq}`], epoch = 1) {
  return { type: "append", channel, producer, epoch, seq, entries: lines.map((line) => ({ line })) };
}

async function stored(channel: string): Promise<string[]> {
  const lines: string[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const answer = await call(`/v1/channels/${channel}/entries?after=${after}`);
    const page = (await answer.json()) as {
      entries: { line: string; cursor: number }[];
      next: number | null;
    };
    for (const { line, cursor } of page.entries) expect(cursor).toBe(lines.push(line));
    after = page.next;
  }
  return lines;
}

async function take(socket: TestSocket, count: number): Promise<Frame[]> {
  const frames: Frame[] = [];
  while (frames.length < count) {
    const frame = await socket.next();
    if (frame === null) throw new Error(`The socket closed after ${frames.length} of ${count} frames`);
    frames.push(frame);
  }
  return frames;
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

describe("/ws/producers", () => {
  test("[SAP1] a batch is answered when it is stored, filled in like one over HTTP", async () => {
    const channel = freshChannel();
    const socket = await open(channel);
    expect(socket.protocol).toBe("tailrace.v1");
    const before = Date.now();
    socket.send({
      ...batch(channel, 0),
      entries: [
        { line: "a\ud800", stage: "s" },
        { kind: "event", event: "e", data: 1 },
        { line: "x".repeat(70_000) },
      ],
    });
    const about = { type: "appended", channel, producer, epoch: 1, seq: 0 };
    expect(await socket.next()).toEqual({ ...about, first: 1, last: 4, duplicate: false });
    const page = await (await call(`/v1/channels/${channel}/entries`)).json();
    expect(page).toMatchObject({
      entries: [
        { kind: "log", level: "info", line: "a\ufffd", stage: "s", ts: expect.any(Number) },
        { kind: "event", event: "e" },
        { line: "x".repeat(limits.lineBytes), more: true },
        { line: "x".repeat(70_000 - limits.lineBytes) },
      ],
    });
    expect((page as { entries: { ts: number }[] }).entries[0]?.ts).toBeGreaterThanOrEqual(before);
    socket.send({ ...batch(channel, 0) });
    expect(await socket.next()).toEqual({ ...about, first: 1, last: 4, duplicate: true });
    socket.close();
  });

  test("[SAP2] 200 pipelined batches of any size are stored in order and answered in order", {
    timeout: 30_000,
  }, async () => {
    const channel = freshChannel();
    const socket = await open(channel);
    const lines = numbers(200).map((seq) =>
      numbers(1 + ((seq * 7) % 50)).map((i) => `${seq}.${i} ${"x".repeat((seq * 37) % 600)}`),
    );
    for (const [seq, each] of lines.entries()) socket.send(batch(channel, seq, each));
    const answers = await take(socket, 200);
    expect(answers.map(({ type, seq }) => [type, seq])).toEqual(numbers(200).map((seq) => ["appended", seq]));
    expect(await stored(channel)).toEqual(lines.flat());
    socket.close();
  });

  test("[SAP3] a batch refused for good leaves its number to the next, and its followers are holes", async () => {
    const channel = freshChannel();
    const socket = await open(channel);
    socket.send(batch(channel, 0));
    socket.send({ ...batch(channel, 1), entries: [{ line: 1 }] });
    socket.send(batch(channel, 2));
    socket.send(batch(channel, 1, ["in its place"]));
    socket.send(batch(channel, 2, ["and on"]));
    const about = { channel, producer };
    expect(await take(socket, 5)).toMatchObject([
      { type: "appended", seq: 0 },
      { type: "error", code: "invalid_field", ...about, seq: 1 },
      { type: "error", code: "sequence_hole", ...about, seq: 2, expected: 1 },
      { type: "appended", seq: 1 },
      { type: "appended", seq: 2 },
    ]);
    expect(await stored(channel)).toEqual(["line 0", "in its place", "and on"]);
    socket.close();
  });

  test("[SAP4] a failed flush refuses its batches as retryable, and the same numbers go again", async () => {
    const channel = freshChannel();
    const socket = await open(channel);
    socket.send(batch(channel, 0));
    await socket.next();
    await runInDurableObject(stubOf(channel), (_, { storage }) => {
      storage.sql.exec(
        "CREATE TRIGGER full BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'disk full'); END",
      );
    });
    for (const seq of [1, 2, 3]) socket.send(batch(channel, seq));
    const [first, ...rest] = await take(socket, 3);
    expect(first).toMatchObject({ type: "error", code: "storage_failed", producer, seq: 1, channel });
    expect(first?.["retryAfterMs"]).toBeGreaterThan(0);
    for (const { code } of rest) expect(["storage_failed", "sequence_hole"]).toContain(code);
    await runInDurableObject(stubOf(channel), (_, { storage }) => {
      storage.sql.exec("DROP TRIGGER full");
    });
    for (const seq of [1, 2, 3]) socket.send(batch(channel, seq));
    expect((await take(socket, 3)).map(({ type, seq }) => [type, seq])).toEqual([
      ["appended", 1],
      ["appended", 2],
      ["appended", 3],
    ]);
    expect(await stored(channel)).toEqual(["line 0", "line 1", "line 2", "line 3"]);
    socket.close();
  });

  test("[SAP5] producers go on when their channel's object has gone and come back", async () => {
    const channel = freshChannel();
    const socket = await open(channel);
    socket.send(batch(channel, 0));
    await socket.until("appended");
    await evictDurableObject(stubOf(channel), { webSockets: "close" });
    socket.send(batch(channel, 1));
    expect(await socket.next()).toMatchObject({ type: "appended", seq: 1, first: 2 });
    socket.close();
  });

  test("[SAP13] batches whose fate an aborted object took along are refused as retryable, and go again once", async () => {
    const channel = freshChannel();
    const socket = await open(channel);
    socket.send(batch(channel, 0));
    await socket.until("appended");
    const aborted = runInDurableObject(stubOf(channel), (_, state) => state.abort("a test"));
    for (const seq of [1, 2, 3]) socket.send(batch(channel, seq));
    await expect(aborted).rejects.toThrow();
    for (const { type, code, seq } of await take(socket, 3)) {
      // One that reached the next object is stored, or lacks those before it.
      if (type === "error") expect(["restarting", "internal", "sequence_hole"]).toContain(code);
      else expect(type).toBe("appended");
      expect([1, 2, 3]).toContain(seq);
    }
    for (const seq of [1, 2, 3]) socket.send(batch(channel, seq));
    expect((await take(socket, 3)).map(({ type, seq }) => [type, seq])).toEqual([
      ["appended", 1],
      ["appended", 2],
      ["appended", 3],
    ]);
    expect(await stored(channel)).toEqual(["line 0", "line 1", "line 2", "line 3"]);
    socket.close();
  });

  test("[SAP6] more than 8 MiB unacknowledged is refused with how long to wait; the socket stays open", {
    timeout: 30_000,
  }, async () => {
    const channel = freshChannel();
    const socket = await open(channel);
    const large = numbers(10).map(() => "x".repeat(60_000));
    const sent = numbers(16);
    for (const seq of sent) socket.send(batch(channel, seq, large));
    const answers = await take(socket, sent.length);
    const taken = answers.filter(({ type }) => type === "appended").length;
    expect(taken).toBeGreaterThan(12);
    expect(answers[taken]).toMatchObject({
      type: "error",
      code: "too_fast",
      seq: taken,
      expected: limits.unackedBytes,
      retryAfterMs: 1_000,
    });
    for (const { code } of answers.slice(taken + 1)) expect(["too_fast", "sequence_hole"]).toContain(code);
    socket.send(batch(channel, taken, ["later"]));
    expect(await socket.next()).toMatchObject({ type: "appended", seq: taken });
    socket.close();
  });

  const refused: readonly [name: string, frame: (channel: string) => object, code: string, about: object][] =
    [
      ["another channel", () => batch("build/other", 0), "invalid_field", { channel: "build/other", seq: 0 }],
      ["an unknown field", (c) => ({ ...batch(c, 0), more: 1 }), "unknown_field", { producer, seq: 0 }],
      ["no seq", (c) => ({ ...batch(c, 0), seq: undefined }), "missing_field", { producer }],
      ["a negative epoch", (c) => batch(c, 0, ["a"], -1), "invalid_field", { producer, seq: 0 }],
      ["no entries", (c) => batch(c, 0, []), "batch_empty", { producer, seq: 0 }],
      ["an unknown producer", (c) => batch(c, 3), "producer_unknown", { producer, seq: 3, expected: 0 }],
      [
        "too many entries",
        (c) => batch(c, 0, Array(5_001).fill("")),
        "too_many_entries",
        { expected: 5_000 },
      ],
      ["a viewer's frame", (channel) => ({ type: "subscribe", channel }), "unknown_frame", {}],
    ];
  test.each(refused)("[SAP7] %s is refused by itself", async (_, frame, code, about) => {
    const channel = freshChannel();
    const socket = await open(channel);
    socket.send(frame(channel));
    const answer = await socket.next();
    expect(answer).toMatchObject({ type: "error", code, ...about });
    expect(answer).not.toHaveProperty("received");
    socket.send(batch(channel, 0));
    expect(await socket.next()).toMatchObject({ type: "appended", seq: 0 });
    socket.close();
  });

  test("[SAP8] an older epoch is fenced, and after the end only a repeat is taken", async () => {
    const channel = freshChannel();
    const socket = await open(channel);
    socket.send(batch(channel, 0, ["a"], 2));
    socket.send(batch(channel, 0, ["b"], 1));
    const fenced = { type: "error", code: "producer_fenced", seq: 0, expected: 2 };
    expect(await take(socket, 2)).toMatchObject([{ type: "appended", epoch: 2 }, fenced]);
    await post(`/v1/channels/${channel}/end`, { status: "success" });
    socket.send(batch(channel, 0, ["a"], 2));
    socket.send(batch(channel, 1, ["c"], 2));
    expect(await take(socket, 2)).toMatchObject([
      { type: "appended", seq: 0, duplicate: true },
      { type: "error", code: "channel_ended", seq: 1 },
    ]);
    socket.close();
  });

  test("[SAP9] a frame beyond its bytes closes the socket 4400; a ping is answered", async () => {
    const channel = freshChannel();
    const socket = await open(channel);
    socket.send(pingText);
    expect(await socket.next()).toEqual({ type: "pong" });
    socket.send(batch(channel, 0, [`${"x".repeat(limits.upFrameBytes)}`]));
    expect(await socket.until("error")).toMatchObject({ code: "frame_too_large" });
    expect(await socket.closed).toEqual({ code: 4400, reason: "frame_too_large" });
  });
});

describe("who may produce", () => {
  const cases: readonly [
    name: string,
    grants: readonly string[],
    query: string,
    code: string,
    close: number,
  ][] = [
    ["only reads", ["read:build/*"], "", "forbidden", 4403],
    ["writes elsewhere", ["write:task/*"], "", "forbidden", 4403],
    ["writes to another project", ["write:project/shop"], "?project=blog", "forbidden", 4403],
    ["asks what is not known", ["write:build/*"], "?level=info", "unknown_field", 4400],
  ];
  test.each(cases)("[SAP10] whoever %s is refused, inside the socket and by status", async (...about) => {
    const [, grants, query, code, close] = about;
    const path = `/ws/producers/${freshChannel()}${query}`;
    const as = await token({ grants });
    const socket = await openSocket(path, { as });
    expect(await socket.next()).toMatchObject({ type: "error", code });
    expect(await socket.closed).toEqual({ code: close, reason: code });
    expect(await problemIn(await handshake(path, { as }))).toMatchObject({ code });
  });

  test("[SAP11] a project's producer begins a channel in it, and no other's goes on with that", async () => {
    const channel = freshChannel();
    const as = await token({ grants: ["write:project/shop"] });
    const socket = await open(channel, { as }, "?project=shop");
    socket.send(batch(channel, 0));
    expect(await socket.next()).toMatchObject({ type: "appended" });
    expect(await (await call(`/v1/channels/${channel}`)).json()).toMatchObject({ project: "shop" });
    const other = await open(
      channel,
      { as: await token({ grants: ["write:project/blog"] }) },
      "?project=blog",
    );
    expect(await other.next()).toMatchObject({ type: "error", code: "forbidden" });
    socket.close();
  });

  test("[SAP12] a token that expires is told, renewed, and else closes 4401", async () => {
    const channel = freshChannel();
    const short = () => token({ expiresInSeconds: 2 });
    const [renewed, expired] = [
      await open(channel, { as: await short() }),
      await open(channel, { as: await short() }),
    ];
    expect(await renewed.until("expiring")).toMatchObject({ inMs: expect.any(Number) });
    renewed.send({ type: "auth", token: await token({ grants: [`write:${channel}`] }) });
    expect(await expired.until("error")).toMatchObject({ code: "token_expired" });
    expect(await expired.closed).toEqual({ code: 4401, reason: "token_expired" });
    renewed.send(batch(channel, 0));
    expect(await renewed.next()).toMatchObject({ type: "appended" });
    renewed.send({ type: "auth", token: await token({ grants: [`read:${channel}`] }) });
    expect(await renewed.until("error")).toMatchObject({ code: "forbidden" });
    expect(await renewed.closed).toMatchObject({ code: 4401 });
  });
});
