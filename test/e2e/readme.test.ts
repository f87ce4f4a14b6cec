import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { DEFAULT_URL } from "../../client/cli/target.ts";
import { cli, finish } from "./cli_support.ts";

/** [RDM] the first steps of the README do what they say, in their order, with the one token they make. */

const root = resolve(import.meta.dirname, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const secret = "a secret for the tests, of 32 bytes and more";
let folder: string;
let gateway: Gateway;
let token: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  gateway = await startGateway({ port: 0, dataDir: join(folder, "data"), secret });
  const [, command = ""] = /TOKEN=\$\(npx tailrace (.+?)\)/.exec(readme) ?? [];
  const args = command.split(" ").map((word) => word.replaceAll("'", ""));
  const made = await cli(args, { env: { TAILRACE_SECRET: secret, TAILRACE_URL: gateway.url } });
  expect([made.code, made.stderr.toString()]).toEqual([0, ""]);
  token = made.stdout.toString().trim();
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

const here = (text: string) => text.replaceAll(DEFAULT_URL, gateway.url).replaceAll("$TOKEN", token);

/** What `curl` is called with in a row of the table. */
function requestOf(command: string): Request {
  const text = here(command);
  const headers = [...text.matchAll(/-H (["'])(.+?): (.+?)\1/g)].map(([, , name = "", value = ""]) => [
    name,
    value,
  ]);
  const [, data] = /-d '(.+?)'/.exec(text) ?? [];
  const body = text.includes("--data-binary @-") ? "a build\nits second line\n" : data;
  const [url = ""] = /http:[^\s']+/.exec(text) ?? [];
  return new Request(url, {
    headers: Object.fromEntries(headers),
    ...(body !== undefined && { method: "POST", body }),
  });
}

test("[RDM1] every request of the table is answered, and every page is there", async () => {
  const commands = [...readme.matchAll(/`([^`]*curl [^`]+)`/g)].map(([, command = ""]) => command);
  expect(commands).toHaveLength(4);
  const answers: string[] = [];
  for (const command of commands) {
    const response = await fetch(requestOf(command));
    answers.push(await response.text());
    expect([command, response.status]).toEqual([command, 200]);
  }
  expect(answers[2]).toBe("a build\nits second line\n");
  expect(JSON.parse(answers[3] ?? "")).toMatchObject({ entries: [{ cursor: 1, line: "a build" }] });
  const pages = [...readme.matchAll(/<(http:[^>]+)>/g)].map(([, url = ""]) => here(url));
  expect(pages).toHaveLength(2);
  for (const page of pages) expect((await fetch(page)).status).toBe(200);
});

test("[RDM2] the example reads it all, proves it, and ends by itself, in Node and in Deno", async () => {
  const [, source = ""] = /```ts\n(.+?)```/s.exec(readme) ?? [];
  const file = join(folder, "example.ts");
  const sdk = pathToFileURL(join(root, "client/sdk/mod.ts")).href;
  writeFileSync(file, here(source).replace("./client/sdk/mod.ts", sdk));
  const commands = [...readme.matchAll(/`TOKEN=\$TOKEN npx (node|deno) ([^`]*)example\.ts`/g)];
  expect(commands.map(([, name]) => name)).toEqual(["node", "deno"]);
  for (const [, name = "", options = ""] of commands) {
    const args = [...options.split(" ").filter((option) => option !== ""), file];
    const example = spawn(join(root, "node_modules/.bin", name), args, {
      env: { ...process.env, TOKEN: token, DENO_DIR: join(folder, "deno"), DENO_NO_UPDATE_CHECK: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { code, stdout, stderr } = await finish(example);
    expect([name, code, stderr.toString()]).toEqual([name, 0, ""]);
    expect(stdout.toString()).toMatch(/^1 \{.*\n2 \{.*\nsuccess verified\n$/s);
  }
});

test("[RDM3] the socket's address works as printed", async () => {
  const [address = ""] = /ws:\/\/[^`]+/.exec(readme) ?? [];
  const socket = new WebSocket(here(address.replace("ws:", "http:")).replace("http:", "ws:"));
  const first = await new Promise<unknown>((resolve) => {
    socket.onmessage = ({ data }) => resolve(data);
    socket.onclose = ({ code }) => resolve(`closed ${code}`);
  });
  socket.close();
  expect(JSON.parse(String(first))).toMatchObject({ type: "subscribed", channel: "build/43", ended: true });
});
