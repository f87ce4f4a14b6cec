import { describe, expect, test, vi } from "vitest";
import { auditLog, auditTestMs, freshTenant, said } from "./audit_client.ts";
import { freshChannel, handshake, openSocket, origin, post, signed, TestSocket, token } from "./gateway.ts";

vi.setConfig({ testTimeout: auditTestMs });

const userAgent = "audit-test/1.0";
const idOf = (channel: string) => channel.slice("build/".length);

/** A token of ada in a tenant of its own. */
function tokenIn(tenant: string, grants: readonly string[]): Promise<string> {
  return token({ tenant, grants });
}

describe("a socket on /ws", () => {
  test("[AUD1] in dialect A: connect, subscribe, refusal and unsubscribe, each once, with who and from where", async () => {
    const tenant = freshTenant();
    const [mine, others] = [freshChannel(), freshChannel()];
    const as = await tokenIn(tenant, [`read:${mine}`]);
    const headers = { origin, "user-agent": userAgent };
    const socket = new TestSocket(await handshake(`/ws?token=${as}`, { as: null, headers }));
    socket.send({ type: "subscribe", buildId: idOf(others) });
    await socket.until("error");
    socket.send({ type: "subscribe", buildId: idOf(mine) });
    await auditLog(tenant, 3);
    socket.send({ type: "unsubscribe", buildId: idOf(mine) });
    socket.send({ type: "ping" });
    await socket.until("pong");
    socket.close();
    await socket.closed;
    const who = { subject: "ada", origin, userAgent };
    const log = await auditLog(tenant, 4);
    expect(log.map(said)).toEqual([
      { action: "connect", ...who },
      { action: "subscribe_refused", channel: others, code: "forbidden", ...who },
      { action: "subscribe", channel: mine, ...who },
      { action: "unsubscribe", channel: mine, ...who },
    ]);
    expect(JSON.stringify(log)).not.toContain(as);
    expect(new Set(log.map(({ id }) => id)).size).toBe(4);
    for (const { at } of log) expect(Math.abs(Date.now() - at)).toBeLessThan(60_000);
  });

  test("[AUD2] each reading ends exactly once: by a new one, or with its socket", async () => {
    const tenant = freshTenant();
    const [one, two] = [freshChannel(), freshChannel()];
    const as = await tokenIn(tenant, ["read:*/*"]);
    const socket = await openSocket("/ws", { as });
    socket.send({ type: "subscribe", channel: one });
    await socket.until("subscribed");
    socket.send({ type: "subscribe", channel: one });
    await socket.until("subscribed");
    socket.send({ type: "subscribe", channel: two });
    await socket.until("subscribed");
    socket.close();
    await socket.closed;
    const log = await auditLog(tenant, 7);
    expect(log.map(({ action, channel }) => [action, channel])).toEqual([
      ["connect", undefined],
      ["subscribe", one],
      ["unsubscribe", one],
      ["subscribe", one],
      ["subscribe", two],
      ["unsubscribe", one],
      ["unsubscribe", two],
    ]);
  });

  test("[AUD3] a socket closed for cause ends its readings by that code; one that read nothing is told of too", async () => {
    const tenant = freshTenant();
    const channel = freshChannel();
    const as = await tokenIn(tenant, ["read:*/*"]);
    const reading = await openSocket("/ws", { as });
    reading.send({ type: "subscribe", channel });
    await reading.until("subscribed");
    reading.send("no JSON");
    expect(await reading.closed).toMatchObject({ code: 4400 });
    const idle = await openSocket("/ws", { as });
    idle.send({ type: "auth", token: "no token" });
    expect(await idle.closed).toMatchObject({ code: 4401 });
    const log = await auditLog(tenant, 5);
    expect(log.map(said)).toEqual([
      { action: "connect", subject: "ada" },
      { action: "subscribe", subject: "ada", channel },
      { action: "abnormal_close", subject: "ada", channel, code: 4400 },
      { action: "connect", subject: "ada" },
      { action: "abnormal_close", subject: "ada", code: 4401 },
    ]);
  });

  test("[AUD4] a channel that its object does not take is a refused subscription", async () => {
    const tenant = freshTenant();
    const channel = freshChannel("task");
    const as = await tokenIn(tenant, ["read:*/*"]);
    // MAX_CLIENTS_PER_TASK is ten.
    const viewers: TestSocket[] = [];
    for (let i = 0; i < 10; i++) viewers.push(await openSocket(`/ws/channels/${channel}`, { as }));
    const socket = await openSocket("/ws", { as });
    socket.send({ type: "subscribe", channel });
    await socket.until("error");
    const direct = await openSocket(`/ws/channels/${channel}`, { as });
    await direct.until("error");
    const log = await auditLog(tenant, 23);
    expect(log.slice(20).map(said)).toEqual([
      { action: "connect", subject: "ada" },
      { action: "subscribe_refused", subject: "ada", channel, code: "too_many_viewers" },
      { action: "connect_refused", subject: "ada", channel, code: "too_many_viewers" },
    ]);
    for (const viewer of viewers) viewer.close();
    socket.close();
  });
});

describe("a refused handshake", () => {
  const now = () => Math.floor(Date.now() / 1000);

  test.each([
    { what: "no token", make: async () => null, code: "token_missing" },
    { what: "no JWT", make: async () => "nonsense", code: "token_invalid" },
    { what: "an expired token", make: () => token({ expiresInSeconds: -60 }), code: "token_expired" },
    {
      what: "another's signature",
      make: () => signed({ sub: "eve", aud: "tailrace", exp: now() + 60 }, new Uint8Array(32)),
      code: "token_invalid",
    },
  ])("[AUD5] with $what is recorded for the default tenant, of nobody", async ({ make, code }) => {
    const channel = freshChannel();
    const as = await make();
    for (const path of ["channels", "producers"]) {
      const refused = await handshake(`/ws/${path}/${channel}`, { as, headers: { "user-agent": userAgent } });
      expect(refused.status).toBe(401);
    }
    const log = await auditLog(undefined, 2, `?channel=${channel}`);
    const event = { action: "connect_refused", subject: null, channel, code, userAgent };
    expect(log.map(said)).toEqual([event, event]);
  });

  test("[AUD6] of a foreign page, and one without the grant, say which", async () => {
    const tenant = freshTenant();
    const channel = freshChannel();
    const as = await tokenIn(tenant, ["read:build/other"]);
    const foreign = "https://elsewhere.example";
    await handshake(`/ws/channels/${channel}`, { as, headers: { origin: foreign } });
    await handshake(`/ws/channels/${channel}`, { as, protocols: "tailrace.v1" });
    await handshake(`/ws/producers/${channel}`, { as });
    // No handshake at all, and a path without sockets: nobody was refused a socket.
    await handshake(`/ws/channels/${channel}`, { as, headers: { upgrade: "" } });
    await handshake("/ws/nothing", { as });
    const log = await auditLog(tenant, 2);
    const refused = { action: "connect_refused", channel };
    expect(log.map(said)).toEqual([
      { ...refused, subject: "ada", code: "forbidden" },
      { ...refused, subject: "ada", code: "forbidden" },
    ]);
    // Its token was not looked at.
    const before = await auditLog(undefined, 1, `?channel=${channel}`);
    expect(before.map(said)).toEqual([
      { ...refused, subject: null, code: "origin_forbidden", origin: foreign },
    ]);
  });

  test("[AUD7] the address is Cloudflare's word alone, and what clients send is cut", async () => {
    const channel = freshChannel();
    const headers = { "cf-connecting-ip": "203.0.113.7", "user-agent": "x".repeat(5_000) };
    await handshake(`/ws/channels/${channel}`, { as: null, headers });
    const [forged] = await auditLog(undefined, 1, `?channel=${channel}`);
    expect(forged).not.toHaveProperty("address");
    expect(forged?.userAgent).toBe("x".repeat(256));
    const cf = { colo: "AMS" } as unknown as IncomingRequestCfProperties;
    await handshake(`/ws/channels/${channel}`, { as: null, headers, cf });
    expect((await auditLog(undefined, 2, `?channel=${channel}`))[1]).toMatchObject({
      address: "203.0.113.7",
    });
  });
});

describe("other sockets", () => {
  test("[AUD8] a direct socket is connected and subscribed at once, and its channel tells how it ended", async () => {
    const tenant = freshTenant();
    const channel = freshChannel();
    const as = await tokenIn(tenant, ["read:*/*"]);
    const path = `/ws/channels/${channel}`;
    const [left, unsubscribed, refused, broken] = [
      await openSocket(path, { as }),
      await openSocket(path, { as }),
      await openSocket(path, { as }),
      await openSocket(path, { as }),
    ];
    left.close();
    await left.closed;
    unsubscribed.send({ type: "unsubscribe", channel });
    expect(await unsubscribed.closed).toMatchObject({ code: 1000 });
    refused.send({ type: "auth", token: "no token" });
    expect(await refused.closed).toMatchObject({ code: 4401 });
    broken.socket.close(4000, "gave up");
    await broken.closed;
    const log = await auditLog(tenant, 12);
    const of = (...actions: string[]) => log.filter(({ action }) => actions.includes(action)).map(said);
    const event = { subject: "ada", channel };
    expect(of("connect")).toEqual(Array(4).fill({ action: "connect", ...event }));
    expect(of("subscribe")).toEqual(Array(4).fill({ action: "subscribe", ...event }));
    expect(of("unsubscribe", "abnormal_close")).toEqual([
      { action: "unsubscribe", ...event },
      { action: "unsubscribe", ...event },
      { action: "abnormal_close", ...event, code: 4401 },
      { action: "abnormal_close", ...event, code: 4000 },
    ]);
    expect(log).toHaveLength(12);
  });

  test("[AUD9] a producer's socket: connect, and its close where it is abnormal", async () => {
    const tenant = freshTenant();
    const channel = freshChannel();
    const as = await tokenIn(tenant, ["write:*/*"]);
    const clean = await openSocket(`/ws/producers/${channel}`, { as });
    clean.close();
    await clean.closed;
    const wrong = await openSocket(`/ws/producers/${channel}`, { as });
    wrong.send("no JSON");
    await wrong.closed;
    const event = { subject: "ada", channel };
    expect((await auditLog(tenant, 3)).map(said)).toEqual([
      { action: "connect", ...event },
      { action: "connect", ...event },
      { action: "abnormal_close", ...event, code: 4400 },
    ]);
  });

  test("[AUD10] a sign-in that is refused is recorded, and its token is not", async () => {
    const before = Date.now();
    const secretish = "eyJ.not-a-token.sig";
    expect((await post("/v1/session", { token: secretish }, { as: null })).status).toBe(401);
    const headers = { origin: "https://elsewhere.example" };
    expect((await post("/v1/session", { token: await token() }, { as: null, headers })).status).toBe(403);
    const log = await auditLog(undefined, 2, `?action=sign_in_refused&since=${before}`);
    expect(log.map(said)).toEqual([
      { action: "sign_in_refused", subject: null, code: "token_invalid" },
      { action: "sign_in_refused", subject: null, code: "origin_forbidden", ...headers },
    ]);
    expect(JSON.stringify(log)).not.toContain(secretish);
  });
});
