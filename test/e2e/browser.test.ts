import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBrowser } from "./browser.ts";
import { cli, finish, printed, startCli } from "./cli_support.ts";
import { CuttingProxy } from "./cutting_proxy.ts";

/** The way a new user goes: start, follow the printed address, stream a command, watch it. */

let browser: Browser;
let gateway: ChildProcess;
let proxy: CuttingProxy;
let folder: string;
let address: URL;
const faults: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-browser-"));
  gateway = startCli(["dev", "--port", "0", "--no-demo", "--data", folder]);
  const text = await printed(gateway.stdout, "tailrace run");
  address = new URL(/http:\S+#token=\S+/.exec(text)?.[0] ?? "");
  proxy = await CuttingProxy.start(address);
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  await proxy?.stop();
  const ended = finish(gateway);
  gateway.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

/** A page at the proxy, in a browser of its own; faults of its scripts fail the test. */
async function open(path: string, size = { width: 1280, height: 800 }): Promise<Page> {
  const context = await browser.newContext({ viewport: size, locale: "en" });
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(`${proxy.origin}${path}`);
  return page;
}

const token = () => address.hash;

function run(channel: string, script: string): ChildProcess {
  const { origin: url } = address;
  const env = {
    TAILRACE_URL: url,
    TAILRACE_TOKEN: new URLSearchParams(address.hash.slice(1)).get("token") ?? "",
  };
  return startCli(["run", channel, "--", process.execPath, "-e", script], { env });
}

/** A token of the gateway's, as the fragment of a sign-in link. */
async function linkOf(grant: string, ttl: string): Promise<string> {
  const { stdout } = await cli(["token", "--grant", grant, "--ttl", ttl]);
  return `#token=${stdout.toString().trim()}`;
}

/**
 * Every line of the page by number, read from the top to the bottom as a reader would scroll. No two rows that
 * are drawn at once have the same number.
 */
async function readAll(page: Page): Promise<Map<number, string>> {
  const log = page.getByRole("log");
  const lines = new Map<number, string>();
  await log.evaluate((element) => element.scrollTo(0, 0));
  for (;;) {
    const rows = await page
      .locator(".row-line")
      .evaluateAll((elements) =>
        elements.map((row) => [
          row.querySelector(".number")?.textContent,
          row.querySelector(".text")?.textContent,
        ]),
      );
    const numbers = rows.map(([number]) => number);
    expect(numbers.filter((number, at) => numbers.indexOf(number) !== at)).toEqual([]);
    for (const [number, text] of rows) lines.set(Number(number), text ?? "");
    const isAtEnd = await log.evaluate(async (element) => {
      const before = element.scrollTop;
      element.scrollBy(0, element.clientHeight / 2);
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      return element.scrollTop === before;
    });
    if (isAtEnd) return lines;
  }
}

describe("the page", () => {
  it("[E2E1] signs in by the printed address, shows a command's lines live, and survives a cut with nothing lost or repeated", async () => {
    const page = await open(`/builds${token()}`);
    await page.getByRole("heading", { name: "Channels" }).waitFor();
    expect(new URL(page.url()).hash).toBe("");

    const command = run(
      "build/cut",
      `let n = 0; const timer = setInterval(() => {
        for (let i = 0; i < 20; i++) console.log("line " + ++n);
        if (n === 200) console.log("::group::second half");
        if (n === 1000) clearInterval(timer);
      }, 60);`,
    );
    const finished = finish(command);
    await page.goto(`${proxy.origin}/builds/cut`);
    await page
      .locator(".row-line", { hasText: /line \d+/ })
      .first()
      .waitFor();
    await page.getByText("second half").first().waitFor();
    const place = async () => (await page.getByRole("log").boundingBox())?.y;
    const before = await place();
    proxy.cut();
    await page.getByRole("button", { name: "Reconnect now" }).waitFor();
    expect(await place()).toBe(before);
    proxy.mend();
    expect((await finished).code).toBe(0);
    await page.getByText("Complete, verified").waitFor();

    const lines = await readAll(page);
    expect([...lines.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 1_001 }, (_, i) => i + 1));
    const proof = await page.locator(".proof-verified").textContent();
    expect(proof).toContain(`${lines.size.toLocaleString("en")} lines,`);
    // As many rows as lines, by the height that they take.
    const rowsHeight = () => page.locator(".log-height").evaluate((element) => element.clientHeight / 20);
    const heads = await page.locator(".stages button").count();
    expect(heads).toBe(1);
    expect(await rowsHeight()).toBe(lines.size + heads);
    const texts = [...lines].sort(([a], [b]) => a - b).map(([, text]) => text);
    expect(texts.filter((text) => text.startsWith("line "))).toEqual(
      Array.from({ length: 1_000 }, (_, i) => `line ${i + 1}`),
    );
    expect(faults).toEqual([]);
  });

  it("[E2E2] opens 100,000 lines, scrolls to any of them, and keeps few rows", async () => {
    const command = run(
      "build/long",
      `let text = ""; for (let n = 1; n <= 100000; n++) text += "line " + n + "\\n"; process.stdout.write(text);`,
    );
    await finish(command);
    const page = await open(`/builds/long${token()}`);
    await page.getByText("Complete, verified").waitFor();
    for (const number of [100_000, 1, 50_000]) {
      await page.evaluate((line) => {
        location.hash = `#L${line}`;
      }, number);
      const row = page.locator(".row-line.target");
      await row.getByText(`line ${number}`, { exact: true }).waitFor();
      expect(await page.locator(".row").count()).toBeLessThanOrEqual(200);
    }
    await page.getByRole("searchbox").fill("line 9999");
    await expect.poll(() => page.locator(".row-line").count()).toBe(11);
    expect(faults).toEqual([]);
  });

  it("[E2E3] follows the newest line until the reader scrolls up, and says how many came since", async () => {
    const command = run(
      "build/follow",
      "let n = 0; setInterval(() => { for (let i = 0; i < 10; i++) console.log('line ' + ++n); if (n >= 600) process.exit(); }, 50);",
    );
    const finished = finish(command);
    const page = await open(`/builds/follow${token()}`);
    // Which hundred it is depends on how long the page took; a single line may be gone between two looks.
    await page
      .getByText(/^line \d{3}$/)
      .first()
      .waitFor();
    const log = page.getByRole("log");
    await log.hover();
    await page.mouse.wheel(0, -2_000);
    const pill = page.getByRole("button", { name: /new line/ });
    await pill.waitFor();
    const top = () => page.locator(".row-line .number").first().textContent();
    const before = await top();
    await finished;
    await page.getByText("Complete, verified").waitFor();
    expect(await top()).toBe(before);
    await pill.click();
    await page.getByText("line 600", { exact: true }).waitFor();
    expect(faults).toEqual([]);
  });

  it("[E2E4] never reads a log as markup", async () => {
    const hostile =
      "<img src=x onerror=\\\"document.title='owned'\\\"><script>document.title='owned'</script>";
    await finish(
      run(
        "build/hostile",
        `console.log("${hostile}"); console.log("\\u001b]8;;javascript:alert(1)\\u0007link\\u001b]8;;\\u0007")`,
      ),
    );
    const page = await open(`/builds/hostile${token()}`);
    await page.getByText("Complete, verified").waitFor();
    await page.locator(".row-line", { hasText: "<img src=x" }).waitFor();
    expect(await page.locator(".text img, .text script, .text a").count()).toBe(0);
    expect(await page.title()).not.toBe("owned");
  });

  it("[E2E5] sends whoever is not signed in to the login page, and back", async () => {
    await finish(run("build/private", "console.log('line 1')"));
    const page = await open("/builds/private");
    const signIn = page.getByRole("button", { name: /sign in/i });
    await signIn.waitFor();
    expect(new URL(page.url()).pathname).toBe("/login");
    await page.getByLabel("Token").fill("not a token");
    await signIn.click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Token").fill(token().replace("#token=", ""));
    await signIn.click();
    await page.getByText("Complete, verified").waitFor();
    expect(page.url()).toBe(`${proxy.origin}/builds/private`);
  });

  it("[E2E7] takes the token of a sign-in link that changes the fragment alone, and tells when it is refused", async () => {
    const page = await open("/login");
    const hash = () => new URL(page.url()).hash;
    const follow = (link: string) => page.evaluate((href) => location.assign(href), link);
    await page.getByLabel("Token").waitFor();
    await follow(token());
    await page.getByRole("heading", { name: "Channels" }).waitFor();
    expect(hash()).toBe("");
    await follow("#token=garbage");
    await page.getByRole("alert").getByText("The token was not accepted.").waitFor();
    expect(hash()).toBe("");
    await page.getByRole("button", { name: "Dismiss" }).click();
    await expect.poll(() => page.getByRole("alert").count()).toBe(0);
    await page.getByRole("heading", { name: "Channels" }).waitFor();
    expect(faults).toEqual([]);
  });

  it("[E2E8] shows nothing but the refusal of a channel that may not be read", async () => {
    await finish(run("build/secret", "console.log('line 1')"));
    const page = await open(`/builds/secret${await linkOf("read:plugin/*", "1h")}`);
    const refusal = page.getByRole("alert");
    await refusal.getByRole("heading", { name: "You may not read build/secret" }).waitFor();
    expect(await refusal.locator("p").textContent()).toContain("build/secret");
    expect(await page.getByText(/waiting|following|live/i).count()).toBe(0);
    expect(await page.getByRole("log").count()).toBe(0);
    await page.getByRole("button", { name: "All channels" }).click();
    await page.getByRole("heading", { name: "Channels" }).waitFor();
    expect(faults).toEqual([]);
  });

  it("[E2E9] says of a deleted channel that it was deleted, and not that another has begun", async () => {
    await finish(run("build/deleted", "console.log('line 1')"));
    const page = await open(`/builds/deleted${token()}`);
    await page.getByText("Complete, verified").waitFor();
    const headers = { authorization: `Bearer ${token().replace("#token=", "")}` };
    const url = `${address.origin}/v1/channels/build/deleted`;
    expect((await fetch(url, { method: "DELETE", headers })).status).toBe(204);
    await page.getByText("Earlier lines are gone: the channel was deleted.").waitFor();
    await page.locator(".badge", { hasText: "Waiting" }).waitFor();
    expect(await page.getByText("Complete, verified").count()).toBe(0);
  });

  it("[E2E10] says of a text that is not the one that was sent that it is not, with both sums", async () => {
    await finish(run("build/forged", "console.log('line 1')"));
    const page = await open(`/builds${token()}`);
    await page.getByRole("heading", { name: "Channels" }).waitFor();
    await page.routeWebSocket(/\/ws\//, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((text) => socket.send(text.toString().replace(/"crc32":"\w+"/, '"crc32":"deadbeef"')));
    });
    await page.goto(`${proxy.origin}/builds/forged`);
    const proof = page.locator(".proof-mismatch");
    await proof.getByText("CRC-32 deadbeef").waitFor();
    await proof.getByText(/this page read .* CRC-32 (?!deadbeef)[0-9a-f]{8}$/).waitFor();
    expect(await page.locator(".connection").textContent()).toBe("Mismatch");
    expect(await page.getByText("Complete").count()).toBe(0);
  });

  it("[E2E11] keeps a page that has everything when its session is over, and leads to signing in", async () => {
    await finish(run("build/kept", "console.log('line 1')"));
    const page = await open(`/builds/kept${await linkOf("read:build/*", "4s")}`);
    await page.getByText("Complete, verified").waitFor();
    await page.getByText("Your session is over.").waitFor();
    await page.getByText("Complete, verified").waitFor();
    await page.locator(".row-line", { hasText: "line 1" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/builds/kept");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel("Token").fill(token().replace("#token=", ""));
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Complete, verified").waitFor();
    expect(await page.getByText("Your session is over.").count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it("[E2E6] fits a phone: nothing hangs over the edge", async () => {
    const page = await open(`/builds/cut${token()}`, { width: 360, height: 740 });
    await page.getByText("Complete, verified").waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  });
});
