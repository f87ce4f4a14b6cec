import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { Host, Page, RunnerProcess, secret } from "./agent_support.ts";
import { CuttingProxy } from "./cutting_proxy.ts";

/** [AGR1] the guide's runner and script do what the guide says, over a break in the middle. */

const guide = readFileSync(resolve(import.meta.dirname, "../../docs/guides/install_tasks.md"), "utf8");
const files = 40;
let folder: string;
let gateway: Gateway;
let proxy: CuttingProxy;
let host: Host;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace test "));
  gateway = await startGateway({ port: 0, dataDir: join(folder, "data"), secret });
  proxy = await CuttingProxy.start(new URL(gateway.url));
  host = new Host(join(folder, "a host"));
  makePackage();
  makeGates();
});
afterAll(async () => {
  await proxy.stop();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

function blockOf(language: string, beginning: string): string {
  const blocks = [...guide.matchAll(/```(\w+)\n(.*?)```/gs)];
  const found = blocks.find(([, kind, text]) => kind === language && text?.startsWith(beginning));
  return found?.[2] ?? "";
}

/** An archive of real files, as the guide's script unpacks it. */
function makePackage(): void {
  const from = join(folder, "from");
  mkdirSync(from);
  mkdirSync(host.path("packages"));
  for (let i = 1; i <= files; i++) writeFileSync(join(from, `file ${i}.txt`), `${i}\n`.repeat(1_000));
  const archive = host.path("packages/hello-1.2.0.tar.gz");
  execFileSync("tar", ["-czf", archive, "-C", from, ...readdirSync(from)]);
}

/** The script's `tar` is the real one, which begins, and goes on after half of the files, when it is let. */
function makeGates(): void {
  const real = execFileSync("which", ["tar"], { encoding: "utf8" }).trim();
  mkdirSync(join(folder, "bin"));
  const gates = new Host(join(folder, "bin"));
  const wait = (name: string) => `until [ -e "${host.path(name)}" ]; do sleep 0.02; done`;
  gates.script(
    "tar",
    `#!/bin/bash
if [ "$1" = -tzf ]; then ${wait("look")}; exec ${real} "$@"; fi
${wait("unpack")}
${real} "$@" | { for i in {1..${files / 2}}; do read -r name; echo "$name"; done; ${wait("go on")}; cat; }
`,
  );
}

const open = (gate: string) => writeFileSync(host.path(gate), "");

test("[AGR1] the guide's install: its status is right at each step, and every line arrives once", async () => {
  host.allow(blockOf("toml", "[install."));
  host.script("install_hello.sh", blockOf("sh", "#!/bin/bash"));
  const command = blockOf("sh", "export TAILRACE_URL");
  expect(command).toContain("npx tailrace agent 'task/*' --config agent.toml --group web --concurrency 2");
  const runner = await RunnerProcess.start(proxy.origin, host, {
    args: ["--group", "web", "--concurrency", "2"],
    env: { PATH: `${join(folder, "bin")}:${process.env["PATH"]}` },
  });
  const page = await Page.open(gateway.url);
  const id = await page.install({ key: "hello", version: "1.2.0", site: "blue", group: "web" });

  const first = await page.until(id, ({ current_step: step }) => step === 1);
  expect(first).toMatchObject({ status: "running", progress: 0, total_steps: 3, is_completed: false });
  expect(first.step).toBe("Look into packages/hello-1.2.0.tar.gz");
  open("look");
  const second = await page.until(id, ({ current_step: step }) => step === 2);
  expect(second).toMatchObject({ status: "running", progress: 0, step: "Unpack for blue" });
  open("unpack");
  await page.until(id, ({ progress }) => progress === 50);
  proxy.cut();
  open("go on");
  const away = await page.status(id);
  expect(away).toMatchObject({ status: "running", progress: 50, current_step: 2 });
  proxy.mend();
  expect(await page.ended(id)).toEqual({
    ...{ task_id: id, status: "success", progress: 100, step: "Done", current_step: 3, total_steps: 3 },
    ...{ is_completed: true, success: true, exit_code: 0 },
  });

  const names = readdirSync(host.path("blue"));
  expect(names).toHaveLength(files);
  const lines = await page.lines(id);
  expect(lines.filter((line) => line.startsWith("Step "))).toHaveLength(3);
  const unpacked = lines.filter((line) => line.startsWith("[")).map((line) => line.replace(/^.*%\] /, ""));
  expect(unpacked.toSorted()).toEqual(names.toSorted());
  expect(lines).toHaveLength(files + 3);
  expect(await runner.end()).toBe(0);
});
