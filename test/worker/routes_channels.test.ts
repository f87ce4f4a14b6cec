import { describe, expect, test } from "vitest";
import { appendLines, call, freshChannel, post, problemIn, token } from "./gateway.ts";

interface History {
  readonly entries: { cursor: number; line?: string; event?: string }[];
  readonly count?: number;
  readonly next: number | null;
  readonly oldest: number;
  readonly tail: number;
  readonly ended: boolean;
}

async function history(channel: string, query = ""): Promise<History> {
  const response = await call(`/v1/channels/${channel}/entries${query}`);
  expect(response.status).toBe(200);
  return response.json();
}

/** Its text; workerd warns where text() is asked of NDJSON. */
async function textOf(response: Response): Promise<string> {
  return new TextDecoder().decode(await response.arrayBuffer());
}

const cursors = ({ entries }: History) => entries.map(({ cursor }) => cursor);

async function numbered(count: number): Promise<string> {
  const channel = freshChannel();
  await appendLines(
    channel,
    Array.from({ length: count }, (_, i) => `line ${i + 1}`),
  );
  return channel;
}

describe("history", () => {
  test("is paged forwards and backwards until next is null, each entry once", async () => {
    const channel = await numbered(250);
    const forwards: number[] = [];
    let page = await history(channel, "?limit=100");
    forwards.push(...cursors(page));
    while (page.next !== null) {
      page = await history(channel, `?limit=100&after=${page.next}`);
      forwards.push(...cursors(page));
    }
    expect(forwards).toEqual(Array.from({ length: 250 }, (_, i) => i + 1));
    const last = await history(channel, "?before=251&limit=100");
    expect(cursors(last)).toEqual(Array.from({ length: 100 }, (_, i) => i + 151));
    const first = await history(channel, `?before=${last.next}&limit=200`);
    expect(first).toMatchObject({ next: null, oldest: 1, tail: 250, ended: false });
    expect(cursors(first)).toEqual(Array.from({ length: 150 }, (_, i) => i + 1));
  });

  test("is filtered by level, stage, time and text", async () => {
    const channel = freshChannel();
    const sent = [
      { line: "Fetch the list", ts: 1_000, stage: "install" },
      { line: "fetch failed", ts: 2_000, level: "error", stage: "install" },
      { line: "prefetch", ts: 3_000, level: "warn", stage: "test" },
      { kind: "event", event: "fetch.done", data: { n: 1 }, ts: 4_000 },
    ];
    await post(`/v1/channels/${channel}/entries`, { entries: sent });
    const found = async (query: string) => cursors(await history(channel, query));
    expect(await found("?level=error,warn")).toEqual([2, 3]);
    expect(await found("?stage=install")).toEqual([1, 2]);
    expect(await found("?search=fetch")).toEqual([1, 2, 3, 4]);
    expect(await found("?search=fetch&case=1")).toEqual([2, 3, 4]);
    expect(await found("?search=fetch&word=1")).toEqual([1, 2, 4]);
    expect(await found("?search=^fetch&regex=1")).toEqual([1, 2, 4]);
    expect(await found("?search=^f.*d$&regex=1&case=1&stage=install")).toEqual([2]);
    expect(await found("?since=2000&until=1970-01-01T00:00:03Z")).toEqual([2, 3]);
    const counted = await history(channel, "?search=fetch&count=1");
    expect(counted).toMatchObject({ count: 4, next: null });
    expect(counted).not.toHaveProperty("entries");
  });

  test("comes as NDJSON or text, with what JSON has beside the entries in headers", async () => {
    const channel = await numbered(3);
    const ask = (accept: string) => call(`/v1/channels/${channel}/entries?limit=2`, { headers: { accept } });
    const ndjson = await ask("application/x-ndjson");
    const lines = (await textOf(ndjson))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { cursor: 1, line: "line 1" },
      { cursor: 2, line: "line 2" },
    ]);
    expect(ndjson.headers.get("tailrace-next")).toBe("2");
    expect(ndjson.headers.get("tailrace-tail")).toBe("3");
    expect(await (await ask("text/plain")).text()).toBe("line 1\nline 2\n");
  });

  test("waits for what follows", async () => {
    const channel = await numbered(1);
    const waiting = history(channel, "?after=1&wait=30");
    await appendLines(channel, ["line 2"]);
    expect(cursors(await waiting)).toEqual([2]);
    await post(`/v1/channels/${channel}/end`, { status: "success" });
    expect(await history(channel, "?after=2&wait=30")).toMatchObject({
      entries: [],
      ended: true,
      next: null,
    });
  });

  test("a cursor of a deleted journal is refused with the oldest", async () => {
    const channel = await numbered(5);
    expect((await call(`/v1/channels/${channel}`, { method: "DELETE" })).status).toBe(204);
    await appendLines(channel, ["new"]);
    const response = await call(`/v1/channels/${channel}/entries?after=2`);
    expect(await response.json()).toMatchObject({ status: 410, code: "cursor_trimmed", oldest: 6 });
    expect(cursors(await history(channel))).toEqual([6]);
    expect(cursors(await history(channel, "?after=0"))).toEqual([6]);
  });

  const bad: readonly [query: string, code: string, says: string][] = [
    ["?colour=red", "unknown_field", '"colour"'],
    ["?after=x", "invalid_field", "an integer from 0"],
    ["?after=1&after=2", "invalid_field", "more than once"],
    ["?after=1&before=9", "invalid_field", "both after and before"],
    ["?limit=5001", "invalid_field", "from 1 to 5000"],
    ["?level=loud", "invalid_field", "trace,"],
    ["?since=yesterday", "invalid_field", "ISO 8601"],
    ["?wait=61", "invalid_field", "from 0 to 60"],
    ["?search=(&regex=1", "invalid_field", "an expression in RE2's syntax"],
    ["?search=(%3F%3Da)b&regex=1", "invalid_field", "look-arounds"],
    ["?search=(a)%5C1&regex=1", "invalid_field", "back references"],
  ];
  test.each(bad)("%s is refused", async (query, code, says) => {
    const problem = await problemIn(await call(`/v1/channels/${freshChannel()}/entries${query}`));
    expect(problem).toMatchObject({ status: 400, code });
    expect(problem.detail).toContain(says);
  });
});

describe("download", () => {
  test("streams many pages, whole", async () => {
    const channel = freshChannel();
    const lines = Array.from({ length: 12_000 }, (_, i) => `${i} ${"x".repeat(120)}`);
    for (let i = 0; i < lines.length; i += 4_000) await appendLines(channel, lines.slice(i, i + 4_000));
    const response = await call(`/v1/channels/${channel}/download`);
    expect(response.headers.get("content-disposition")).toBe(
      `attachment; filename="${channel.replace("/", "-")}.log"`,
    );
    expect(await response.text()).toBe(lines.map((line) => `${line}\n`).join(""));
  });

  test("has formats, a range and filters", async () => {
    const channel = freshChannel("plugin");
    await appendLines(channel, ["\x1b[31mred\x1b[0m", "\x1b]8;;http://a\x07link\x1b]8;;\x07", "plain"]);
    const get = async (query: string) => textOf(await call(`/v1/channels/${channel}/download${query}`));
    expect(await get("?format=plain")).toBe("red\nlink\nplain\n");
    expect(await get("?from=2&to=2&format=plain")).toBe("link\n");
    expect(await get("?search=plain")).toBe("plain\n");
    expect(JSON.parse(await get("?format=ndjson&from=3"))).toMatchObject({ cursor: 3, line: "plain" });
    expect(await problemIn(await call(`/v1/channels/${channel}/download?format=pdf`))).toMatchObject({
      code: "invalid_field",
    });
  });

  test("of nothing is not found", async () => {
    const response = await call(`/v1/channels/${freshChannel()}/download`);
    expect(await problemIn(response)).toMatchObject({ status: 404, code: "channel_not_found" });
  });
});

describe("summary, end and delete", () => {
  test("a channel tells its stages and counts, and ends once", async () => {
    const channel = freshChannel();
    expect(await (await call(`/v1/channels/${channel}`)).json()).toMatchObject({
      status: "waiting",
      epoch: null,
    });
    await appendLines(channel, ["a", "b"], "?stage=install");
    const summary = await (await call(`/v1/channels/${channel}`)).json();
    expect(summary).toMatchObject({
      channel,
      status: "running",
      tail: 2,
      lines: 2,
      bytes: 4,
      stages: [{ name: "install", first: 1, lines: 2 }],
    });
    const end = await post(`/v1/channels/${channel}/end`, { status: "failure", exitCode: 2 });
    const receipt = await end.json();
    expect(receipt).toMatchObject({
      cursor: 2,
      status: "failure",
      lines: 2,
      bytes: 4,
      crc32: "18572a97",
      exitCode: 2,
    });
    const again = await post(`/v1/channels/${channel}/end`, { status: "success" });
    expect(await again.json()).toEqual(receipt);
    expect(await problemIn(await appendLines(channel, ["late"]))).toMatchObject({
      status: 409,
      code: "channel_ended",
    });
  });

  test.each([
    [{}, "missing_field"],
    [{ status: "done" }, "invalid_field"],
    [{ status: "success", exitCode: 1.5 }, "invalid_field"],
    [{ status: "success", why: "" }, "unknown_field"],
  ])("an end of %j is refused", async (body, code) => {
    const response = await post(`/v1/channels/${freshChannel()}/end`, body);
    expect(await problemIn(response)).toMatchObject({ status: 400, code });
  });

  test("what is not there cannot be deleted", async () => {
    const response = await call(`/v1/channels/${freshChannel()}`, { method: "DELETE" });
    expect(await problemIn(response)).toMatchObject({ status: 404, code: "channel_not_found" });
  });

  test.each(["Build/1", "build/a%2Fb", "build/a%20b", `build/${"x".repeat(129)}`])(
    "%s is no channel",
    async (name) => {
      const problem = await problemIn(await call(`/v1/channels/${name}`));
      expect(problem).toMatchObject({ status: 400, code: "channel_name_invalid" });
      expect(problem.detail).toContain("[A-Za-z0-9._:@-]{1,128}");
    },
  );
});

test("the list shows what exists and may be read, newest first", async () => {
  const tenant = `t-${crypto.randomUUID().slice(0, 8)}`;
  const as = await token({ tenant });
  for (const channel of ["build/one", "build/two", "task/three"]) {
    await post(`/v1/channels/${channel}/entries`, { entries: [{ line: "a", level: "error" }] }, { as });
  }
  await post("/v1/channels/build/two/end", { status: "success" }, { as });
  const list = async (query: string, who = as) => {
    const page = (await (await call(`/v1/channels${query}`, { as: who })).json()) as {
      channels: { channel: string }[];
      next: string | null;
    };
    return { names: page.channels.map(({ channel }) => channel), next: page.next };
  };
  await expect.poll(async () => (await list("?kind=build&status=success")).names).toEqual(["build/two"]);
  expect((await list("")).names.toSorted()).toEqual(["build/one", "build/two", "task/three"]);
  expect((await list("?text=TWO")).names).toEqual(["build/two"]);
  const first = await list("?limit=2");
  const rest = await list(`?limit=2&before=${first.next}`);
  expect([...first.names, ...rest.names].toSorted()).toEqual(["build/one", "build/two", "task/three"]);
  expect(rest.next).toBeNull();
  const some = await token({ tenant, grants: ["read:task/*"] });
  expect((await list("", some)).names).toEqual(["task/three"]);
  expect(await problemIn(await call("/v1/channels?limit=0", { as }))).toMatchObject({
    code: "invalid_field",
  });
  expect(await problemIn(await call("/v1/channels?before=x", { as }))).toMatchObject({
    code: "invalid_field",
  });
});
