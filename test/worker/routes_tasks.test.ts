import { describe, expect, test } from "vitest";
import { appendLines, call, freshChannel, post, problemIn, token } from "./gateway.ts";

interface Message {
  readonly level: string;
  readonly message: string;
  readonly progress: number | null;
  readonly step: string | null;
  readonly offset: number;
}

interface History {
  readonly task_id: string;
  readonly messages: readonly Message[];
  readonly offset: number;
  readonly next: number | null;
  readonly total: number;
}

/** A task's channel, and its id. */
function freshTask(): { channel: string; id: string } {
  const channel = freshChannel("task");
  return { channel, id: channel.slice("task/".length) };
}

async function historyOf(id: string, query = ""): Promise<History> {
  const response = await call(`/v1/log/history?task_id=${encodeURIComponent(id)}${query}`);
  expect(response.status).toBe(200);
  return response.json();
}

async function statusOf(id: string): Promise<unknown> {
  const response = await call(`/v1/log/status?task_id=${encodeURIComponent(id)}`);
  expect(response.status).toBe(200);
  return response.json();
}

const offsets = ({ messages }: History) => messages.map(({ offset }) => offset);
const append = (channel: string, entries: readonly object[]) =>
  post(`/v1/channels/${channel}/entries`, { entries });

describe("GET /v1/log/history", () => {
  test("[THIS1] answers messages whose keys are all there, with progress and step carried on", async () => {
    const { channel, id } = freshTask();
    await append(channel, [
      { line: "begin", ts: 1_000 },
      { line: "unpack", ts: 2_000, progress: 40, step: "Unpack", currentStep: 2, totalSteps: 5 },
      { line: "slow disk", ts: 3_000, level: "warn" },
      { kind: "event", event: "disk", data: { free: 1 }, ts: 4_000 },
    ]);
    const known = { progress: 40, step: "Unpack", current_step: 2, total_steps: 5 };
    expect(await historyOf(id)).toEqual({
      task_id: id,
      messages: [
        {
          timestamp: "1970-01-01T00:00:01.000Z",
          level: "INFO",
          message: "begin",
          progress: 0,
          step: null,
          current_step: null,
          total_steps: null,
          offset: 1,
        },
        { timestamp: "1970-01-01T00:00:02.000Z", level: "INFO", message: "unpack", ...known, offset: 2 },
        { timestamp: "1970-01-01T00:00:03.000Z", level: "WARN", message: "slow disk", ...known, offset: 3 },
        {
          timestamp: "1970-01-01T00:00:04.000Z",
          level: "INFO",
          message: 'disk {"free":1}',
          ...known,
          offset: 4,
        },
      ],
      offset: 0,
      next: null,
      total: 4,
    });
  });

  test("[THIS2] is paged by offset until next is null, each message once and as on one large page", async () => {
    const { channel, id } = freshTask();
    await append(
      channel,
      Array.from({ length: 250 }, (_, i) => ({
        line: `line ${i}`,
        ...(i % 40 === 7 && { progress: i / 4 }),
      })),
    );
    const whole = await historyOf(id);
    expect(offsets(whole)).toEqual(Array.from({ length: 250 }, (_, i) => i + 1));
    const found: Message[] = [];
    for (let next: number | null = 0; next !== null; ) {
      const page = await historyOf(id, `&offset=${next}&limit=60`);
      expect(page).toMatchObject({ offset: next, total: 250 });
      found.push(...page.messages);
      next = page.next;
    }
    expect(found).toEqual(whole.messages);
    expect(await historyOf(id, "&offset=250")).toMatchObject({ messages: [], next: null });
  });

  test("[THIS3] a task that nothing was written to is empty, and an id with a slash is a whole channel name", async () => {
    expect(await historyOf(freshTask().id)).toMatchObject({ messages: [], next: null, total: 0 });
    const channel = freshChannel();
    await appendLines(channel, ["a"]);
    expect(await historyOf(channel)).toMatchObject({ task_id: channel, messages: [{ message: "a" }] });
  });

  test("[THIS4] an offset of which the following is gone is 410 with the oldest", async () => {
    const { channel, id } = freshTask();
    await appendLines(channel, ["a", "b", "c"]);
    await call(`/v1/channels/${channel}`, { method: "DELETE" });
    await append(channel, [{ line: "new" }]);
    const gone = await call(`/v1/log/history?task_id=${id}&offset=1`);
    const problem = await gone.json();
    expect(problem).toMatchObject({ status: 410, code: "cursor_trimmed", oldest: 4 });
    expect((problem as { detail: string }).detail).toContain("offset=3");
    expect(await historyOf(id, "&offset=3")).toMatchObject({ messages: [{ offset: 4, progress: 0 }] });
  });

  test("[THIS5] an offset past the newest is told by a WARN, and reading goes on from the oldest", async () => {
    const { channel, id } = freshTask();
    await appendLines(channel, ["a", "b"]);
    const { messages, offset } = await historyOf(id, "&offset=9");
    expect(offset).toBe(9);
    expect(messages).toMatchObject([
      { level: "WARN", offset: 0, message: expect.stringContaining("deleted") },
      { offset: 1, message: "a" },
      { offset: 2, message: "b" },
    ]);
  });
});

describe("GET /v1/log/status", () => {
  test("[TSTA1] goes from waiting through running to its end", async () => {
    const { channel, id } = freshTask();
    const open = { task_id: id, is_completed: false, success: false, exit_code: null };
    const unknown = { step: null, current_step: null, total_steps: null };
    expect(await statusOf(id)).toEqual({ ...open, status: "waiting", progress: 0, ...unknown });
    await append(channel, [{ line: "x", progress: 40, step: "Unpack", currentStep: 2, totalSteps: 5 }]);
    const known = { step: "Unpack", current_step: 2, total_steps: 5 };
    expect(await statusOf(id)).toEqual({ ...open, status: "running", progress: 40, ...known });
    await post(`/v1/channels/${channel}/end`, { status: "success", exitCode: 0 });
    expect(await statusOf(id)).toEqual({
      task_id: id,
      status: "success",
      progress: 100,
      ...known,
      is_completed: true,
      success: true,
      exit_code: 0,
    });
  });

  test("[TSTA2] an end that is no success keeps the progress it came to", async () => {
    for (const status of ["failure", "cancelled", "expired"]) {
      const { channel, id } = freshTask();
      await append(channel, [{ line: "x", progress: 40 }]);
      await post(`/v1/channels/${channel}/end`, { status, ...(status === "failure" && { exitCode: 3 }) });
      expect(await statusOf(id)).toMatchObject({
        status,
        progress: 40,
        is_completed: true,
        success: false,
        exit_code: status === "failure" ? 3 : null,
      });
    }
  });
});

describe("a task's endpoints", () => {
  test("[TREF1] refuse what they do not take, and who may not read", async () => {
    const { id } = freshTask();
    const refusals: readonly [path: string, code: string, says: string][] = [
      ["/v1/log/history", "missing_field", "task_id"],
      [`/v1/log/history?task_id=${id}&offset=-1`, "invalid_field", "an integer from 0"],
      [`/v1/log/history?task_id=${id}&limit=5001`, "invalid_field", "from 1 to 5000"],
      [`/v1/log/history?task_id=${id}&page=2`, "unknown_field", "task_id, offset, limit"],
      ["/v1/log/history?task_id=a%20b", "channel_name_invalid", "task_id"],
      ["/v1/log/status", "missing_field", "task_id"],
      [`/v1/log/status?task_id=${id}&x=1`, "unknown_field", "task_id"],
      ["/v1/log/status?task_id=..%2F..%2Fetc", "channel_name_invalid", "kind/id"],
    ];
    for (const [path, code, says] of refusals) {
      const problem = await problemIn(await call(path));
      expect(problem).toMatchObject({ status: 400, code });
      expect(problem.detail).toContain(says);
    }
    const other = await token({ grants: ["read:task/other", "command:task/*"] });
    for (const path of [`/v1/log/history?task_id=${id}`, `/v1/log/status?task_id=${id}`]) {
      expect(await problemIn(await call(path, { as: other }))).toMatchObject({ status: 403 });
      expect(await problemIn(await call(path, { as: null }))).toMatchObject({ status: 401 });
    }
  });
});
