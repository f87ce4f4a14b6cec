import { describe, expect, test } from "vitest";
import { commandObject } from "../../worker/objects/env.ts";
import { tenant, testEnv } from "./channel_client.ts";
import { appendLines, call, freshChannel, post, problemIn, token } from "./gateway.ts";

const install = (body: object, as?: string) => post("/v1/soft/install", body, as === undefined ? {} : { as });

async function started(body: object): Promise<{ task_id: string; fn: string }> {
  const response = await install(body);
  expect(response.status).toBe(200);
  return response.json();
}

const commandOf = (taskId: string, id: string) =>
  commandObject(testEnv, tenant, `task/${taskId}`).readCommand({ tenant, channel: `task/${taskId}`, id });

describe("POST /v1/soft/install", () => {
  test("[INST1] answers at once with a new task, whose install waits for a runner of its group", async () => {
    const answer = await started({ key: "nginx", version: "1.28.0", group: "web", port: 8080, tls: null });
    expect(answer).toEqual({ task_id: expect.any(String), fn: `${answer.task_id}.log` });
    expect(await commandOf(answer.task_id, "nginx")).toMatchObject({
      ok: true,
      value: {
        channel: `task/${answer.task_id}`,
        name: "install",
        from: "ada",
        group: "web",
        state: "accepted",
      },
    });
    const status = await call(`/v1/log/status?task_id=${answer.task_id}`);
    expect(await status.json()).toMatchObject({ status: "waiting", progress: 0, is_completed: false });
    const other = await started({ key: "nginx", version: 2 });
    expect(other.task_id).not.toBe(answer.task_id);
    expect(await commandOf(other.task_id, "nginx")).not.toHaveProperty("value.group");
  });

  const refusals: readonly [what: string, body: object, code: string, says: string][] = [
    ["no key", { version: "1" }, "missing_field", "key"],
    ["no version", { key: "nginx" }, "missing_field", "version"],
    ["a key that is a path", { key: "../sh", version: "1" }, "invalid_field", "key"],
    ["a command after the version", { key: "a", version: "1; rm -rf /" }, "invalid_field", "version"],
    ["a substitution", { key: "a", version: "1", path: "$(id)" }, "invalid_field", "path"],
    ["a parameter that is a list", { key: "a", version: "1", hosts: ["x"] }, "invalid_field", "hosts"],
    ["a parameter's name", { key: "a", version: "1", "a b": "x" }, "invalid_field", "a b"],
    ["a group that is none", { key: "a", version: "1", group: "a b" }, "invalid_field", "group"],
  ];
  test.each(refusals)("[INST2] %s is refused", async (_, body, code, says) => {
    const problem = await problemIn(await install(body));
    expect(problem).toMatchObject({ status: 400, code });
    expect(problem.detail).toContain(says);
  });

  test("[INST3] needs the grant to command every task, an object as body, and no query", async () => {
    const body = { key: "nginx", version: "1" };
    for (const grants of [
      ["read:task/*"],
      ["command:task/one"],
      ["command:project/p"],
      ["command:build/*"],
    ]) {
      const problem = await problemIn(await install(body, await token({ grants })));
      expect(problem).toMatchObject({ status: 403, code: "forbidden" });
      expect(problem.detail).toContain("command:task/*");
    }
    expect((await install(body, await token({ grants: ["command:task/*"] }))).status).toBe(200);
    expect(await problemIn(await call("/v1/soft/install", { method: "POST", as: null }))).toMatchObject({
      status: 401,
    });
    expect(await problemIn(await post("/v1/soft/install?x=1", body))).toMatchObject({
      code: "unknown_field",
    });
    expect(await problemIn(await install([]))).toMatchObject({ status: 400 });
    const plain = await call("/v1/soft/install", { method: "POST", body: "key=nginx" });
    expect(await problemIn(plain)).toMatchObject({ status: 415 });
  });
});

describe("GET /v1/soft/getlog", () => {
  test("[GLOG1] answers a task's whole text so far, by its fn and key", async () => {
    const { task_id: id, fn } = await started({ key: "nginx", version: "1" });
    const path = `/v1/soft/getlog?fn=${fn}&name=nginx`;
    const read = async () => {
      const response = await call(path);
      expect([response.status, response.headers.get("content-type")]).toEqual([
        200,
        "text/plain; charset=utf-8",
      ]);
      return response.text();
    };
    expect(await read()).toBe("");
    await appendLines(`task/${id}`, ["one", "zwei", "三"]);
    expect(await read()).toBe("one\nzwei\n三\n");
    await appendLines(`task/${id}`, ["four"]);
    await post(`/v1/channels/task/${id}/end`, { status: "success" });
    expect(await read()).toBe("one\nzwei\n三\nfour\n");
  });

  test("[GLOG2] is 404 where the name is not its key, or there is no such task", async () => {
    const { fn } = await started({ key: "nginx", version: "1" });
    for (const path of [`fn=${fn}&name=redis`, "fn=none.log&name=nginx"]) {
      expect(await problemIn(await call(`/v1/soft/getlog?${path}`))).toMatchObject({ status: 404 });
    }
    const bare = freshChannel("task");
    await appendLines(bare, ["no install"]);
    const path = `/v1/soft/getlog?fn=${bare.slice("task/".length)}.log&name=nginx`;
    expect(await problemIn(await call(path))).toMatchObject({ status: 404 });
  });

  test.each([
    "..%2F..%2Fetc%2Fpasswd",
    "..%2F..%2Fetc%2Fpasswd.log",
    "..%5C..%5Cx.log",
    "%2Fetc%2Fhosts.log",
    "build%2F1.log",
    "a.log%00.txt",
    "a.log%0A",
    "a%20b.log",
    ".log",
    "a.txt",
    "%252e%252e%252fx.log",
  ])("[GLOG3] fn=%s is refused", async (fn) => {
    const problem = await problemIn(await call(`/v1/soft/getlog?fn=${fn}&name=nginx`));
    expect(problem).toMatchObject({ status: 400, code: "invalid_field" });
  });

  test("[GLOG4] needs a name, and the grant to read the task", async () => {
    const { task_id: id, fn } = await started({ key: "nginx", version: "1" });
    expect(await problemIn(await call(`/v1/soft/getlog?fn=${fn}`))).toMatchObject({ code: "missing_field" });
    const as = await token({ grants: ["command:task/*", "read:task/other"] });
    const refused = await problemIn(await call(`/v1/soft/getlog?fn=${fn}&name=nginx`, { as }));
    expect(refused).toMatchObject({ status: 403, code: "forbidden" });
    expect(refused.detail).toContain(`read:task/${id}`);
  });
});
