import { expect, test } from "vitest";
import { appendLines, call, freshChannel, post, problemIn, token } from "./gateway.ts";

interface Answer {
  readonly plugin_id: string;
  readonly logs: readonly { cursor: number; message: string; level: string; timestamp: string }[];
  readonly total_lines: number;
  readonly returned_lines: number;
  readonly searched_from?: number;
}

async function logsOf(id: string, query = ""): Promise<Answer> {
  const response = await call(`/plugin/${id}/logs${query}`);
  expect(response.status).toBe(200);
  return response.json();
}

const cursors = ({ logs }: Answer) => logs.map(({ cursor }) => cursor);

/** A plugin's channel, and its id. */
function freshPlugin(): { channel: string; id: string } {
  const channel = freshChannel("plugin");
  return { channel, id: channel.slice("plugin/".length) };
}

const sent = [
  { line: "Fetch the list", ts: 1_000, stage: "install", fields: { n: 1 } },
  { line: "fetch failed", ts: 2_000, level: "error" },
  { line: "prefetch", ts: 3_000, level: "warn" },
  { kind: "event", event: "fetch.done", data: { n: 1 }, ts: 4_000 },
];

test("[PLOG1] answers the last lines, in order, the newest last; 100 of them when none is said", async () => {
  const { channel, id } = freshPlugin();
  await appendLines(
    channel,
    Array.from({ length: 250 }, (_, i) => `line ${i + 1}`),
  );
  const last = await logsOf(id);
  expect(last).toMatchObject({ plugin_id: id, total_lines: 250, returned_lines: 100 });
  expect(cursors(last)).toEqual(Array.from({ length: 100 }, (_, i) => i + 151));
  expect(cursors(await logsOf(id, "?lines=3"))).toEqual([248, 249, 250]);
  const all = await logsOf(id, "?lines=5000");
  expect(all.returned_lines).toBe(250);
  expect(Object.keys(all)).toEqual(["plugin_id", "logs", "total_lines", "returned_lines"]);
});

test("[PLOG2] a log has ISO time, the level in upper case, stage and fields where there are; an event is a line", async () => {
  const { channel, id } = freshPlugin();
  await post(`/v1/channels/${channel}/entries`, { entries: sent });
  expect((await logsOf(id)).logs).toEqual([
    {
      timestamp: "1970-01-01T00:00:01.000Z",
      level: "INFO",
      message: "Fetch the list",
      cursor: 1,
      stage: "install",
      fields: { n: 1 },
    },
    { timestamp: "1970-01-01T00:00:02.000Z", level: "ERROR", message: "fetch failed", cursor: 2 },
    { timestamp: "1970-01-01T00:00:03.000Z", level: "WARN", message: "prefetch", cursor: 3 },
    { timestamp: "1970-01-01T00:00:04.000Z", level: "INFO", message: 'fetch.done {"n":1}', cursor: 4 },
  ]);
});

test("[PLOG3] filters by level in any case, time and literal text; total_lines stays the channel's", async () => {
  const { channel, id } = freshPlugin();
  await post(`/v1/channels/${channel}/entries`, { entries: sent });
  const found = async (query: string) => {
    const answer = await logsOf(id, query);
    expect(answer).toMatchObject({ total_lines: 4, returned_lines: answer.logs.length });
    return cursors(answer);
  };
  expect(await found("?level=error,WARN")).toEqual([2, 3]);
  expect(await found("?level=Info")).toEqual([1, 4]);
  expect(await found("?search=FETCH&lines=2")).toEqual([3, 4]);
  expect(await found("?search=fetch.")).toEqual([4]);
  expect(await found("?search=%22n%22:1")).toEqual([4]);
  expect(await found("?start_time=2000&end_time=1970-01-01T00:00:03Z")).toEqual([2, 3]);
  expect(await found("?start_time=3000&end_time=1000")).toEqual([]);
  expect(await found("?level=fatal")).toEqual([]);
});

test("[PLOG7] a filter that was left empty is absent", async () => {
  const { channel, id } = freshPlugin();
  await post(`/v1/channels/${channel}/entries`, { entries: sent });
  const all = await logsOf(id);
  expect(await logsOf(id, "?lines=100&level=&start_time=&end_time=&search=")).toEqual(all);
  expect(cursors(await logsOf(id, "?lines=&level=error&search="))).toEqual([2]);
});

test("[PLOG4] a plugin that never logged has no lines; an id with a slash is a whole channel name", async () => {
  expect(await logsOf(freshPlugin().id)).toMatchObject({ logs: [], total_lines: 0, returned_lines: 0 });
  const channel = freshChannel();
  await appendLines(channel, ["a", "b"]);
  const encoded = encodeURIComponent(channel);
  expect(await logsOf(encoded, "?lines=1")).toMatchObject({
    plugin_id: channel,
    logs: [{ cursor: 2, message: "b" }],
  });
  const head = await call(`/plugin/${encoded}/logs`, { method: "DELETE" });
  expect([head.status, head.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});

test("[PLOG5] a search that ends before the oldest line says how far it looked", async () => {
  const { channel, id } = freshPlugin();
  await appendLines(channel, ["the needle"]);
  const lines = Array.from({ length: 60 }, (_, i) => `${i} ${"x".repeat(60_000)}`);
  for (const half of [lines.slice(0, 30), lines.slice(30)]) {
    await appendLines(channel, half);
    await appendLines(channel, half);
    await appendLines(channel, half);
  }
  const answer = await logsOf(id, "?search=needle");
  expect(answer).toMatchObject({ returned_lines: 0, total_lines: 181 });
  expect(answer.searched_from).toBeGreaterThan(1);
  expect(answer.searched_from).toBeLessThan(181);
});

test("[PLOG6] what it does not take, or who may not read, is refused", async () => {
  const { id } = freshPlugin();
  const refusals: readonly [query: string, code: string, says: string][] = [
    ["?lines=0", "invalid_field", "from 1 to 5000"],
    ["?lines=5001", "invalid_field", "from 1 to 5000"],
    ["?level=LOUD", "invalid_field", "TRACE, DEBUG, INFO, SUCCESS, WARN, ERROR, FATAL"],
    ["?start_time=yesterday", "invalid_field", "ISO 8601"],
    [`?search=${"x".repeat(257)}`, "invalid_field", "1 to 256"],
    ["?colour=", "unknown_field", "lines, level, start_time, end_time, search"],
    ["?level=&level=", "invalid_field", "more than once"],
    ["?colour=red", "unknown_field", "lines, level, start_time, end_time, search"],
    ["?lines=1&lines=2", "invalid_field", "more than once"],
  ];
  for (const [query, code, says] of refusals) {
    const problem = await problemIn(await call(`/plugin/${id}/logs${query}`));
    expect(problem).toMatchObject({ status: 400, code });
    expect(problem.detail).toContain(says);
  }
  expect(await problemIn(await call("/plugin/a%20b/logs"))).toMatchObject({
    status: 400,
    code: "channel_name_invalid",
  });
  expect(await problemIn(await call("/plugin/a%2Fb%2Fc/logs"))).toMatchObject({
    code: "channel_name_invalid",
  });
  expect(await problemIn(await call(`/plugin/${id}/logs`, { as: null }))).toMatchObject({ status: 401 });
  const other = await token({ grants: ["read:plugin/other", "write:plugin/*"] });
  expect(await problemIn(await call(`/plugin/${id}/logs`, { as: other }))).toMatchObject({
    status: 403,
    code: "forbidden",
  });
});
