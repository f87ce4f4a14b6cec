import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findByEnvironment, killAndWait } from "../../client/cli/dev/processes.ts";
import { mintToken } from "../../client/cli/mint.ts";
import { ApiClient } from "../../client/sdk/mod.ts";
import { cli, finish, printed, startCli } from "./cli_support.ts";

/** [CLI] the channel that `tailrace dev` streams by itself. */

const secret = "a secret for the tests, of 32 bytes and more";
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function startDev(data: string, ...args: string[]) {
  const child = startCli(["dev", "--port", "0", "--data", data, ...args], {
    env: { TAILRACE_SECRET: secret },
  });
  const done = finish(child);
  const text = await printed(child.stdout, "Tailrace is ready");
  const address = new URL(/http:\S+/.exec(text)?.[0] ?? "");
  expect(address.hash).toMatch(/^#token=.+\..+\..+$/);
  return { child, done, url: address.origin, page: address.pathname };
}

async function sawLine(url: string, channel: string): Promise<void> {
  const watching = startCli(["watch", channel], { env: { TAILRACE_URL: url, TAILRACE_SECRET: secret } });
  await printed(watching.stdout, "::group::Build the viewer\n");
  watching.kill();
}

async function endOf(url: string, channel: string): Promise<unknown> {
  const token = await mintToken(secret, { subject: "test", grants: [`read:${channel}`], ttlMs: 60_000 });
  const summary = await new ApiClient({ url, token }).summary(channel);
  return summary.ok ? summary.value.end : summary.problem;
}

describe("the first build", () => {
  test("[CLI10] streams this project's own build first; ended before it, ends it as cancelled and begins anew", async () => {
    const data = join(folder, "demo");
    const first = await startDev(data);
    expect(first.page).toBe("/builds/tailrace-1");
    await sawLine(first.url, "build/tailrace-1");
    const builds = () => findByEnvironment("node", "TAILRACE_URL", first.url);
    // Its oldest process, for those of its steps come and go.
    const [run] = builds();
    const environment = readFileSync(`/proc/${run?.pid}/environ`, "utf8").split("\0");
    // The mere presence of NO_COLOR switches colours off, and this gateway was started with it.
    expect(environment.filter((entry) => entry.includes("_COLOR"))).toEqual(["FORCE_COLOR=1"]);
    const begun = performance.now();
    first.child.kill("SIGTERM");
    expect((await first.done).code).toBe(0);
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(builds()).toEqual([]);

    const second = await startDev(data);
    expect(second.page).toBe("/builds/tailrace-2");
    expect(await endOf(second.url, "build/tailrace-1")).toMatchObject({ status: "cancelled" });
    await sawLine(second.url, "build/tailrace-2");
    // Killed, it ends nothing: the next start does.
    second.child.kill("SIGKILL");
    for (const build of findByEnvironment("node", "TAILRACE_URL", second.url)) await killAndWait(build);
    await second.done;
    const third = await startDev(data);
    expect(third.page).toBe("/builds/tailrace-3");
    expect(await endOf(third.url, "build/tailrace-2")).toMatchObject({ status: "cancelled" });
    third.child.kill("SIGTERM");
    expect((await third.done).code).toBe(0);
  });

  test("[CLI16] a first build that came to its end is not streamed again, and the address leads to the list", async () => {
    const data = join(folder, "shown");
    const bare = await startDev(data, "--no-demo");
    expect(bare.page).toBe("/builds");
    const local = { TAILRACE_URL: bare.url, TAILRACE_SECRET: secret };
    expect((await cli(["run", "build/tailrace-1", "--strict", "--", "false"], { env: local })).code).toBe(1);
    bare.child.kill("SIGTERM");
    await bare.done;
    const again = await startDev(data);
    expect(again.page).toBe("/builds");
    again.child.kill("SIGTERM");
    expect((await again.done).code).toBe(0);
  });
});
