import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FOLDER_VARIABLE } from "../../client/cli/dev/gateway.ts";
import { findByEnvironment, killAndWait } from "../../client/cli/dev/processes.ts";
import { mintToken } from "../../client/cli/mint.ts";
import { cli, finish, printed, startCli } from "./cli_support.ts";

/** [DEV] the gateway on this machine: one a folder, one port for everything, and nothing left behind. */

const secret = "a secret for the tests, of 32 bytes and more";
const env = { TAILRACE_SECRET: secret };
let folder: string;
const running = new Set<ChildProcess>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
});
afterEach(async () => {
  for (const child of running) await end(child);
  running.clear();
  for (const left of findByEnvironment("workerd", FOLDER_VARIABLE, realpathSync(folder)))
    await killAndWait(left);
  rmSync(folder, { recursive: true, force: true });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}

interface Dev {
  readonly child: ChildProcess;
  readonly url: string;
  readonly workerdPid: number;
  /** Everything that was printed, once it has ended. */
  readonly done: ReturnType<typeof finish>;
}

const ready = "Tailrace is ready: ";

async function startDev(...args: string[]): Promise<Dev> {
  return becomeReady(startCli(["dev", "--no-demo", "--port", "0", "--data", folder, ...args], { env }));
}

async function becomeReady(child: ChildProcess): Promise<Dev> {
  running.add(child);
  const done = finish(child);
  const text = await printed(child.stdout, ready);
  const [url = ""] = /http:\/\/[^/]+/.exec(text) ?? [];
  const { workerd } = JSON.parse(readFileSync(join(folder, "lock"), "utf8"));
  return { child, url, workerdPid: workerd.pid, done };
}

/** A killed process may be waiting for init to reap it: that counts as gone. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
}

const admin = () => mintToken(secret, { subject: "test", grants: ["admin:*"], ttlMs: 60_000 });

/** The headers of the answer to a handshake that offers compression, as browsers do. */
async function handshake(url: string): Promise<Record<string, unknown>> {
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
    "sec-websocket-protocol": `tailrace.v1, bearer.${await admin()}`,
    "sec-websocket-extensions": "permessage-deflate; client_max_window_bits",
  };
  const request = get(url, { headers });
  const [response, socket] = await once(request, "upgrade");
  socket.destroy();
  return { status: response.statusCode, ...response.headers };
}

describe("tailrace dev", () => {
  test("[DEV1] pages, endpoints and uncompressed sockets are on one port", async () => {
    const { url } = await startDev();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const page = await fetch(`${url}/builds`);
    expect([page.status, page.headers.get("content-type")]).toEqual([
      200,
      expect.stringMatching(/^text\/html/),
    ]);
    for (const path of ["/ws", "/ws/channels/build/1"]) {
      const answer = await handshake(`${url}${path}`);
      expect(answer).toMatchObject({ status: 101, "sec-websocket-protocol": "tailrace.v1" });
      expect(answer["sec-websocket-extensions"]).toBeUndefined();
    }
  });

  test("[DEV10] the environment wins over every setting of wrangler.toml", async () => {
    const vars = { HEARTBEAT_SECONDS: "7", LOGIN_URL: "/sso", TOKEN_IN_QUERY: "false" };
    const args = ["dev", "--no-demo", "--port", "0", "--data", folder];
    const { url } = await becomeReady(startCli(args, { env: { ...env, ...vars } }));
    const headers = { authorization: `Bearer ${await admin()}` };
    const answer = await fetch(`${url}/v1/session`, { headers });
    expect(await answer.json()).toMatchObject({ heartbeatSeconds: 7 });
    const refused = await fetch(`${url}/v1/session?token=${await admin()}`);
    expect(await refused.json()).toMatchObject({ code: "token_missing", loginUrl: "/sso" });
  });

  test.each(["SIGTERM", "SIGINT"] as const)("[DEV2] %s ends all of it within 2 s", async (signal) => {
    const { child, url, workerdPid, done } = await startDev();
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws/channels/build/1?token=${await admin()}`);
    await once(socket, "open");
    const closed = once(socket, "close");
    const begun = performance.now();
    child.kill(signal);
    const { code, stderr } = await done;
    expect(code).toBe(0);
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(stderr.toString()).toBe("");
    await closed;
    expect(isRunning(workerdPid)).toBe(false);
    expect(existsSync(join(folder, "lock"))).toBe(false);
  });

  test("[DEV3] npm start is ended by the same signal, and prints nothing that would worry", async () => {
    const args = ["start", "--", "--no-demo", "--port", "0", "--data", folder];
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const npm = spawn("npm", args, {
      cwd: resolve(import.meta.dirname, "../.."),
      env: { ...inherited, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { child, workerdPid, done } = await becomeReady(npm);
    const begun = performance.now();
    child.kill("SIGTERM");
    const { code, stdout, stderr } = await done;
    expect(code).toBe(0);
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(isRunning(workerdPid)).toBe(false);
    expect(existsSync(join(folder, "lock"))).toBe(false);
    expect(`${stdout}${stderr}`).not.toMatch(/warn|deprecat|experimental|error/i);
  });

  test("[DEV4] a second start on a folder names the first and touches nothing", async () => {
    const { child, url, workerdPid } = await startDev();
    const lock = readFileSync(join(folder, "lock"), "utf8");
    const second = await cli(["dev", "--no-demo", "--port", "0", "--data", folder], { env });
    expect(second.code).toBe(125);
    expect(second.stderr.toString()).toContain(`process ${child.pid} serves ${url}`);
    expect(readFileSync(join(folder, "lock"), "utf8")).toBe(lock);
    expect(isRunning(workerdPid)).toBe(true);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  test("[DEV5] of many that start at once exactly one has the folder", async () => {
    const starts = Array.from({ length: 4 }, () =>
      startCli(["dev", "--no-demo", "--port", "0", "--data", folder], { env }),
    );
    for (const child of starts) running.add(child);
    const first = await Promise.any(starts.map((child) => printed(child.stdout, ready)));
    expect(first).toContain(ready);
    await expect
      .poll(() => starts.filter(({ exitCode }) => exitCode === 125).length, { timeout: 20_000 })
      .toBe(3);
    expect(starts.filter(({ exitCode }) => exitCode === null)).toHaveLength(1);
  });

  test("[DEV6] what a killed one left running is ended and told, and its data are there", async () => {
    const first = await startDev();
    const headers = { authorization: `Bearer ${await admin()}`, "content-type": "text/plain" };
    const path = "/v1/channels/build/1/entries";
    expect((await fetch(first.url + path, { method: "POST", headers, body: "kept\n" })).status).toBe(200);
    first.child.kill("SIGKILL");
    await first.done;
    expect(isRunning(first.workerdPid)).toBe(true);
    const second = await startDev();
    expect(isRunning(first.workerdPid)).toBe(false);
    expect(second.workerdPid).not.toBe(first.workerdPid);
    const page = await (await fetch(second.url + path, { headers })).json();
    expect(page).toMatchObject({ entries: [{ cursor: 1, line: "kept" }] });
    second.child.kill("SIGTERM");
    const { stderr } = await second.done;
    expect(stderr.toString()).toMatch(
      new RegExp(`^tailrace: .*left process ${first.workerdPid} running.*\\n$`),
    );
  });

  test("[DEV7] it is found without the lock's help, too", async () => {
    const first = await startDev();
    first.child.kill("SIGKILL");
    await first.done;
    rmSync(join(folder, "lock"));
    await startDev();
    expect(isRunning(first.workerdPid)).toBe(false);
  });

  test("[DEV8] a taken port is named, with the option to choose another", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = Object(taken.address());
    const result = await cli(["dev", "--no-demo", "--port", String(port), "--data", folder], { env });
    expect(result.code).toBe(125);
    expect(result.stderr.toString()).toMatch(new RegExp(`Port ${port} of 127.0.0.1 is taken.*--port`));
    expect(existsSync(join(folder, "lock"))).toBe(false);
    taken.close();
  });

  test("[DEV9] a wrong setting ends the start with its name, its value and what is allowed", async () => {
    const wrong = { ...env, HEARTBEAT_SECONDS: "abc" };
    const result = await cli(["dev", "--no-demo", "--port", "0", "--data", folder], { env: wrong });
    expect(result.code).toBe(125);
    expect(result.stdout.toString()).toBe("");
    expect(result.stderr.toString()).toMatch(
      /HEARTBEAT_SECONDS is "abc"\. Allowed: an integer from 1 to 300/,
    );
    expect(existsSync(join(folder, "lock"))).toBe(false);
  });
});
