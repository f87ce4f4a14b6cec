import { describe, expect, test } from "vitest";
import app from "../../worker/routes/mod.ts";
import { testEnv } from "./channel_client.ts";
import { call, freshChannel, origin, post, problemIn, signed, token } from "./gateway.ts";

const now = Math.floor(Date.now() / 1000);
const claims = { sub: "ada", aud: "tailrace", exp: now + 600, grants: ["admin:*"] };

function part(value: unknown): string {
  return btoa(JSON.stringify(value)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
}

describe("a token that is not valid is refused and told which way", () => {
  const { exp: _, ...endless } = claims;
  const { sub: __, ...nameless } = claims;
  const { aud: ___, ...homeless } = claims;
  const cases: readonly [name: string, make: () => Promise<string>, code: string, says: string][] = [
    ["expired", () => signed({ ...claims, exp: now - 5 }), "token_expired", "expired at 20"],
    ["without exp", () => signed(endless), "token_invalid", "has no exp"],
    ["without sub", () => signed(nameless), "token_invalid", "has no sub"],
    ["without aud", () => signed(homeless), "token_invalid", "has no aud"],
    [
      "for another audience",
      () => signed({ ...claims, aud: "other" }),
      "token_invalid",
      'has aud: "other". Needed: "tailrace"',
    ],
    [
      "not valid yet",
      () => signed({ ...claims, nbf: now + 300 }),
      "token_invalid",
      `not valid yet: its nbf is ${new Date((now + 300) * 1000).toISOString()}`,
    ],
    [
      "whose exp is no time",
      () => signed({ ...claims, exp: "soon" }),
      "token_invalid",
      'has exp: "soon". Needed: a time',
    ],
    [
      "signed with another secret",
      () => signed(claims, new TextEncoder().encode("another secret of 32 bytes or more!!")),
      "token_invalid",
      "signature",
    ],
    [
      "with alg none",
      async () => `${part({ alg: "none" })}.${part(claims)}.`,
      "token_invalid",
      'alg is "none". Allowed: HS256',
    ],
    ["that ends past any time", () => signed({ ...claims, exp: 1e306 }), "token_invalid", "has exp"],
    ["no JWT", async () => "abc", "token_invalid", "not a signed JWT"],
    [
      "with a wrong grant",
      () => signed({ ...claims, grants: ["read:build"] }),
      "token_invalid",
      '"read:build"',
    ],
    [
      "with grants that are no list",
      () => signed({ ...claims, grants: "admin:*" }),
      "token_invalid",
      "grants",
    ],
    ["with a wrong tenant", () => signed({ ...claims, tenant: "a/b" }), "token_invalid", "tenant"],
  ];
  test.each(cases)("%s", async (_, make, code, says) => {
    const response = await call("/v1/session", { as: await make() });
    const problem = await problemIn(response);
    expect(problem).toMatchObject({ status: 401, code });
    expect(problem.detail).toContain(says);
    expect(response.headers.get("www-authenticate")).toContain("Bearer");
  });
});

test("no token is refused with the ways to send one", async () => {
  const problem = await problemIn(await call("/v1/session", { as: null }));
  expect(problem).toMatchObject({ status: 401, code: "token_missing" });
  expect(problem.detail).toContain("Authorization: Bearer");
  expect(
    await problemIn(await call("/v1/session", { as: null, headers: { authorization: "Basic a" } })),
  ).toMatchObject({ code: "token_invalid" });
});

test("a token comes by header, query or cookie", async () => {
  const mine = await token({ sub: "eve", tenant: "acme", grants: ["read:build/*"] });
  const who = { sub: "eve", tenant: "acme", grants: ["read:build/*"] };
  expect(await (await call("/v1/session", { as: mine })).json()).toMatchObject(who);
  expect(await (await call(`/v1/session?token=${mine}`, { as: null })).json()).toMatchObject(who);
  const cookie = { cookie: `x=1; __Host-tailrace=${mine}` };
  expect(await (await call("/v1/session", { as: null, headers: cookie })).json()).toMatchObject(who);
  const plain = await call("/v1/session", { as: null, headers: { cookie: `tailrace=${mine}` } });
  expect(await problemIn(plain)).toMatchObject({ code: "token_missing" });
});

test("grants are needed for each verb, and the sentence names them", async () => {
  const channel = freshChannel();
  const reader = await token({ grants: [`read:${channel}`] });
  const append = await post(`/v1/channels/${channel}/entries`, { entries: [{ line: "a" }] }, { as: reader });
  expect(await problemIn(append)).toEqual({
    status: 403,
    code: "forbidden",
    detail: `This needs the grant write:${channel}. The token grants read:${channel}.`,
  });
  const writer = await token({ grants: [`write:${channel}`] });
  for (const path of ["", "/entries", "/download"]) {
    const response = await call(`/v1/channels/${channel}${path}`, { as: writer });
    expect(await problemIn(response)).toMatchObject({ status: 403, code: "forbidden" });
  }
  for (const [method, path] of [
    ["DELETE", ""],
    ["POST", "/end"],
  ] as const) {
    const response = await call(`/v1/channels/${channel}${path}`, { method, as: reader });
    expect(await problemIn(response)).toMatchObject({ status: 403, code: "forbidden" });
  }
  const none = await token({ grants: [] });
  expect((await problemIn(await call("/v1/channels", { as: none }))).detail).toContain(
    "The token grants nothing",
  );
});

test("tenants do not see each other's channels", async () => {
  const channel = freshChannel();
  const acme = await token({ tenant: "acme" });
  await post(`/v1/channels/${channel}/entries`, { entries: [{ line: "secret" }] }, { as: acme });
  expect(await (await call(`/v1/channels/${channel}`, { as: acme })).json()).toMatchObject({ tail: 1 });
  expect(await (await call(`/v1/channels/${channel}`)).json()).toMatchObject({ tail: 0 });
});

describe("the session cookie", () => {
  test("is made from a token, and lives as long", async () => {
    const mine = await token({ expiresInSeconds: 100 });
    const response = await post("/v1/session", { token: mine }, { as: null, headers: { origin } });
    expect(await response.json()).toMatchObject({ sub: "ada", grants: ["admin:*"] });
    const cookie = response.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(
      /^__Host-tailrace=\S+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=(?:100|99); Secure$/,
    );
    expect(cookie).toContain(mine);
  });

  test.each(["http://localhost:8787", "http://127.0.0.1:8787", "http://[::1]:8787"])(
    "has no prefix on %s",
    async (base) => {
      const response = await post(`${base}/v1/session`, { token: await token() }, { as: null });
      expect(response.headers.get("set-cookie")).toMatch(
        /^tailrace=\S+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/,
      );
    },
  );

  test("is not given over plain HTTP elsewhere, and why", async () => {
    const response = await post("http://logs.test/v1/session", { token: await token() }, { as: null });
    const problem = await problemIn(response);
    expect(problem).toMatchObject({ status: 400, code: "cookie_needs_https" });
    expect(problem.detail).toContain("logs.test is plain HTTP");
    expect(response.headers.get("set-cookie")).toBeNull();
  });

  test("is taken away by DELETE", async () => {
    const response = await call("/v1/session", { method: "DELETE", as: null });
    expect(response.status).toBe(204);
    expect(response.headers.get("set-cookie")).toContain("__Host-tailrace=; Path=/");
    expect(response.headers.get("set-cookie")).toContain("Max-Age=0");
  });

  test("a bad body or token makes none", async () => {
    const bad = (body: unknown) => post("/v1/session", body, { as: null }).then(problemIn);
    expect(await bad({})).toMatchObject({ status: 400, code: "missing_field" });
    expect(await bad({ token: 5 })).toMatchObject({ code: "invalid_field" });
    expect(await bad({ token: "a", more: 1 })).toMatchObject({ code: "unknown_field" });
    expect(await bad({ token: "abc" })).toMatchObject({ status: 401, code: "token_invalid" });
    const text = await call("/v1/session", {
      method: "POST",
      body: "a",
      headers: { "content-type": "text/plain" },
    });
    expect(await problemIn(text)).toMatchObject({ status: 415 });
  });
});

describe("Origin", () => {
  test("a cookie that changes something needs an allowed one", async () => {
    const cookie = `__Host-tailrace=${await token()}`;
    const path = `/v1/channels/${freshChannel()}/entries`;
    const append = (headers: Record<string, string>) =>
      post(path, { entries: [{ line: "a" }] }, { as: null, headers: { cookie, ...headers } });
    expect(await problemIn(await append({}))).toMatchObject({ status: 403, code: "origin_forbidden" });
    expect(await problemIn(await append({ origin: "https://evil.test" }))).toMatchObject({
      status: 403,
      code: "origin_forbidden",
    });
    expect((await append({ origin })).status).toBe(200);
    expect((await call(path, { as: null, headers: { cookie } })).status).toBe(200);
  });

  test("a foreign page signs nobody in or out", async () => {
    const headers = { origin: "https://evil.test" };
    const signIn = await post("/v1/session", { token: await token() }, { as: null, headers });
    expect(await problemIn(signIn)).toMatchObject({ status: 403, code: "origin_forbidden" });
    const signOut = await call("/v1/session", { method: "DELETE", as: null, headers });
    expect(await problemIn(signOut)).toMatchObject({ status: 403, code: "origin_forbidden" });
  });
});

describe("without configuration", () => {
  const ask = (path: string, vars: Record<string, unknown>, headers: Record<string, string> = {}) =>
    app.request(`${origin}${path}`, { headers }, { ...testEnv, ...vars });

  test.each([undefined, "", "too short"])(
    "a secret of %j is refused, with the command that sets it",
    async (secret) => {
      for (const path of ["/v1/channels", "/ws", "/openapi.json", "/nowhere", "/builds"]) {
        const problem = await problemIn(await ask(path, { TAILRACE_SECRET: secret }));
        expect(problem).toMatchObject({ status: 503, code: "not_configured" });
        expect(problem.detail).toContain("npx wrangler secret put TAILRACE_SECRET");
        expect(problem.detail).toContain(".dev.vars");
      }
      expect(await (await ask("/healthz", { TAILRACE_SECRET: secret })).json()).toEqual({ status: "ok" });
    },
  );

  test("a wrong setting names itself, its value and what is allowed", async () => {
    const problem = await problemIn(await ask("/v1/session", { HEARTBEAT_SECONDS: "soon" }));
    expect(problem).toMatchObject({ status: 503, code: "setting_invalid" });
    expect(problem.detail).toMatch(/HEARTBEAT_SECONDS is "soon".*from 1 to 300/);
  });

  test("settings say how often sockets ping, and where one signs in", async () => {
    const vars = { HEARTBEAT_SECONDS: "12", LOGIN_URL: "https://sso.test/in" };
    const headers = { authorization: `Bearer ${await token()}` };
    expect(await (await ask("/v1/session", vars, headers)).json()).toMatchObject({ heartbeatSeconds: 12 });
    expect(await (await ask("/v1/session", {}, headers)).json()).toMatchObject({ heartbeatSeconds: 30 });
    const refused = await ask("/v1/session", vars);
    expect([refused.status, await refused.json()]).toEqual([
      401,
      expect.objectContaining({ code: "token_missing", loginUrl: "https://sso.test/in" }),
    ]);
    expect(await (await ask("/v1/session", {})).json()).toMatchObject({ loginUrl: "/login" });
    expect(await (await ask("/v1/channels", {})).json()).not.toHaveProperty("loginUrl");
    const wrong = await problemIn(await ask("/v1/session", { LOGIN_URL: "//sso.test" }));
    expect(wrong).toMatchObject({ status: 503, code: "setting_invalid" });
  });

  test("settings say which origins may ask and whether a query may carry a token", async () => {
    const mine = await token();
    const off = await ask(`/v1/session?token=${mine}`, { TOKEN_IN_QUERY: "false" });
    expect((await problemIn(off)).detail).toContain("?token= is switched off here");
    const other = {
      TAILRACE_SECRET: testEnv.TAILRACE_SECRET,
      ALLOWED_ORIGINS: "https://ci.test, https://b.test",
    };
    const signOut = (from: string) =>
      app.request(
        `${origin}/v1/session`,
        { method: "DELETE", headers: { origin: from } },
        { ...testEnv, ...other },
      );
    expect((await signOut("https://ci.test")).status).toBe(204);
    expect((await signOut("https://c.test")).status).toBe(403);
  });
});
