import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cli, finish, freeAddress, printed, type Recorder, startCli, startRecorder } from "./cli_support.ts";

/** [RUN] what `tailrace run` owes to the command it runs and to whoever watches. */

let recorder: Recorder;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  recorder = await startRecorder();
});
afterEach(() => recorder.close());

const env = () => ({ TAILRACE_URL: recorder.url, TAILRACE_TOKEN: "token" });
const run = (...args: string[]) => cli(["run", "build/1", ...args], { env: env() });
/** A program of Node's that runs this script. */
const script = (source: string) => ["--", process.execPath, "--input-type=module", "-e", source];

const lastLine = (text: Buffer) => text.toString().trimEnd().split("\n").at(-1);

describe("tailrace run", () => {
  test("[RUN1] hands every byte on unchanged and ships the same as lines", async () => {
    const out = join(folder, "out");
    const bytes = Buffer.concat([
      Buffer.from("a\r\nb\rc\n\n日本🚀\0\x1b[31mred\x1b[0m\n"),
      Buffer.from([0xff, 0xfe, 0x0a, 0xe6, 0x97]),
      Buffer.from(`\n${"語".repeat(200_000)}\nno newline`),
    ]);
    writeFileSync(out, bytes);
    const result = await run("--", "cat", out);
    expect(result.stdout.equals(bytes)).toBe(true);
    expect(result.stderr.toString()).toBe(`tailrace: watch it at ${recorder.url}/builds/1\n`);
    const text = bytes.toString("utf8").replaceAll("\r\n", "\n");
    expect(recorder.text() === `${text}\n`).toBe(true);
  });

  test("[RUN2] keeps the streams apart, and a name in /dev opens them", async () => {
    const result = await run("--", "sh", "-c", "echo out > /dev/stdout; echo err > /dev/stderr");
    expect(result).toMatchObject({ code: 0, stdout: Buffer.from("out\n") });
    expect(result.stderr.toString()).toMatch(/^tailrace: .*\nerr\n$/);
    expect([recorder.text("stdout"), recorder.text("stderr")]).toEqual(["out\n", "err\n"]);
  });

  test("[RUN3] lines arrive while it runs, by stage", async () => {
    const child = startCli(
      [
        "run",
        "1",
        "--stage",
        "ci",
        ...script('console.log("a\\n::group::B\\nb"); setInterval(() => {}, 1e6)'),
      ],
      { env: env() },
    );
    const done = finish(child);
    await printed(child.stdout, "b\n");
    await expect.poll(() => recorder.entries.length, { timeout: 5_000 }).toBe(3);
    expect(recorder.entries.map(({ stage }) => stage)).toEqual(["ci", "B", "B"]);
    child.kill("SIGTERM");
    expect((await done).signal).toBe("SIGTERM");
  });

  test.each([0, 3, 255])("[RUN4] ends with the command's exit code %d, and tells it", async (exitCode) => {
    expect((await run("--", "sh", "-c", `exit ${exitCode}`)).code).toBe(exitCode);
    expect(recorder.ends).toEqual([{ status: exitCode === 0 ? "success" : "failure", exitCode }]);
  });

  test("[RUN5] ends by the signal that ended the command", async () => {
    expect(await run("--", "sh", "-c", "kill -KILL $$")).toMatchObject({ code: null, signal: "SIGKILL" });
    expect(recorder.ends).toEqual([{ status: "failure", signal: "SIGKILL" }]);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("[RUN6] hands %s on once and waits", async (signal) => {
    const source = `let n = 0;
      process.on("${signal}", () => { n += 1; setTimeout(() => { console.log("got", n); process.exit(7); }, 200); });
      console.log("ready"); setInterval(() => {}, 1e6);`;
    const child = startCli(["run", "1", ...script(source)], { env: env(), detached: true });
    const done = finish(child);
    await printed(child.stdout, "ready\n");
    child.kill(signal);
    expect(await done).toMatchObject({ code: 7, stdout: Buffer.from("ready\ngot 1\n") });
    expect(recorder.ends).toEqual([{ status: "cancelled", exitCode: 7 }]);
  });

  test("[RUN7] says why a command cannot be started, to the channel too", async () => {
    const missing = await run("--", join(folder, "nothing"));
    expect(missing).toMatchObject({ code: 127 });
    expect(missing.stderr.toString()).toMatch(/nothing: there is no such command/);
    const file = join(folder, "plain");
    writeFileSync(file, "text", { mode: 0o644 });
    expect(await run("--", file)).toMatchObject({ code: 126 });
    expect(recorder.text()).toMatch(/no such command\.\n.*cannot be executed/);
    expect(recorder.ends).toEqual([
      { status: "failure", exitCode: 127 },
      { status: "failure", exitCode: 126 },
    ]);
  });

  test("[RUN8] a gateway that is away costs the command nothing, and is told at the end", async () => {
    const away = { TAILRACE_URL: await freeAddress(), TAILRACE_TOKEN: "token" };
    const args = ["--", "sh", "-c", "echo one; echo two; exit 4"];
    const result = await cli(["run", "1", ...args], { env: away });
    expect(result).toMatchObject({ code: 4, stdout: Buffer.from("one\ntwo\n") });
    expect(result.stderr.toString()).toMatch(/tailrace: 2 lines did not arrive: .+\n$/);
    const strict = await cli(["run", "1", "--strict", ...args], { env: away });
    expect(strict).toMatchObject({ code: 125, stdout: Buffer.from("one\ntwo\n") });
  });

  test("[RUN9] a gateway that takes the request and never answers is left after the drain's time", async () => {
    const { createServer } = await import("node:net");
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = Object(silent.address());
    const begun = performance.now();
    const silentEnv = { TAILRACE_URL: `http://127.0.0.1:${port}`, TAILRACE_TOKEN: "token" };
    const result = await cli(["run", "1", "--drain-timeout", "300ms", "--", "echo", "x"], { env: silentEnv });
    expect(result.code).toBe(0);
    expect(lastLine(result.stderr)).toBe(
      "tailrace: 1 line did not arrive: The gateway did not answer within 300 ms.",
    );
    expect(performance.now() - begun).toBeLessThan(5_000);
    // What was asked for counts, also where it is more than a gateway that never answered gets by default.
    for (const [args, ms] of [[["--drain-timeout", "1200ms"], 1_200] as const, [[], 1_000] as const]) {
      const { stderr } = await cli(["run", "1", ...args, "--", "echo", "x"], { env: silentEnv });
      expect(lastLine(stderr)).toMatch(new RegExp(`did not answer within ${ms} ms\\.$`));
    }
    silent.close();
  });

  test("[RUN10] without a token the command runs all the same; --strict refuses to begin", async () => {
    const bare = { cwd: folder, env: { TAILRACE_URL: recorder.url } };
    const result = await cli(["run", "1", "--", "echo", "x"], bare);
    expect(result).toMatchObject({ code: 0, stdout: Buffer.from("x\n") });
    expect(result.stderr.toString()).toMatch(/There is no token.*runs without being streamed/);
    expect(await cli(["run", "1", "--strict", "--", "echo", "x"], bare)).toMatchObject({
      code: 125,
      stdout: Buffer.alloc(0),
    });
    expect(recorder.entries).toEqual([]);
  });

  test("[RUN16] an address that is none is told, and the command runs all the same; as an option it is refused", async () => {
    const nonsense = { TAILRACE_URL: "nonsense", TAILRACE_TOKEN: "token" };
    const result = await cli(["run", "1", "--", "echo", "x"], { env: nonsense });
    expect(result).toMatchObject({ code: 0, stdout: Buffer.from("x\n") });
    expect(result.stderr.toString()).toBe(
      'tailrace: The gateway\'s address is "nonsense". Allowed: an http or https URL. It is that of TAILRACE_URL. The command runs without being streamed.\n',
    );
    const refused = { code: 125, stdout: Buffer.alloc(0) };
    expect(await cli(["run", "1", "--strict", "--", "echo", "x"], { env: nonsense })).toMatchObject(refused);
    expect(await run("--url", "nonsense", "--", "echo", "x")).toMatchObject(refused);
  });

  const printColors = script(
    "const { FORCE_COLOR, CLICOLOR_FORCE } = process.env; console.log(FORCE_COLOR, CLICOLOR_FORCE)",
  );
  const terminal = ["--import", "data:text/javascript,process.stdout.isTTY=true"];
  const asked = "1 1\n";
  const notAsked = "undefined undefined\n";
  test.each([
    ["at a terminal", terminal, {}, [], asked],
    ["elsewhere", [], {}, [], notAsked],
    ["with NO_COLOR", terminal, { NO_COLOR: "" }, [], notAsked],
    ["with FORCE_COLOR", terminal, { FORCE_COLOR: "0" }, [], "0 undefined\n"],
    ["at a terminal without colours", terminal, { TERM: "dumb" }, [], notAsked],
    ["with --no-color-hint", terminal, {}, ["--no-color-hint"], notAsked],
  ] as const)("[RUN17] %s the command is asked for colours, or not", async (_, node, more, args, said) => {
    const colors = { ...env(), NO_COLOR: undefined, TERM: "xterm", ...more };
    const result = await cli(["run", "1", ...args, ...printColors], { env: colors, node });
    expect(result.stdout.toString()).toBe(said);
  });

  test("[RUN11] when its reader leaves, the command learns it as it would without us", async () => {
    const child = startCli(["run", "1", "--", "yes"], { env: env() });
    const closed = once(child, "close");
    await printed(child.stdout, "y\n");
    child.stdout?.destroy();
    child.stderr?.resume();
    expect(await closed).toEqual([141, null]);
    expect(recorder.ends).toEqual([{ status: "failure", signal: "SIGPIPE" }]);
  });

  test("[RUN12] what the command leaves in the background does not hold us", async () => {
    const result = await run("--drain-timeout", "200ms", "--", "sh", "-c", "sleep 20 & echo $!");
    expect(result.code).toBe(0);
    process.kill(Number(result.stdout.toString()));
  });

  test("[RUN13] what is printed faster than the gateway takes it is not lost", async () => {
    const result = await run("--strict", "--", "seq", "1", "300000");
    expect(result.code).toBe(0);
    expect(recorder.text() === result.stdout.toString()).toBe(true);
    expect(recorder.entries).toHaveLength(300_000);
  });

  test("[RUN14] a slow reader gets everything", async () => {
    const big = join(folder, "big");
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => `line ${i}\n`).join(""));
    writeFileSync(big, bytes);
    const child = startCli(["run", "1", "--drain-timeout", "50ms", "--", "cat", big], { env: env() });
    await once(child.stderr ?? child, "data");
    child.stderr?.resume();
    // It reads nothing until the command has had the time to end, and the drain's time has passed.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await finish(child)).stdout.equals(bytes)).toBe(true);
  });
});

describe("tailrace on an older Node", () => {
  const old = `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.19.0"}})`;
  const onOldNode = (...args: string[]) =>
    cli(["run", "1", "--", ...args], { env: env(), node: ["--import", old] });

  test("[RUN15] hands over to the newer one: bytes, exit code and signal pass", async () => {
    expect(await onOldNode("sh", "-c", "printf x; exit 9")).toMatchObject({
      code: 9,
      stdout: Buffer.from("x"),
    });
    expect(await onOldNode("sh", "-c", "kill -TERM $$")).toMatchObject({ code: null, signal: "SIGTERM" });
  });
});
