import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startBrowser } from "./browser.ts";
import { bin, finish, printed, startCli } from "./cli_support.ts";

/** `npm run picture`: streams this project's own build and takes README's picture of it, `docs/build.png`. */

const root = resolve(import.meta.dirname, "../..");

/** The build of `npm start`'s first channel, with the colours that it has in a terminal. */
function startBuild(signInUrl: URL): ChildProcess {
  const { NO_COLOR: _, ...inherited } = process.env;
  const token = new URLSearchParams(signInUrl.hash.slice(1)).get("token") ?? "";
  const env = { ...inherited, FORCE_COLOR: "1", TAILRACE_URL: signInUrl.origin, TAILRACE_TOKEN: token };
  const script = resolve(root, "client/cli/dev/demo_build.ts");
  const args = [bin, "run", "build/4711", "--", process.execPath, script];
  return spawn(process.execPath, args, { env, cwd: root, stdio: ["ignore", "pipe", "pipe"] });
}

async function takePicture(signInUrl: URL, path: string): Promise<void> {
  const run = startBuild(signInUrl);
  const ended = finish(run);
  const browser = await startBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
    await page.goto(`${signInUrl.origin}/builds/4711${signInUrl.hash}`);
    const { code, stdout } = await ended;
    if (code !== 0) throw new Error(`The build ended with ${code}:\n${stdout.toString().slice(-4_000)}`);
    await page.getByText("Complete, verified").waitFor();
    // Its two hundred lines fold into one, and the whole build fits.
    await page.getByRole("navigation").getByRole("button", { name: "Test the protocol" }).click();
    await page.locator(".row-stage button", { hasText: "Test the protocol" }).click();
    await page.getByRole("log").evaluate((log) => log.scrollTo(0, 0));
    await page.locator(".row-stage", { hasText: "Build the viewer" }).waitFor();
    // A machine without a Chinese font has boxes there.
    await page.locator("button[lang=zh]").evaluate((button) => button.remove());
    await page.mouse.move(0, 0);
    await page.screenshot({ path });
  } finally {
    await browser.close();
    run.kill();
  }
}

const folder = mkdtempSync(join(tmpdir(), "tailrace-picture-"));
const gateway = startCli(["dev", "--port", "0", "--no-demo", "--data", folder]);
const gatewayEnded = finish(gateway);
try {
  const address = /http:\S+#token=\S+/.exec(await printed(gateway.stdout, "tailrace run"))?.[0] ?? "";
  await takePicture(new URL(address), join(root, "docs/build.png"));
} finally {
  gateway.kill("SIGTERM");
  await gatewayEnded;
  rmSync(folder, { recursive: true, force: true });
}
