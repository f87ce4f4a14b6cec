import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import { startBrowser } from "./browser.ts";
import { CuttingProxy } from "./cutting_proxy.ts";

/** Plain pages, made without a bundler, that include `/frontend_realtime_log.js` from a real gateway. */

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const secret = "a secret for the tests, of 32 bytes and more";
let browser: Browser;
let gateway: Gateway;
let proxy: CuttingProxy;
let folder: string;
let token: string;
const faults: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-frontend-"));
  gateway = await startGateway({ port: 0, dataDir: join(folder, "data"), secret });
  proxy = await CuttingProxy.start(new URL(gateway.url));
  browser = await startBrowser();
  token = await mintToken(secret, { subject: "ada", grants: ["admin:*"], ttlMs: 3_600_000 });
});

afterAll(async () => {
  await browser?.close();
  await proxy?.stop();
  await gateway?.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(faults).toEqual([]);
});

/**
 * A page of the gateway's origin with a script of its own, which knows `TOKEN`. It takes the place of an answer
 * that really came from there: Chromium lets a page that was made up open no sockets on loopback.
 */
async function open(origin: string, body: string, lang = "en"): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(`${origin}/healthz`);
  await page.setContent(`<!doctype html><html lang="${lang}"><title>Install</title>
<main><h1>Install</h1>${body.replaceAll("TOKEN", JSON.stringify(token))}</main></html>`);
  return page;
}

const script = '<script src="/frontend_realtime_log.js"></script>';

async function send(url: string, path: string, body: object): Promise<void> {
  const response = await fetch(`${url}/v1/channels/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status, await response.text()).toBe(200);
}

/** Appends `count` numbered lines from `first`, straight to the gateway. */
async function append(task: string, first: number, count: number, total: number, url = gateway.url) {
  const entries = Array.from({ length: count }, (_, i) => ({
    line: `line ${first + i}`,
    progress: Math.floor(((first + i) / total) * 99),
    step: first + i <= total / 2 ? "Download" : "Unpack",
    currentStep: first + i <= total / 2 ? 1 : 2,
    totalSteps: 2,
  }));
  await send(url, `task/${task}/entries`, { entries });
}

const linesOf = (page: Page, viewer: string): Promise<string[]> =>
  page.locator(`${viewer} .tailrace-text`).allTextContents();

const numbered = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `line ${first + i}`);

/** The viewer's state, once it is so. */
async function reached(page: Page, viewer: string, attribute: "connection" | "status", value: string) {
  await page.locator(`${viewer} .tailrace[data-${attribute}="${value}"]`).waitFor();
}

describe("/frontend_realtime_log.js in a plain page", () => {
  it("[FRONT1] follows a task from its first line through a cut to its end, twice on one page", async () => {
    await append("cut", 1, 40, 200);
    const page = await open(
      proxy.origin,
      `<div id="first"></div><div id="second"></div>${script}<script>
        new InstallLogViewer("cut", "first", { token: TOKEN, onEnd: (status) => { window.ended = status; } });
        new InstallLogViewer("cut", document.getElementById("second"), { token: TOKEN, tokenIn: "query", maxRows: 50 });
      </script>`,
    );
    for (const viewer of ["#first", "#second"]) await reached(page, viewer, "connection", "live");
    await append("cut", 41, 40, 200);
    await page.locator("#first").getByText("line 80", { exact: true }).waitFor();
    const bar = page.locator("#first").getByRole("progressbar", { name: "Progress" });
    expect(await bar.getAttribute("aria-valuenow")).toBe("39");
    expect(await page.locator("#first [aria-current=step]").textContent()).toBe("Download (1/2)");

    proxy.cut();
    await reached(page, "#first", "connection", "waiting");
    await append("cut", 81, 80, 200);
    proxy.mend();
    await page.locator("#first").getByText("line 160", { exact: true }).waitFor();
    await append("cut", 161, 40, 200);
    await send(gateway.url, "task/cut/end", { status: "success", exitCode: 0 });

    for (const viewer of ["#first", "#second"]) await reached(page, viewer, "status", "success");
    const last = "Task ended: success";
    expect(await linesOf(page, "#first")).toEqual([...numbered(1, 200), last]);
    expect(await linesOf(page, "#second")).toEqual([...numbered(152, 200), last]);
    expect(await page.locator("#second .tailrace-note").textContent()).toBe(
      "151 earlier lines are not shown",
    );
    expect(await bar.getAttribute("aria-valuenow")).toBe("100");
    expect(await page.locator("#first").getByRole("status").textContent()).toBe("Succeeded");
    expect(await page.locator("#first .tailrace-step").allTextContents()).toEqual([
      "Download (1/2)",
      "Unpack (2/2)",
    ]);
    expect(await page.evaluate("window.ended")).toMatchObject({
      is_completed: true,
      success: true,
      exit_code: 0,
    });
  });

  it("[FRONT2] shows lines as text, levels by class, and a failure in the page's language", async () => {
    const hostile = '<img src=x onerror="window.hit = 1">';
    await send(gateway.url, "task/fails/entries", {
      entries: [{ line: hostile }, { line: "\u001b[31mno disk\u001b[0m", level: "error", step: "解压" }],
    });
    await send(gateway.url, "task/fails/end", { status: "failure", exitCode: 3 });
    const page = await open(
      gateway.url,
      `<div id="log"></div>${script}<script>new InstallLogViewer("fails", "log", { token: TOKEN });</script>`,
      "zh-CN",
    );
    await reached(page, "#log", "status", "failure");
    expect((await linesOf(page, "#log")).slice(0, 2)).toEqual([hostile, "no disk"]);
    expect(await page.evaluate("window.hit")).toBeUndefined();
    expect(await page.locator('#log [data-level="ERROR"] .tailrace-text').first().textContent()).toBe(
      "no disk",
    );
    expect(await page.locator("#log").getByRole("status").textContent()).toBe("失败 (退出码 3)");
    expect(await page.locator('#log [data-state="failed"]').textContent()).toBe("解压");
    await page.addScriptTag({ path: axePath });
    const { violations } = await page.evaluate<axe.AxeResults>("axe.run(document.querySelector('#log'))");
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    const log = page.locator("#log").getByRole("log", { name: "日志" });
    await log.focus();
    expect(await log.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  it("[FRONT3] is gone when it is destroyed, and its socket with it", async () => {
    await append("left", 1, 3, 10);
    const page = await open(
      gateway.url,
      `<div id="log"></div>${script}<script>
        window.viewer = new InstallLogViewer("left", "log", { token: TOKEN });
      </script>`,
    );
    await reached(page, "#log", "connection", "live");
    const viewers = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${gateway.url}/v1/channels/task/left`, { headers });
      return ((await response.json()) as { viewers: number }).viewers;
    };
    expect(await viewers()).toBe(1);
    await page.evaluate("viewer.destroy()");
    expect(await page.locator("#log").innerHTML()).toBe("");
    await expect.poll(viewers, { timeout: 10_000 }).toBe(0);
  });

  it("[FRONT4] polls where sockets are refused, to the end", async () => {
    const polled = await startGateway({
      port: 0,
      dataDir: join(folder, "polled"),
      secret,
      vars: { REALTIME_ENABLED: "false" },
    });
    try {
      await append("polled", 1, 10, 20, polled.url);
      const page = await open(
        polled.url,
        `<div id="log"></div>${script}<script>new InstallLogViewer("polled", "log", { token: TOKEN });</script>`,
      );
      await reached(page, "#log", "connection", "resting");
      await append("polled", 11, 10, 20, polled.url);
      await page.locator("#log").getByText("line 20", { exact: true }).waitFor();
      await send(polled.url, "task/polled/end", { status: "success" });
      await reached(page, "#log", "status", "success");
      expect(await linesOf(page, "#log")).toEqual(numbered(1, 20));
      expect(await page.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("100");
    } finally {
      await polled.stop();
    }
  });

  it("[FRONT5] says why it may not be read", async () => {
    const other = await mintToken(secret, { subject: "eve", grants: ["read:task/other"], ttlMs: 60_000 });
    const page = await open(
      gateway.url,
      `<div id="log"></div>${script}<script>
        new InstallLogViewer("cut", "log", { token: () => Promise.resolve(${JSON.stringify(other)}) });
      </script>`,
    );
    await reached(page, "#log", "connection", "refused");
    await page.locator("#log").getByText("This needs the grant read:task/cut").waitFor();
  });

  it("[FRONT6] starts an install, shows it where the page says, and tells why one is refused", async () => {
    const page = await open(
      gateway.url,
      `<div id="log"></div>${script}<script>
        window.manager = new InstallManager({ token: TOKEN, container: "log" });
      </script>`,
    );
    const { task_id: id, fn } = await page.evaluate<{ task_id: string; fn: string }>(
      'manager.startInstall({ key: "nginx", version: "1.28.0", group: "web" })',
    );
    expect(fn).toBe(`${id}.log`);
    await page.getByRole("region", { name: `Install task ${id}` }).waitFor();
    expect(await page.getByRole("status").textContent()).toBe("Waiting");
    await append(id, 1, 2, 2);
    await page.getByText("line 2", { exact: true }).waitFor();
    const refused =
      'manager.startInstall({ key: "a", version: "1; rm -rf /" }).catch((e) => [e.message, e.cause])';
    expect(await page.evaluate(refused)).toEqual([expect.stringContaining("rm -rf"), "invalid_field"]);
    await send(gateway.url, `task/${id}/end`, { status: "success", exitCode: 0 });
    await reached(page, "#log", "status", "success");
  });
});
