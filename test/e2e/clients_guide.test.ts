import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import { DEFAULT_URL } from "../../client/cli/target.ts";
import { ApiClient } from "../../client/sdk/mod.ts";
import { finish } from "./cli_support.ts";
import { CommandAgent } from "./command_agent.ts";

/** [GDE] the programs of docs/guides/clients.md are correct TypeScript, and do what the guide says. */

const root = resolve(import.meta.dirname, "../..");
const guide = readFileSync(join(root, "docs/guides/clients.md"), "utf8");
const programs = [...guide.matchAll(/```ts\n(.+?)```/gs)].map(([, source = ""]) => source);
const secret = "a secret for the tests, of 32 bytes and more";
let folder: string;
let gateway: Gateway;
let token: string;
let api: ApiClient;
const children: ChildProcess[] = [];
const agents: CommandAgent[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
  gateway = await startGateway({ port: 0, dataDir: join(folder, "data"), secret });
  token = await mintToken(secret, { subject: "ada", grants: ["admin:*"], ttlMs: 600_000 });
  api = new ApiClient({ url: gateway.url, token });
  // The programs import the SDK as they do in the checkout's own folder.
  mkdirSync(join(folder, "here"));
  for (const name of ["client", "protocol"]) symlinkSync(join(root, name), join(folder, "here", name));
  for (const [i, source] of programs.entries()) {
    writeFileSync(join(folder, `here/program_${i}.ts`), source.replaceAll(DEFAULT_URL, gateway.url));
  }
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill();
  for (const agent of agents.splice(0)) agent.close();
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the program that says this; what it has printed so far. */
function start(word: string): () => string {
  const i = programs.findIndex((source) => source.includes(word));
  const child = spawn(join(root, "node_modules/.bin/node"), [`program_${i}.ts`], {
    cwd: join(folder, "here"),
    env: { ...process.env, TOKEN: token, NODE_NO_WARNINGS: "1" },
  });
  children.push(child);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => (printed += String(data)));
  return () => printed;
}

/** Looks until it is so, however busy the machine. */
const soon = <T>(look: () => T) => expect.poll(look, { timeout: 30_000 });

async function serve(channel: string): Promise<void> {
  agents.push(await CommandAgent.join(gateway.url, token, channel, ({ name }) => ({ did: name })));
}

test("[GDE1] a strict compiler takes them", async () => {
  const options = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions: {
      lib: ["ES2025", "DOM", "DOM.Iterable"],
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
      // As in a strict project of one's own.
      noPropertyAccessFromIndexSignature: false,
      exactOptionalPropertyTypes: false,
    },
    include: ["program_*.ts"],
  };
  writeFileSync(join(folder, "here/tsconfig.json"), JSON.stringify(options));
  const checked = spawn(join(root, "node_modules/.bin/tsc"), ["-p", join(folder, "here")]);
  const { code, stdout } = await finish(checked);
  expect([stdout.toString(), code]).toEqual(["", 0]);
});

test("[GDE2] a workflow session, natively", async () => {
  await serve("session/s1");
  const printed = start("new WorkflowSession");
  await soon(printed).toContain('engine: {"did":"start_session"}');
  await api.append("session/s1", [
    { kind: "event", event: "node:parallel_start", data: { nodes: ["a", "b"] } },
    { kind: "event", event: "token_stream", data: { text: "Hello" }, nodeId: "a" },
  ]);
  await soon(printed).toContain("running a+b Hello");
});

test("[GDE3] a workflow session in its own frames", async () => {
  await api.append("session/s2", [{ kind: "event", event: "token_stream", data: { text: "Hi" } }]);
  const printed = start("new WorkflowSocket");
  await soon(printed).toContain("connecting\nconnected\nrunning Hi\n");
  await api.append("session/s2", [{ kind: "event", event: "execution:completed", data: {} }]);
  await soon(printed).toContain("completed Hi\n");
});

test("[GDE4] a plugin's logs", async () => {
  await api.append("plugin/web", [{ line: "timeout one", level: "warn" }, { line: "all is well" }]);
  const printed = start("new PluginLogs");
  await soon(printed).toContain("connection: live");
  expect(printed()).toContain("history: 1\n");
  await api.append("plugin/web", [{ line: "timeout two", level: "error" }, { line: "timeout three" }]);
  await soon(printed).toContain("ERROR timeout two\n");
  expect(printed()).not.toContain("three");
});

test("[GDE5] a project's room", async () => {
  const printed = start("new ProjectRoom");
  await soon(printed).toContain("accepted\n");
  await soon(printed).toContain("agents: 0\n");
  await api.append("project/p1", [
    { kind: "event", event: "project_stage_update", data: { stage: "design" } },
  ]);
  await soon(printed).toContain('stage: {"stage":"design"}\n');
  await serve("project/p1");
  await soon(printed).toContain('{"did":"user_feedback"}\n');
  expect(printed()).toContain("answered\n");
});

test("[GDE6] an install", async () => {
  const printed = start("new InstallTasks");
  await soon(printed).toMatch(/task \S+\n/);
  const [, taskId = ""] = /task (\S+)\n/.exec(printed()) ?? [];
  await api.append(`task/${taskId}`, [{ line: "unpacking" }]);
  await api.end(`task/${taskId}`, { status: "success" });
  await soon(printed).toContain("unpacking\nended: success\n");
});
