import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FOLDER_VARIABLE, type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { findByEnvironment } from "../../client/cli/dev/processes.ts";
import { mintToken } from "../../client/cli/mint.ts";
import { cli, finish, printed, startCli } from "./cli_support.ts";

/** [CLI] the commands together, against a real gateway. */

const secret = "a secret for the tests, of 32 bytes and more";
let folder: string;
let gateway: Gateway;

const start = (port: number) => startGateway({ port, dataDir: join(folder, "data"), secret });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  gateway = await start(0);
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

const env = () => ({ TAILRACE_URL: gateway.url, TAILRACE_SECRET: secret });
const tailrace = (...args: string[]) => cli(args, { env: env() });
const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}\n`).join("");

describe("run and watch", () => {
  test("[CLI1] what was run is watched whole, and verified", async () => {
    const source = "printf 'a\\r\\nb\\n'; echo ::group::Test; echo ::error::c; printf last; exit 3";
    expect((await tailrace("run", "1", "--", "sh", "-c", source)).code).toBe(3);
    const watched = await tailrace("watch", "1", "-o", "raw", "--exit-status");
    expect(watched).toMatchObject({
      code: 3,
      stdout: Buffer.from("a\nb\n::group::Test\n::error::c\nlast\n"),
    });
    expect(watched.stderr.toString()).toBe(
      "tailrace: failure (exit code 3); complete, verified: 5 lines, 34 bytes\n",
    );
  });

  test("[CLI2] a part of it says what it lacks", async () => {
    await tailrace(
      "run",
      "2",
      "--",
      "sh",
      "-c",
      "echo a; echo ::group::S; echo ::warning::b; echo ::endgroup::; echo d",
    );
    const last = await tailrace("watch", "build/2", "-n", "1");
    expect(last).toMatchObject({ code: 0, stdout: Buffer.from("d\n") });
    expect(last.stderr.toString()).toMatch(/success \(exit code 0\); not verified: .+/);
    expect((await tailrace("watch", "2", "--level", "warn,error")).stdout.toString()).toBe("::warning::b\n");
    expect((await tailrace("watch", "2", "--stage", "S", "--search", "WARN")).stdout.toString()).toBe(
      "::warning::b\n",
    );
    const json = await tailrace("watch", `${gateway.url}/builds/2`, "-o", "ndjson", "--cursor", "2");
    const entries = json.stdout
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(entries.map(({ cursor, line, stage }) => [cursor, line, stage])).toEqual([
      [3, "::warning::b", "S"],
      [4, "::endgroup::", "S"],
      [5, "d", undefined],
    ]);
  });

  test("[CLI3] both go through a restart of the gateway: each line once, in order, verified", async () => {
    const source = `let n = 0; const timer = setInterval(() => {
      console.log("line", ++n); if (n === 300) clearInterval(timer); }, 5);`;
    const watching = startCli(["watch", "3", "-o", "raw"], { env: env() });
    const watched = finish(watching);
    // However long the gateway takes to come back.
    const patient = ["--drain-timeout", "60s"];
    const run = cli(["run", "3", ...patient, "--", process.execPath, "-e", source], { env: env() });
    await printed(watching.stdout, "line 60\n");
    await gateway.stop();
    gateway = await start(Number(new URL(gateway.url).port));
    expect((await run).stdout.toString()).toBe(lines(1, 300));
    expect((await run).stderr.toString()).toBe(`tailrace: watch it at ${gateway.url}/builds/3\n`);
    const { code, stdout, stderr } = await watched;
    expect([code, stdout.toString()]).toEqual([0, lines(1, 300)]);
    expect(stderr.toString()).toMatch(/connected again\n.*complete, verified: 300 lines/s);
  });

  test("[CLI4] without following, what there is now is read", async () => {
    const running = startCli(["run", "4", "--", "sh", "-c", "echo now; exec sleep 60"], {
      env: env(),
      detached: true,
    });
    const done = finish(running);
    const follow = startCli(["watch", "4"], { env: env() });
    const followed = finish(follow);
    await printed(follow.stdout, "now\n");
    expect(await tailrace("watch", "4", "--no-follow")).toMatchObject({
      code: 0,
      stdout: Buffer.from("now\n"),
    });
    running.kill("SIGINT");
    expect(await done).toMatchObject({ code: null, signal: "SIGINT" });
    expect((await followed).stderr.toString()).toMatch(
      /cancelled \(SIGINT\); complete, verified: 1 line, 4 bytes/,
    );
  });

  test("[CLI5] a second run of an ended channel goes on without streaming, and says so at once", async () => {
    await tailrace("run", "5", "--", "echo", "first");
    const again = await tailrace("run", "5", "--", "echo", "second");
    expect(again).toMatchObject({ code: 0, stdout: Buffer.from("second\n") });
    expect(again.stderr.toString()).toBe(
      `tailrace: watch it at ${gateway.url}/builds/5
tailrace: Channel build/5 ended as success at cursor 1 and takes no more entries. The command is not streamed. Choose another id to stream it.
tailrace: 1 line did not arrive.
`,
    );
    const source = 'console.log("third"); setInterval(() => {}, 1e6);';
    const long = startCli(["run", "5", "--", process.execPath, "-e", source], { env: env() });
    const done = finish(long);
    await printed(long.stderr, "Choose another id");
    long.kill("SIGTERM");
    expect(await done).toMatchObject({ signal: "SIGTERM", stdout: Buffer.from("third\n") });
  });

  test("[CLI6] a command that prints nothing has its end all the same", async () => {
    const result = await tailrace("run", "6", "--", "true");
    expect([result.code, result.stderr.toString()]).toEqual([
      0,
      `tailrace: watch it at ${gateway.url}/builds/6\n`,
    ]);
  });
});

describe("tokens", () => {
  test("[CLI7] a token allows what its grant says", async () => {
    const made = await tailrace("token", "--grant", "write:build/7*", "--ttl", "1m");
    const bearer = { TAILRACE_URL: gateway.url, TAILRACE_TOKEN: made.stdout.toString().trim() };
    const run = await cli(["run", "7a", "--strict", "--", "echo", "x"], { env: bearer });
    expect(run.code).toBe(0);
    const other = await cli(["run", "8", "--", "echo", "x"], { env: bearer });
    expect(other.stderr.toString()).toMatch(/write:build\/8.*\n.* 1 line did not arrive\.\n/);
    const watch = await cli(["watch", "7a"], { env: bearer });
    expect(watch).toMatchObject({ code: 125, stdout: Buffer.alloc(0) });
    expect(watch.stderr.toString()).toMatch(/read:build\/7a/);
  });

  test("[CLI8] the secret of the project's .dev.vars is enough on this machine", async () => {
    const deep = join(folder, "project", "packages", "web");
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(folder, "project", ".dev.vars"), `OTHER=1\nTAILRACE_SECRET="${secret}"\n`);
    const local = { cwd: deep, env: { TAILRACE_URL: gateway.url } };
    expect((await cli(["run", "9", "--strict", "--", "echo", "x"], local)).code).toBe(0);
    expect((await cli(["watch", "9"], local)).stdout.toString()).toBe("x\n");
    const elsewhere = { cwd: deep, env: { TAILRACE_URL: "https://gateway.example" } };
    const refused = await cli(["watch", "9"], elsewhere);
    expect(refused).toMatchObject({ code: 125 });
    expect(refused.stderr.toString()).toMatch(/no token for https:\/\/gateway\.example: set TAILRACE_TOKEN/);
  });

  test("[CLI9] a malformed grant is refused with the grammar, and without a secret nothing is made", async () => {
    const wrong = await tailrace("token", "--grant", "write/build");
    expect(wrong).toMatchObject({ code: 125, stdout: Buffer.alloc(0) });
    expect(wrong.stderr.toString()).toMatch(/"write\/build" is not a grant\. A grant is verb:kind\/id/);
    const bare = await cli(["token", "--grant", "read:build/1"], { cwd: folder });
    expect(bare).toMatchObject({ code: 125, stdout: Buffer.alloc(0) });
  });
});

describe("failures", () => {
  test("[CLI16] are counted by subject on this machine, over a restart: an address is not believed", async () => {
    const signIn = (token: string) =>
      fetch(`${gateway.url}/v1/session`, {
        method: "POST",
        body: JSON.stringify({ token }),
        headers: { "content-type": "application/json", "cf-connecting-ip": "203.0.113.7" },
      });
    /** The first answer that is no 401, of so many. */
    const firstOther = async (attempts: number, token: string) => {
      for (let i = 0; i < attempts; i++) {
        const answer = await signIn(token);
        await answer.body?.cancel();
        if (answer.status !== 401) return answer;
      }
      return null;
    };
    expect(await firstOther(40, "abc")).toBeNull();
    const late = (ttlMs: number) => mintToken(secret, { subject: "late", grants: [], ttlMs });
    const old = await late(-60_000);
    expect(await firstOther(29, old)).toBeNull();
    await gateway.stop();
    gateway = await start(Number(new URL(gateway.url).port));
    const told = await firstOther(29, old);
    expect([told?.status, told?.headers.get("retry-after")]).toEqual([429, expect.stringMatching(/^[12]$/)]);
    expect((await signIn(await late(60_000))).status).toBe(200);
  });
});

describe("the command line", () => {
  test.each([
    ["--help"],
    ["run", "--help"],
    ["watch", "-h"],
    ["token", "--help"],
    ["dev", "--help"],
    ["agent", "--help"],
  ])("[CLI11] %s %s prints its usage", async (...args) => {
    const { code, stdout, stderr } = await cli(args);
    expect([code, stderr.toString()]).toEqual([0, ""]);
    expect(stdout.toString()).toMatch(/^Usage: tailrace /);
  });

  test.each([
    [
      ["serve"],
      /There is no command "serve"\. Commands: run, watch, agent, token, dev\. See tailrace --help\./,
    ],
    [["--wat"], /There is no option "--wat"/],
    [["watch", "--lats", "3", "1"], /Unknown option '--lats'\. See tailrace watch --help\./],
    [["run", "1"], /The command is missing: it follows after --/],
    [["run", "Build/1", "--", "true"], /"Build\/1" is not a channel name/],
    [["watch", "1", "--url", "ftp://x"], /The gateway's address is "ftp:\/\/x"/],
  ])("[CLI12] %j is refused with a sentence", async (args, sentence) => {
    const { code, stdout, stderr } = await cli(args);
    expect([code, stdout.length]).toEqual([125, 0]);
    expect(stderr.toString()).toMatch(sentence);
  });

  test("[CLI13] a reader that leaves ends it quietly", async () => {
    const child = startCli(["watch", "1", "-o", "raw"], { env: env() });
    child.stdout?.destroy();
    const { code, stderr } = await finish(child);
    expect([code, stderr.toString()]).toEqual([0, ""]);
  });
});

describe("through npx, whose shell a signal ends without telling the command", () => {
  const npx = (args: readonly string[], more: Readonly<Record<string, string>>): ChildProcess =>
    spawn("npx", ["tailrace", ...args], {
      cwd: resolve(import.meta.dirname, "../.."),
      env: { ...process.env, ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });

  test("[CLI14] a gateway ends within 2 s, and leaves nothing behind", async () => {
    const data = join(folder, "npx");
    const dev = npx(["dev", "--no-demo", "--port", "0", "--data", data], { TAILRACE_SECRET: secret });
    const done = finish(dev);
    await printed(dev.stdout, "Tailrace is ready");
    const workerds = () => findByEnvironment("workerd", FOLDER_VARIABLE, realpathSync(data));
    expect(workerds()).toHaveLength(1);
    dev.kill("SIGTERM");
    // Its output is closed by the last process that holds it, which is the gateway's.
    const begun = performance.now();
    await done;
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(workerds()).toEqual([]);
    expect(existsSync(join(data, "lock"))).toBe(false);
  });

  test("[CLI15] a run is cancelled, its command told, and its channel ended", async () => {
    const source = `process.on("SIGTERM", () => { console.log("told"); process.exit(0); });
      setInterval(() => {}, 60_000); console.log("begun");`;
    const run = npx(["run", "npx", "--", process.execPath, "-e", source], env());
    const done = finish(run);
    await printed(run.stdout, "begun\n");
    run.kill("SIGTERM");
    expect((await done).stdout.toString()).toBe("begun\ntold\n");
    const watched = await tailrace("watch", "npx", "-o", "raw");
    expect(watched.stdout.toString()).toBe("begun\ntold\n");
    expect(watched.stderr.toString()).toMatch(/cancelled.*complete, verified/);
  });
});
