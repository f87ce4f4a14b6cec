import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBrowser } from "./browser.ts";
import { finish, printed, startCli } from "./cli_support.ts";

/** [A11Y] the pages by axe's rules, and by keyboard alone, in a real browser. */

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
let browser: Browser;
let gateway: ChildProcess;
let running: ChildProcess;
let address: URL;
let folder: string;

const finishedBuild = `
  console.log("before any stage");
  for (const stage of ["install", "compile", "test"]) {
    console.log("::group::" + stage);
    for (let i = 1; i <= 60; i++) console.log("\\u001b[3" + (i % 8) + "mcolour " + (i % 8) + "\\u001b[0m line " + i);
    console.log("::error::went wrong");
    console.log("::warning::looks odd");
  }
  console.log("::endgroup::");
  console.log("\\u001b[2mfaint\\u001b[0m after every stage \\u001b]8;;https://example.com/\\u0007link\\u001b]8;;\\u0007");
  process.exit(3);
`;
const runningBuild = `
  console.log("::group::serve");
  for (let i = 1; i <= 200; i++) console.log("line " + i);
  setInterval(() => {}, 60_000);
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-axe-"));
  gateway = startCli(["dev", "--port", "0", "--no-demo", "--data", folder]);
  address = new URL(/http:\S+#token=\S+/.exec(await printed(gateway.stdout, "tailrace run"))?.[0] ?? "");
  browser = await startBrowser();
  await finish(run("build/finished", finishedBuild));
  running = run("build/running", runningBuild);
  await printed(running.stdout, "line 200");
});

afterAll(async () => {
  await browser?.close();
  for (const child of [running, gateway]) {
    const ended = finish(child);
    child.kill("SIGTERM");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

function run(channel: string, script: string): ChildProcess {
  const token = new URLSearchParams(address.hash.slice(1)).get("token") ?? "";
  const env = { TAILRACE_URL: address.origin, TAILRACE_TOKEN: token };
  return startCli(["run", channel, "--", process.execPath, "-e", script], { env });
}

interface Look {
  readonly locale: "en" | "zh-CN";
  readonly colorScheme: "light" | "dark";
  readonly width: number;
}

const desktop: Look = { locale: "en", colorScheme: "light", width: 1280 };

async function open(path: string, { locale, colorScheme, width }: Look): Promise<Page> {
  // The pages' own policy forbids a script that is not theirs, as axe is.
  const viewport = { width, height: 740 };
  const context = await browser.newContext({ viewport, locale, colorScheme, bypassCSP: true });
  const page = await context.newPage();
  await page.goto(`${address.origin}${path}`);
  return page;
}

/** One sentence for each element that breaks a rule. */
async function violations(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: axePath });
  const found = await page.evaluate(async () => {
    const { axe: inPage } = globalThis as unknown as { readonly axe: typeof axe };
    return (await inPage.run()).violations;
  });
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

const looks = (["en", "zh-CN"] as const).flatMap((locale) =>
  (["light", "dark"] as const).flatMap((colorScheme) =>
    [1280, 360].map((width): Look => ({ locale, colorScheme, width })),
  ),
);

describe("no rule of axe is broken", () => {
  test.each(looks)("[A11Y1] $locale, $colorScheme, $width px wide", async (look) => {
    const page = await open(`/builds${address.hash}`, look);
    await page.locator(".channel").nth(1).waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe(look.locale.slice(0, 2));
    const broken = { list: await violations(page) };

    const at = async (path: string, ready: string): Promise<string[]> => {
      await page.goto(`${address.origin}${path}`);
      await page.locator(ready).first().waitFor();
      return violations(page);
    };
    const pages = {
      finished: await at("/builds/finished", ".proof-verified"),
      unfolded: await at("/builds/finished#L30", ".row.target"),
      running: await at("/builds/running", ".connection-ready"),
      waiting: await at("/builds/not-begun", ".log-empty"),
      notFound: await at("/builds/a/b", "h1"),
    };
    await page.context().clearCookies();
    const login = await at("/login", "input[name=token]");
    expect({ ...broken, ...pages, login }).toEqual({
      list: [],
      finished: [],
      unfolded: [],
      running: [],
      waiting: [],
      notFound: [],
      login: [],
    });
    await page.context().close();
  });

  test("[A11Y2] nor with a menu open, a filter set, or a token refused", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await open(`/builds/finished${address.hash}`, { ...desktop, colorScheme });
      await page.locator(".proof-verified").waitFor();
      await page.locator(".menu summary").click();
      expect(await violations(page)).toEqual([]);
      await page.getByRole("searchbox").fill("colour 3");
      await page.locator("mark").first().waitFor();
      expect(await violations(page)).toEqual([]);
      await page.context().clearCookies();
      await page.goto(`${address.origin}/login`);
      await page.getByLabel("Token").fill("no token");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").waitFor();
      expect(await violations(page)).toEqual([]);
      await page.context().close();
    }
  });

  test("[A11Y3] a page that breaks rules is found out", async () => {
    const page = await open("/login", desktop);
    await page.locator("input[name=token]").waitFor();
    await page.evaluate(() => document.body.append(document.createElement("button")));
    expect((await violations(page)).map((each) => each.split(":")[0])).toContain("button-name");
    await page.context().close();
  });
});

/** What the focus is on: its name and role, and whether it can be seen to be. */
async function focused(page: Page): Promise<{ name: string; isSeen: boolean } | null> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return null;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const isOnScreen = box.width > 0 && box.bottom > 0 && box.top < innerHeight;
    const label = element.getAttribute("aria-label") ?? element.textContent ?? "";
    return {
      name: `${element.tagName} ${label}`,
      isSeen: isOnScreen && outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2,
    };
  });
}

test("[A11Y6] the language chosen is that of the next visit, and the page names it", async () => {
  const page = await open("/login", desktop);
  await page.getByRole("button", { name: /中文/ }).click();
  await page.getByRole("heading", { name: "登录" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "登录" }).waitFor();
  expect(await page.locator("html").getAttribute("lang")).toBe("zh");
  await page.context().close();
});

describe("by keyboard alone", () => {
  test.each([
    ["/builds", ".channel"],
    ["/builds/finished", ".proof-verified"],
  ])("[A11Y4] every control of %s is reached by Tab, and seen to be", async (path, ready) => {
    const page = await open(`${path}${address.hash}`, desktop);
    await page.locator(ready).first().waitFor();
    const controls = "a[href], button, input, select, summary, [tabindex]";
    const expected = await page
      .locator(controls)
      .evaluateAll((elements) =>
        elements
          .filter(
            (element) => element instanceof HTMLElement && element.tabIndex >= 0 && element.checkVisibility(),
          )
          .map(
            (element) => `${element.tagName} ${element.getAttribute("aria-label") ?? element.textContent}`,
          ),
      );
    expect(expected.length).toBeGreaterThan(8);
    const reached = new Map<string, boolean>();
    for (let press = 0; press < 60; press++) {
      await page.keyboard.press("Tab");
      const focus = await focused(page);
      // Past the last control the browser itself has the focus, and then the first.
      if (focus === null) continue;
      reached.set(focus.name, focus.isSeen);
    }
    expect(expected.filter((name) => !reached.has(name))).toEqual([]);
    expect([...reached].filter(([, isSeen]) => !isSeen)).toEqual([]);
    await page.context().close();
  });

  test("[A11Y7] a page that opens leaves the focus where a reader has put it", async () => {
    const page = await open(`/builds${address.hash}`, desktop);
    await page.getByRole("button", { name: /中文/ }).focus();
    await page.evaluate(() => {
      history.pushState(null, "", "/builds/finished");
      dispatchEvent(new PopStateEvent("popstate"));
    });
    await page.locator(".proof-verified").waitFor();
    expect((await focused(page))?.name).toContain("中文");
    await page.context().close();
  });

  test("[A11Y8] a key up while the log glides to its end is not undone when it arrives, and a key down follows", async () => {
    const page = await open(`/builds/running${address.hash}`, desktop);
    const log = page.getByRole("log");
    const toggle = page.getByRole("button", { name: /^Follow(ing)?$/ });
    await page.getByText("line 200", { exact: true }).waitFor();
    /** Listens; then answers with what was left to the log's end at the next event of a type. */
    const next = async (type: string) => {
      const seen = await log.evaluateHandle((element, type) => {
        const left = () => element.scrollHeight - element.clientHeight - element.scrollTop;
        const first = new Promise<number>((resolve) =>
          element.addEventListener(type, () => resolve(left()), { once: true }),
        );
        return { first };
      }, type);
      return () => seen.evaluate(({ first }) => first);
    };
    const press = async (key: string) => {
      const arrived = await next("scrollend");
      await page.keyboard.press(key);
      return arrived();
    };
    await press("Home");
    const glides = await next("scroll");
    const pressed = await next("keyup");
    const arrived = await next("scrollend");
    await page.keyboard.down("End");
    await glides();
    await page.keyboard.press("ArrowUp");
    // It came midway: else this would show nothing.
    expect(await pressed()).toBeGreaterThan(100);
    const left = await arrived();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(40);
    expect(await toggle.textContent()).toBe("Follow");
    await page.keyboard.up("End");
    expect(await press("ArrowDown")).toBe(0);
    await expect.poll(() => toggle.textContent()).toBe("Following");
    await page.context().close();
  });

  test("[A11Y5] the log is scrolled by its keys, and a stage is folded by Enter", async () => {
    const page = await open(`/builds/finished${address.hash}`, desktop);
    await page.locator(".proof-verified").waitFor();
    const line = (number: number) => page.locator(`.number[href="#L${number}"]`);
    const log = page.getByRole("log");
    const outline = () => log.evaluate((element) => getComputedStyle(element).outlineStyle);
    expect(await log.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await outline()).toBe("none");
    const top = () => log.evaluate((element) => element.scrollTop);
    // The browser animates key scrolls: the next key is pressed when the one before has arrived.
    const press = async (key: string) => {
      const arrived = log.evaluate((element) => {
        return new Promise<void>((resolve) =>
          element.addEventListener("scrollend", () => resolve(), { once: true }),
        );
      });
      await page.keyboard.press(key);
      await arrived;
    };
    await press("End");
    await expect.poll(() => line(188).isVisible()).toBe(true);
    expect(await outline()).not.toBe("none");
    await press("Home");
    await expect.poll(top).toBe(0);
    await press("PageDown");
    await expect.poll(top).toBeGreaterThan(300);
    await press("PageUp");
    await expect.poll(top).toBe(0);
    await expect.poll(() => line(1).isVisible()).toBe(true);
    await page.locator(".row-stage button").first().focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => line(3).count()).toBe(0);
    await page.context().close();
  });
});
