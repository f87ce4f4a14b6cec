import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { Host, Page, type RunnerOptions, RunnerProcess, secret, tokenFor } from "./agent_support.ts";
import { cli } from "./cli_support.ts";

/** [AGR] the runner of install tasks, as a process, on a real gateway. */

let folder: string;
let gateway: Gateway;
let page: Page;
let host: Host;
/** A task that no runner wants, started first: it expires while the other tests run. */
let unwanted: string;
const runners: RunnerProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace test "));
  const vars = { COMMAND_TTL_SECONDS: "15", AGENT_GRACE_SECONDS: "2" };
  gateway = await startGateway({ port: 0, dataDir: join(folder, "data"), secret, vars });
  page = await Page.open(gateway.url);
  unwanted = await page.install({ key: "nginx", version: "1.0.0", group: "nobody" });
  host = new Host(join(folder, "a host"));
  host.script("print.sh", "#!/bin/bash\nprintf '%b' \"$TEXT\"; exit $((CODE))\n");
  host.script("broken.sh", "#!/no/such/program\n");
  host.script("wait.sh", '#!/bin/bash\necho "began $1" >>began\nuntil [ -e "go-$1" ]; do sleep 0.05; done\n');
  const version = `parameters.version = { as = "argument", pattern = '[\\w.]+' }`;
  host.allow(`[install.print]
script = "print.sh"
environment = { TEXT = 'one\\r\\n\\e[31mtwo\\e[0m\\n[ 50%] a\\r[ 90%] b\\n\\x00\\xff three' }
${version}
parameters.code = { as = "environment", name = "CODE", pattern = '\\d+' }
[install.wait]
script = "wait.sh"
${version}
[install.slow]
script = "wait.sh"
timeoutSeconds = 1
${version}
[install.broken]
script = "broken.sh"
${version}`);
});
afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.end()));
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function runner(options: RunnerOptions = {}): Promise<RunnerProcess> {
  const started = await RunnerProcess.start(gateway.url, host, options);
  runners.push(started);
  return started;
}

describe("tailrace agent", () => {
  test("[AGR2] what is printed arrives as it is, whatever it is, and the exit code is the task's", async () => {
    await runner();
    const good = await page.install({ key: "print", version: "1" });
    expect(await page.ended(good)).toMatchObject({
      status: "success",
      success: true,
      exit_code: 0,
      progress: 100,
    });
    expect(await page.lines(good)).toEqual([
      "one",
      "\x1b[31mtwo\x1b[0m",
      "[ 50%] a\r[ 90%] b",
      "\0\uFFFD three",
    ]);
    const bad = await page.install({ key: "print", version: "1", code: 3 });
    expect(await page.ended(bad)).toMatchObject({
      status: "failure",
      success: false,
      exit_code: 3,
      progress: 90,
    });
  });

  test("[AGR3] a key or a parameter that the file does not allow ends the task, which says so", async () => {
    await runner();
    const refusals: [body: object, code: string][] = [
      [{ key: "redis", version: "1" }, "key_not_allowed"],
      [{ key: "print", version: "1-2" }, "parameter_not_allowed"],
      [{ key: "print", version: "1", other: "x" }, "parameter_not_allowed"],
    ];
    for (const [body, code] of refusals) {
      const id = await page.install(body);
      expect(await page.ended(id)).toMatchObject({ status: "failure", exit_code: null });
      expect(await page.message(id)).toMatch(new RegExp(`^${code}: `));
      expect(await page.lines(id)).toEqual([]);
      expect((await page.lines(id, true)).at(-1)).toContain(`tailrace: ${code}: `);
    }
  });

  test("[AGR4] what a shell would read is refused with 400 and stored nowhere", async () => {
    await runner();
    const list = async () => (await page.call("/v1/channels?kind=task")).json();
    const before = await list();
    for (const version of ["1; rm -rf /", "$(touch made)", "`id`", "a\nb", "1 && id"]) {
      const response = await page.call("/v1/soft/install", { key: "print", version });
      expect([response.status, await response.json()]).toMatchObject([400, { code: "invalid_field" }]);
    }
    expect(await list()).toEqual(before);
  });

  test("[AGR5] one at a time: who waits says so, and is begun when the first is done", async () => {
    await runner();
    const [first, second] = [
      await page.install({ key: "wait", version: "first" }),
      await page.install({ key: "wait", version: "second" }),
    ];
    const order = await Promise.race([
      page.until(second, ({ status }) => status === "running").then(() => [first, second] as const),
      page.until(first, ({ status }) => status === "running").then(() => [first, second] as const),
    ]);
    await page.until(order[0], ({ status }) => status === "running");
    await page.until(order[1], ({ status }) => status === "running");
    writeFileSync(host.path("go-first"), "");
    writeFileSync(host.path("go-second"), "");
    expect((await page.ended(first)).status).toBe("success");
    expect((await page.ended(second)).status).toBe("success");
    const own = [...(await page.lines(first, true)), ...(await page.lines(second, true))];
    expect(own.filter((line) => line.includes("waits for its turn"))).toHaveLength(1);
    expect(readFileSync(host.path("began"), "utf8").trim().split("\n")).toHaveLength(2);
  });

  test("[AGR6] an end from elsewhere, and too long a time, end the script", async () => {
    await runner();
    const cancelled = await page.install({ key: "wait", version: "never" });
    await page.until(cancelled, ({ status }) => status === "running");
    expect((await page.call(`/v1/channels/task/${cancelled}/end`, { status: "cancelled" })).status).toBe(200);
    const slow = await page.install({ key: "slow", version: "never" });
    expect((await page.ended(slow)).status).toBe("failure");
    expect(await page.message(slow)).toMatch(/^timed_out: slow ran longer than 1 seconds/);
    expect((await page.status(cancelled)).status).toBe("cancelled");
  });

  test("[AGR7] a runner that is told to stop ends what runs, says so, and exits with 0", async () => {
    const one = await runner();
    const id = await page.install({ key: "wait", version: "never" });
    await page.until(id, ({ status }) => status === "running");
    const waiting = await page.install({ key: "wait", version: "again" });
    await page.until(waiting, ({ status }) => status === "running");
    expect(await one.end()).toBe(0);
    expect((await page.status(id)).status).toBe("cancelled");
    expect(await page.message(id)).toMatch(/^runner_stopped: /);
    expect((await page.lines(id, true)).at(-1)).toContain("runner_stopped");
    // What had not begun is the next runner's.
    await runner();
    writeFileSync(host.path("go-again"), "");
    expect((await page.ended(waiting)).status).toBe("success");
  });

  test("[AGR8] what cannot be started says why", async () => {
    await runner();
    const id = await page.install({ key: "broken", version: "1" });
    expect(await page.ended(id)).toMatchObject({ status: "failure", exit_code: 127 });
    expect(await page.message(id)).toMatch(/^not_started: /);
  });

  test("[AGR9] no configuration, a wrong one, and a token that serves nothing end it with 125 and a sentence", async () => {
    const env = { TAILRACE_URL: gateway.url, TAILRACE_TOKEN: await tokenFor("x", "serve:project/p") };
    const run = async (...args: string[]) => {
      const { code, stderr } = await cli(["agent", ...args], { env });
      return [code, stderr.toString()];
    };
    expect(await run("task/*")).toEqual([125, expect.stringContaining("--config is missing")]);
    expect(await run("task*", "-c", host.config)).toEqual([125, expect.stringContaining("no pattern")]);
    const none = host.path("none.toml");
    expect(await run("task/*", "-c", none)).toEqual([125, expect.stringContaining(none)]);
    expect(await run("task/*", "-c", host.config)).toEqual([125, expect.stringContaining("serve:task/*")]);
    const { code, stdout } = await cli(["agent", "--help"]);
    expect([code, stdout.toString()]).toEqual([0, expect.stringContaining("--config FILE")]);
  });

  test("[AGR10] a task that no runner takes in time has expired", async () => {
    const status = await page.ended(unwanted);
    expect(status).toMatchObject({ status: "expired", success: false });
    expect(await page.message(unwanted)).toContain("No runner took the task within 15 seconds");
    expect(existsSync(host.path("made"))).toBe(false);
  });
});
