import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { parseWatchTarget } from "../../client/cli/watch/channel_url.ts";
import { withoutEscapes } from "../../client/cli/watch/escapes.ts";
import { Follower } from "../../client/cli/watch/follower.ts";
import { Printer } from "../../client/cli/watch/printer.ts";
import type { LogEntry, SubscribedFrame } from "../../protocol/mod.ts";
import { cli } from "../e2e/cli_support.ts";
import { WireGateway } from "./wire_gateway.ts";

const log = (line: string, more: Partial<LogEntry> = {}): LogEntry => ({
  kind: "log",
  ts: 0,
  level: "info",
  line,
  ...more,
});

describe("what to watch", () => {
  test.each([
    ["42", { channel: { name: "build/42" } }],
    ["plugin/web", { channel: { name: "plugin/web" } }],
    ["http://h:1/builds/42", { url: "http://h:1", channel: { name: "build/42" } }],
    [
      "https://h/builds/a%3Ab/#token=t.o.k",
      { url: "https://h", token: "t.o.k", channel: { name: "build/a:b" } },
    ],
    ["https://h/channels/task/x?y=1", { url: "https://h", channel: { name: "task/x" } }],
  ])("%s", (text, target) => {
    expect(parseWatchTarget(text)).toMatchObject({ ok: true, value: target });
  });

  test.each(["Build/4 2", "http://h/", "http://h/builds/", "http://h/builds/%", "http://h/channels/web"])(
    "%s is refused",
    (text) => expect(parseWatchTarget(text).ok).toBe(false),
  );

  test("a refusal does not repeat the token", () => {
    expect(JSON.stringify(parseWatchTarget("http://h/nothing#token=secret"))).not.toContain("secret");
  });
});

describe("a log on a terminal", () => {
  test("colours stay if wanted; nothing else that steers a terminal does", () => {
    const line =
      "\x1b[1;31mred\x1b[0m \x1b]0;title\x07\x1b]52;c;AAAA\x1b\\\x1b[2J\x1b[6n\x1b[?25l\x1bPq\x1b\\\x1bc\x07\x9b31mtab\t\rend\x1b]8;;http";
    expect(withoutEscapes(line, true)).toBe("\x1b[1;31mred\x1b[0m 31mtab\t\rend");
    expect(withoutEscapes(line, false)).toBe("red 31mtab\t\rend");
  });

  test("a query that ends in m is no colour", () => {
    expect(withoutEscapes("\x1b[>4;2mx\x1b[?4my", true)).toBe("xy");
  });
});

describe("Printer", () => {
  const entries = [
    log("a\x1b[1m!", { ts: 1_000 }),
    log("long ", { more: true }),
    log("line"),
    { kind: "event", ts: 2_000, event: "node", data: { ok: true } } as const,
  ];

  test("text is made of lines, of which the parts of a long one are one", () => {
    const printer = new Printer({ output: "text", hasTimestamps: false, isColored: false });
    expect(printer.print(1, entries)).toBe('a!\nlong line\n• node {"ok":true}\n');
  });

  test("a time begins each line once", () => {
    const printer = new Printer({ output: "text", hasTimestamps: true, isColored: false });
    const zero = "1970-01-01T00:00:00.000Z";
    expect(printer.print(1, entries.slice(0, 2))).toBe(`1970-01-01T00:00:01.000Z a!\n${zero} long `);
    expect(printer.print(3, entries.slice(2, 3))).toBe("line\n");
  });

  test("raw is the stored text, without events", () => {
    const printer = new Printer({ output: "raw", hasTimestamps: false, isColored: true });
    expect(printer.print(1, entries)).toBe("a\x1b[1m!\nlong line\n");
  });

  test("ndjson has every entry with its cursor", () => {
    const printer = new Printer({ output: "ndjson", hasTimestamps: false, isColored: true });
    const lines = printer.print(7, entries).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      entries.map((entry, i) => ({ cursor: 7 + i, ...entry })),
    );
  });
});

describe("Follower", () => {
  const subscribed = (frame: Partial<SubscribedFrame>): SubscribedFrame => ({
    type: "subscribed",
    channel: "build/1",
    epoch: "e",
    first: 1,
    cursor: 0,
    tail: 0,
    oldest: 1,
    ended: false,
    resumed: true,
    windowBytes: 65_536,
    ...frame,
  });

  function setUp(follows: boolean) {
    const out = new PassThrough({ highWaterMark: 4 });
    const notices: string[] = [];
    const printer = new Printer({ output: "text", hasTimestamps: false, isColored: false });
    const follower = new Follower({ printer, follows, out, notice: (text) => notices.push(text) });
    return { out, notices, follower };
  }

  test("an entry is taken when its reader has taken it", async () => {
    const { out, follower } = setUp(true);
    let isTaken = false;
    const taken = follower.onEntries(1, [log("more than four bytes")]).then(() => {
      isTaken = true;
    });
    await Promise.resolve();
    expect(isTaken).toBe(false);
    out.resume();
    await taken;
  });

  test("without following it ends at the tail that there was, whatever tells of it", async () => {
    for (const reach of [
      (follower: Follower) => follower.onEntries(4, [log("a"), log("b")]),
      (follower: Follower) => follower.onSkipped({ type: "skipped", channel: "build/1", to: 6 }),
      (follower: Follower) =>
        follower.onGap({ type: "gap", channel: "build/1", from: 1, to: 5, count: 5, reason: "retention" }),
    ]) {
      const { out, follower } = setUp(false);
      out.resume();
      follower.onSubscribed(subscribed({ tail: 5 }));
      await reach(follower);
      expect(await follower.outcome).toEqual({ kind: "level" });
    }
  });

  test("an empty channel is read at once without following", async () => {
    const { notices, follower } = setUp(false);
    follower.onSubscribed(subscribed({ epoch: null }));
    expect(await follower.outcome).toEqual({ kind: "level" });
    expect(notices).toEqual(["build/1 has not begun."]);
  });

  test("an outage is told once, and its end", () => {
    const { notices, follower } = setUp(true);
    const problem = { code: "connection_lost", message: "The connection was lost." } as const;
    follower.onProblem(problem);
    follower.onProblem(problem);
    follower.onSubscribed(subscribed({}));
    expect(notices).toEqual(["The connection was lost. Trying again.", "connected again"]);
  });

  test("a final problem is the outcome", async () => {
    const { follower } = setUp(true);
    const problem = { code: "forbidden", message: "No.", final: true } as const;
    follower.onProblem(problem);
    expect(await follower.outcome).toEqual({ kind: "failed", problem });
  });
});

describe("the end", () => {
  test("[CLI17] a text of the same length that is not what was ended is told by its CRC-32", async () => {
    const gateway = await WireGateway.start();
    try {
      const journal = gateway.journal("build/1");
      journal.append(["hellO"]);
      journal.finish();
      const crc32 = "363a3020";
      if (journal.end !== null) journal.end = { ...journal.end, crc32 };
      const watching = ["watch", "build/1", "--url", gateway.url, "--token", "t"];
      const { code, stdout, stderr } = await cli(watching);
      expect([code, stdout.toString()]).toEqual([0, "hellO\n"]);
      expect((await cli([...watching, "--exit-status"])).code).toBe(1);
      expect(stderr.toString()).toMatch(
        /not what was ended: 1 line, 6 bytes, CRC-32 [0-9a-f]{8} were read, of 1 line, 6 bytes, CRC-32 363a3020\n/,
      );
      expect(stderr.toString()).not.toContain("CRC-32 363a3020 were");
    } finally {
      await gateway.stop();
    }
  });
});
