import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { processOf } from "../../client/cli/dev/processes.ts";
import { Host, Page, type RunnerOptions, RunnerProcess, secret } from "../e2e/agent_support.ts";
import { CuttingProxy } from "../e2e/cutting_proxy.ts";
import { GatewayProcess } from "./gateway_process.ts";

/** [AGF] a runner, its connection or its gateway breaks in the middle: no script runs twice, and every end is told. */

let folder: string;
let page: Page;
let host: Host;
const runners: RunnerProcess[] = [];

const patience = { timeout: 30_000 };
const marks = () =>
  existsSync(host.path("began")) ? readFileSync(host.path("began"), "utf8").split("\n") : [];

/** A host whose one script says that it began, and prints a line whenever its gate is not open yet. */
function makeHost(name: string): Host {
  const made = new Host(join(folder, name));
  made.script(
    "work.sh",
    `#!/bin/bash
echo "$1 $$" >>began
for i in {1..1000000}; do echo "line $i"; [ -e "go-$1" ] && break; sleep 0.01; done
echo "$i" >"lines-$1"
`,
  );
  made.allow(`[install.work]
script = "work.sh"
parameters.version = { as = "argument", pattern = '[\\w.]+' }`);
  return made;
}

async function runner(url: string, options: RunnerOptions = {}): Promise<RunnerProcess> {
  const started = await RunnerProcess.start(url, host, options);
  runners.push(started);
  return started;
}

const go = (version: string) => writeFileSync(host.path(`go-${version}`), "");

/** Every line that the script has printed, once, in order. */
async function expectWhole(id: string, version: string): Promise<void> {
  const count = Number(readFileSync(host.path(`lines-${version}`), "utf8"));
  expect(await page.lines(id)).toEqual(Array.from({ length: count }, (_, i) => `line ${i + 1}`));
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tailrace test "));
});
beforeEach(({ task }) => {
  host = makeHost(task.id);
});
afterEach(async () => {
  await Promise.all(runners.splice(0).map((each) => each.end()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("on a gateway that stays", () => {
  let gateway: Gateway;

  beforeAll(async () => {
    const vars = { AGENT_GRACE_SECONDS: "2" };
    gateway = await startGateway({ port: 0, dataDir: join(folder, "stays"), secret, vars });
    page = await Page.open(gateway.url);
  });
  afterAll(() => gateway.stop());

  test("[AGF1] the runner is killed: the end says so, its script is ended, and a new runner does not run it again", async () => {
    const killed = await runner(gateway.url);
    const id = await page.install({ key: "work", version: "a" });
    await page.until(id, ({ status }) => status === "running");
    await expect.poll(marks, patience).toHaveLength(2);
    expect(await killed.end("SIGKILL")).toBe("SIGKILL");
    await runner(gateway.url);
    expect(await page.ended(id)).toMatchObject({ status: "failure", success: false });
    expect(await page.message(id)).toMatch(/^runner_lost: /);
    const pid = Number(marks()[0]?.split(" ")[1]);
    await expect.poll(() => processOf(pid), patience).toBeNull();
    expect(marks()).toHaveLength(2);
  });

  test("[AGF2] connections cut again and again: each task runs once, and every line arrives once", async () => {
    const proxy = await CuttingProxy.start(new URL(gateway.url));
    await runner(proxy.origin, { args: ["--concurrency", "8"] });
    const versions = ["a", "b", "c", "d"];
    const ids: string[] = [];
    for (const version of versions) {
      ids.push(await page.install({ key: "work", version }));
      proxy.cut();
      proxy.mend();
    }
    await expect.poll(marks, patience).toHaveLength(versions.length + 1);
    proxy.cut();
    proxy.mend();
    for (const version of versions) go(version);
    for (const [i, id] of ids.entries()) {
      expect(await page.ended(id)).toMatchObject({ status: "success" });
      await expectWhole(id, versions[i] ?? "");
    }
    expect(marks()).toHaveLength(versions.length + 1);
    await Promise.all(runners.splice(0).map((each) => each.end()));
    await proxy.stop();
  });

  test("[AGF3] away for longer than the grace: the task is lost, and its script is ended", async () => {
    const proxy = await CuttingProxy.start(new URL(gateway.url));
    await runner(proxy.origin);
    const id = await page.install({ key: "work", version: "a" });
    await expect.poll(marks, patience).toHaveLength(2);
    proxy.cut();
    expect((await page.ended(id)).status).toBe("failure");
    proxy.mend();
    const pid = Number(marks()[0]?.split(" ")[1]);
    await expect.poll(() => processOf(pid), patience).toBeNull();
    await Promise.all(runners.splice(0).map((each) => each.end()));
    await proxy.stop();
  });

  test("[AGF4] two runners of a group, and two of other groups: each task runs once, where it should", async () => {
    const starts = ["one", "one", "two", "three"].map((group) =>
      runner(gateway.url, { args: ["--group", group, "--concurrency", "64"] }),
    );
    await Promise.all(starts);
    const versions = Array.from({ length: 12 }, (_, i) => `v${i}`);
    const groups = ["one", "two", undefined];
    for (const version of versions) go(version);
    const ids = await Promise.all(
      versions.map((version, i) => {
        const group = groups[i % groups.length];
        return page.install({ key: "work", version, ...(group !== undefined && { group }) });
      }),
    );
    for (const id of ids) expect((await page.ended(id)).status).toBe("success");
    const ran = marks().flatMap((line) => line.split(" ")[0] || []);
    expect(ran.toSorted()).toEqual(versions.toSorted());
    for (const [i, id] of ids.entries()) await expectWhole(id, versions[i] ?? "");
  });
});

test("[AGF5] the gateway is killed in the middle and started again: the task goes on, and every line arrives once", async () => {
  mkdirSync(join(folder, "killed"));
  const gateway = await GatewayProcess.start(join(folder, "killed"), secret);
  try {
    page = await Page.open(gateway.url);
    await runner(gateway.url);
    const id = await page.install({ key: "work", version: "a" });
    await expect.poll(marks, patience).toHaveLength(2);
    await page.until(id, ({ status }) => status === "running");
    await gateway.kill("both");
    await gateway.start();
    expect((await page.status(id)).status).toBe("running");
    go("a");
    expect(await page.ended(id)).toMatchObject({ status: "success", exit_code: 0 });
    await expectWhole(id, "a");
    expect(marks()).toHaveLength(2);
    await Promise.all(runners.splice(0).map((each) => each.end()));
  } finally {
    await gateway.stop();
  }
});
