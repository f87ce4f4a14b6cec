import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { buildAssets } from "../../client/viewer/build.ts";
import { type Answer, type Gateway, httpGateway, type Session } from "../../client/viewer/gateway.ts";
import { en } from "../../client/viewer/i18n/en.ts";
import { formatAgo, formatDuration } from "../../client/viewer/i18n/format.ts";
import {
  chooseLanguage,
  language,
  preferredLanguage,
  savedLanguage,
  words,
} from "../../client/viewer/i18n/language.ts";
import { told } from "../../client/viewer/i18n/told.ts";
import { zh } from "../../client/viewer/i18n/zh.ts";
import { ChannelList } from "../../client/viewer/models/channel_list.ts";
import {
  cursorOf,
  loginAddress,
  pathOf,
  routeOf,
  safeNext,
  takeToken,
} from "../../client/viewer/models/routes.ts";
import { SessionModel } from "../../client/viewer/models/session.ts";

const origin = "https://logs.example";
const at = (path: string): URL => new URL(path, origin);

describe("[PAG1] addresses", () => {
  test.each([
    ["/", { page: "channels" }],
    ["/builds", { page: "channels" }],
    ["/builds/", { page: "channels" }],
    ["/builds/42", { page: "channel", channel: "build/42" }],
    ["/builds/a%3Ab@c", { page: "channel", channel: "build/a:b@c" }],
    ["/channels/plugin/web", { page: "channel", channel: "plugin/web" }],
    ["/login?next=/builds/7", { page: "login", next: "/builds/7" }],
    ["/builds/a/b", { page: "notFound" }],
    ["/builds/%2e%2e%2fx", { page: "notFound" }],
    ["/builds/%", { page: "notFound" }],
    ["/channels/Plugin/web", { page: "notFound" }],
    ["/else", { page: "notFound" }],
  ])("%s", (path, route) => {
    expect(routeOf(at(path))).toEqual(route);
  });

  test("a channel's page leads back to the channel", () => {
    for (const channel of ["build/42", "plugin/web:1", "task/a@b"]) {
      expect(routeOf(at(pathOf(channel)))).toEqual({ page: "channel", channel });
    }
  });

  test.each([
    [null, "/builds"],
    ["/builds/42?x=1#L7", "/builds/42?x=1#L7"],
    ["https://evil.example/x", "/builds"],
    ["//evil.example/x", "/builds"],
    ["/\\evil.example", "/builds"],
    ["/.//evil.example", "/builds"],
    ["javascript:alert(1)", "/builds"],
    ["http://[", "/builds"],
    ["/login?next=/login", "/builds"],
  ])("after signing in, %s leads to %s", (next, path) => {
    expect(safeNext(next, origin)).toBe(path);
  });

  test("signing in comes back to where one was", () => {
    const login = loginAddress("/login", at("/builds/42?a=b#L9"));
    expect(routeOf(login)).toEqual({ page: "login", next: "/builds/42?a=b#L9" });
  });

  test.each([
    ["/login", "/login?next=%2Fbuilds%2F42%23L9"],
    ["/sso/start?app=logs", "/sso/start?app=logs&next=%2Fbuilds%2F42%23L9"],
    ["https://sso.example/in", "https://sso.example/in?next=https%3A%2F%2Flogs.example%2Fbuilds%2F42%23L9"],
    ["javascript:alert(1)", "/login?next=%2Fbuilds%2F42%23L9"],
    ["http://[", "/login?next=%2Fbuilds%2F42%23L9"],
    ["/builds", "/login?next=%2Fbuilds%2F42%23L9"],
  ])("one signs in at %s, and is sent there with the way back", (loginUrl, address) => {
    expect(loginAddress(loginUrl, at("/builds/42#L9")).href).toBe(at(address).href);
  });

  test("a token leaves the address, and nothing else does", () => {
    expect(takeToken(at("/builds/42?a=b#token=ey.J.x"))).toEqual({ token: "ey.J.x", rest: "/builds/42?a=b" });
    expect(takeToken(at("/builds#token=a&L3"))).toEqual({ token: "a", rest: "/builds#L3" });
    expect(takeToken(at("/builds#L3"))).toBeNull();
  });

  test("a fragment names a line", () => {
    expect(cursorOf("#L123")).toBe(123);
    for (const hash of ["", "#L", "#L0", "#L-1", "#Lx", "#token=L1"]) expect(cursorOf(hash)).toBeNull();
  });
});

const refused: Answer<Session> = {
  ok: false,
  refusal: { status: 401, code: "token_expired", message: "The token has expired." },
};
const accepted: Answer<Session> = { ok: true, value: { subject: "ada", expiresAt: null, heartbeatMs: null } };

function gateway(answers: Partial<Gateway>): Gateway {
  return {
    session: async () => refused,
    signIn: async () => refused,
    signOut: async () => ({ ok: true, value: null }),
    channels: async () => ({ ok: true, value: { channels: [], next: null } }),
    ...answers,
  };
}

describe("[PAG2] the session", () => {
  test("an address's token is exchanged, and a refused one says why", async () => {
    const good = new SessionModel(gateway({ signIn: async () => accepted }));
    await good.begin("token");
    expect(good.state.value).toEqual({ name: "signedIn", session: accepted.value, refusal: null });
    const bad = new SessionModel(gateway({}));
    await bad.begin("token");
    const loginUrl = "/login";
    expect(bad.state.value).toEqual({ name: "signedOut", refusal: refused.refusal, loginUrl });
  });

  test("the gateway says where one signs in, at the beginning, when a session ends, and after signing out", async () => {
    const loginUrl = "https://sso.example/in";
    const sso: Answer<Session> = {
      ok: false,
      refusal: { status: 401, code: "token_missing", message: "No.", loginUrl },
    };
    const answers = [sso, accepted, sso, accepted, sso];
    const model = new SessionModel(gateway({ session: async () => answers.shift() ?? accepted }));
    const signedOut = { name: "signedOut", refusal: null, loginUrl };
    await model.begin(null);
    expect(model.state.value).toEqual(signedOut);
    await model.signIn("refused");
    expect(model.state.value).toEqual({ ...signedOut, refusal: refused.refusal });
    await model.begin(null);
    await model.expired();
    expect(model.state.value).toEqual(signedOut);
    await model.begin(null);
    expect(model.state.value.name).toBe("signedIn");
    await model.signOut();
    expect(model.state.value).toEqual(signedOut);
    expect(answers).toEqual([]);
  });

  test("a refused token still meets an older session, and is told until that is dismissed", async () => {
    const model = new SessionModel(gateway({ session: async () => accepted }));
    await model.begin("token");
    const signedIn = { name: "signedIn", session: accepted.value };
    expect(model.state.value).toEqual({ ...signedIn, refusal: refused.refusal });
    model.dismiss();
    expect(model.state.value).toEqual({ ...signedIn, refusal: null });
  });

  test("a gateway that does not answer is not a missing session", async () => {
    const away: Answer<Session> = { ok: false, refusal: { status: 0, code: "", message: "" } };
    const model = new SessionModel(gateway({ session: async () => away }));
    await model.begin(null);
    expect(model.state.value.name).toBe("unreachable");
  });

  test("a 401 on the list ends it, and a late answer to an older question is dropped", async () => {
    let expired = 0;
    const list = new ChannelList(gateway({ channels: async () => refused }), () => (expired += 1));
    await list.refresh();
    expect(expired).toBe(1);
    const answers: ((text: string) => void)[] = [];
    const slow = new ChannelList(
      gateway({
        channels: () =>
          new Promise((resolve) => {
            answers.push((next) => resolve({ ok: true, value: { channels: [], next } }));
          }),
      }),
      () => {},
    );
    const first = slow.ask({ text: "a" });
    const second = slow.ask({ text: "ab" });
    answers[1]?.("more");
    await second;
    answers[0]?.("stale");
    await first;
    expect(slow.hasMore.value).toBe(true);
    expect(slow.query.value.text).toBe("ab");
  });
});

describe("[PAG3] what the gateway answers", () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  /** A gateway over a real socket that answers one thing. */
  async function serve(status: number, body: string): Promise<Gateway> {
    const server = createServer((_request, response) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => server.close());
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return httpGateway((path, init) => fetch(new URL(String(path), `http://127.0.0.1:${port}`), init));
  }

  const query = { kind: "", status: "", text: "" } as const;

  test("channels that are not understood are left out", async () => {
    const known = { channel: "build/1", status: "running", lines: 3, startedAt: 5, future: true };
    const body = JSON.stringify({ channels: [known, { channel: "build/2", status: "odd" }, 7], next: null });
    const answer = await (await serve(200, body)).channels(query);
    expect(answer).toMatchObject({ ok: true, value: { next: null } });
    expect(answer.ok && answer.value.channels).toEqual([
      {
        channel: "build/1",
        status: "running",
        lines: 3,
        errors: 0,
        warnings: 0,
        progress: null,
        step: null,
        viewers: 0,
        startedAt: 5,
        updatedAt: null,
        endedAt: null,
      },
    ]);
  });

  test("a session has the gateway's heartbeat, and a refused one the place to sign in", async () => {
    const session = JSON.stringify({ sub: "ada", grants: [], expiresAt: 5_000, heartbeatSeconds: 12 });
    expect(await (await serve(200, session)).session()).toEqual({
      ok: true,
      value: { subject: "ada", expiresAt: 5_000, heartbeatMs: 12_000 },
    });
    const problem = JSON.stringify({ detail: "No token.", loginUrl: "/sso" });
    expect(await (await serve(401, problem)).session()).toEqual({
      ok: false,
      refusal: { status: 401, code: "", message: "No token.", loginUrl: "/sso" },
    });
  });

  test("a problem's sentence is told, and no answer has none", async () => {
    const problem = JSON.stringify({
      title: "No",
      code: "token_expired",
      detail: "The token expired at noon.",
    });
    const answer = await (await serve(401, problem)).session();
    const refusal = { status: 401, code: "token_expired", message: "The token expired at noon." };
    expect(answer).toEqual({ ok: false, refusal });
    const html = await (await serve(502, "<h1>Bad gateway</h1>")).session();
    expect(html).toEqual({ ok: false, refusal: { status: 502, code: "", message: "" } });
    const nobody = httpGateway(() => Promise.reject(new TypeError("refused")));
    expect(await nobody.session()).toEqual({ ok: false, refusal: { status: 0, code: "", message: "" } });
  });
});

describe("[PAG4] words", () => {
  test("both languages say the same things, each in its own words", () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
    expect(zh.gap("3", "7", "5", zh.gapReasons.rate)).toMatch(/3.*7.*5/);
    expect(en.gap("3", "7", "5", en.gapReasons.rate)).toMatch(/3.*7.*5/);
  });

  test("a refusal is told in the language's words by its code, else in the gateway's, else as no answer", () => {
    const expired = { code: "token_expired", message: "The token expired at noon." };
    expect(told(en, expired)).toBe(expired.message);
    expect(told(zh, expired)).toMatch(/^令牌已过期/);
    expect(told(zh, { ...expired, code: "of_a_newer_gateway" })).toBe(expired.message);
    expect(told(zh, { code: "constructor", message: "" })).toBe(zh.noAnswer);
    // Whatever signing in may be refused for has Chinese words.
    const codes = ["token_invalid", "token_expired", "token_missing", "cookie_needs_https"];
    for (const code of [...codes, "too_fast", "too_many_failures"])
      expect(zh.problems.get(code)).toBeDefined();
  });

  test("the first language that there are words for is taken", () => {
    expect(preferredLanguage(["fr-FR", "zh-Hans-CN", "en"])).toBe("zh");
    expect(preferredLanguage(["en-US", "zh"])).toBe("en");
    expect(preferredLanguage([])).toBe("en");
  });

  test("a choice is kept between visits, where the browser lets it, and nothing else is read as one", async () => {
    const kept = new Map<string, string>();
    const storage = () => ({
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    });
    expect(savedLanguage(storage)).toBeNull();
    await chooseLanguage("zh", storage);
    expect([language.value, words.value, savedLanguage(storage)]).toEqual(["zh", zh, "zh"]);
    for (const key of kept.keys()) kept.set(key, "fr");
    expect(savedLanguage(storage)).toBeNull();
    const forbidden = () => {
      throw new DOMException("No.", "SecurityError");
    };
    await chooseLanguage("en", forbidden);
    expect([language.value, savedLanguage(forbidden)]).toEqual(["en", null]);
  });

  test("durations and ages", () => {
    expect([-5, 400, 12_300, 185_000, 7_620_000].map(formatDuration)).toEqual([
      "0.0s",
      "0.4s",
      "12s",
      "3m 05s",
      "2h 07m",
    ]);
    expect(formatAgo(en, 0, 300_000)).toBe("5 minutes ago");
    expect(formatAgo(zh, 0, 300_000)).toBe("5分钟前");
  });
});

const assetsDir = join(import.meta.dirname, "../../dist/assets");

/** Scripts of the build by name, with those that they import at once. */
async function scriptsOf(entries: readonly string[]): Promise<Map<string, string>> {
  const names = await readdir(join(assetsDir, "assets"));
  const waiting = entries.map(
    (entry) => names.find((name) => name.startsWith(`${entry}-`) && name.endsWith(".js")) ?? entry,
  );
  const scripts = new Map<string, string>();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (!scripts.has(name)) {
      const code = await readFile(join(assetsDir, "assets", name), "utf8");
      scripts.set(name, code);
      // `import"./x.js"` and `from"./x.js"`, but no `import("./x.js")`.
      for (const [, path = ""] of code.matchAll(/(?:import|from)\s*"\.\/([^"]+)"/g)) waiting.push(path);
    }
  }
  return scripts;
}

describe("[PAG5] the build", () => {
  test("makes pages whose files are there, with nothing inline and nothing from elsewhere", async () => {
    await buildAssets();
    expect(await buildAssets()).toEqual({ changed: false });
    const files = await readdir(assetsDir, { recursive: true });
    for (const page of ["index.html", "docs.html"]) {
      const html = await readFile(join(assetsDir, page), "utf8");
      const urls = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((found) => found[1] ?? "");
      expect(urls.length).toBeGreaterThan(2);
      for (const url of urls.filter((each) => each !== "/openapi.json"))
        expect(files).toContain(url.slice(1));
      expect(html).not.toMatch(/<script(?![^>]*src=)|<style|style=|\son\w+=|\{\{/);
    }
  });

  test("a channel's page loads at most 41 KiB of scripts, compressed, and nothing that it does not use", async () => {
    await buildAssets();
    const scripts = await scriptsOf(["main", "ChannelPage"]);
    const bytes = [...scripts.values()].reduce((sum, code) => sum + gzipSync(code).length, 0);
    // Of these Preact and signals are 8, the SDK 10 (a page of commands needs its outbox), colours 3.
    expect(bytes).toBeLessThan(41 * 1024);
    expect(bytes).toBeGreaterThan(15 * 1024);
    const all = [...scripts.values()].join("");
    expect(all).toContain("subscribe");
    for (const unused of ["Producer-Seq", "a kind is a short word", "The token has expired", "退出"])
      expect(all).not.toContain(unused);
  });
});
