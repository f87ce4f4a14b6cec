import {
  createExecutionContext,
  evictDurableObject,
  listDurableObjectIds,
  runInDurableObject,
} from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { maxFailing } from "../../worker/core/failure_rate.ts";
import type { ThrottleObject } from "../../worker/objects/throttle.ts";
import { countFailure, throttleKey, throttleName } from "../../worker/objects/throttle_calls.ts";
import app from "../../worker/routes/mod.ts";
import { testEnv } from "./channel_client.ts";
import {
  freshChannel,
  handshake,
  openSocket,
  origin,
  post,
  problemIn,
  TestSocket,
  token,
} from "./gateway.ts";

/** One failure is told its reason, the next waits a minute. */
const strict = { ...testEnv, MAX_FAILURES_PER_MINUTE: "1" };

const freshSubject = () => `sub-${crypto.randomUUID()}`;
const expired = (sub: string) => token({ sub, expiresInSeconds: -60 });

interface Caller {
  readonly cf?: CfProperties;
  readonly headers: Readonly<Record<string, string>>;
}

let hosts = 0;
/** A request as Cloudflare hands it on, from an address that no other test has. */
function from(address = `203.0.113.${++hosts}`): Caller {
  return { cf: {}, headers: { "cf-connecting-ip": address } };
}

/** Asks a gateway that allows one failure a minute. */
async function ask(
  path: string,
  bearer: string | null,
  { headers, ...init }: Partial<Caller> = {},
  env: Record<string, unknown> = strict,
): Promise<Response> {
  const authorization = bearer === null ? {} : { authorization: `Bearer ${bearer}` };
  const all = { upgrade: "websocket", ...authorization, ...headers };
  return app.request(`${origin}${path}`, { ...init, headers: all }, env, createExecutionContext());
}

async function codeOf(response: Response | Promise<Response>): Promise<string> {
  return (await problemIn(await response)).code;
}

test("[THR8] what succeeds calls no throttle", async () => {
  const mine = from();
  const socket = await openSocket(`/ws/channels/${freshChannel()}`, mine);
  await socket.until("subscribed");
  socket.close();
  expect((await post("/v1/session", { token: await token() }, { as: null, ...mine })).status).toBe(200);
  expect(
    (await handshake("/ws", { ...mine, headers: { ...mine.headers, origin: "https://evil.test" } })).status,
  ).toBe(403);
  expect(await listDurableObjectIds(testEnv.THROTTLE)).toEqual([]);
  await handshake("/ws", { as: "abc", ...mine });
  expect(await listDurableObjectIds(testEnv.THROTTLE)).toHaveLength(1);
});

describe("past thirty failures a minute", () => {
  test("[THR9] a native handshake is told inside how long to wait, any other by status", async () => {
    const mine = from();
    for (let i = 0; i < 30; i++) {
      const response = await handshake(i % 2 === 0 ? "/ws" : "/ws/producers/build/1", { as: "abc", ...mine });
      expect(await problemIn(response)).toMatchObject({ status: 401, code: "token_invalid" });
    }
    const native = await openSocket("/ws", { as: "abc", ...mine });
    const error = await native.next();
    expect(error).toMatchObject({ type: "error", code: "too_many_failures", expected: 30 });
    expect(error?.["message"]).toContain("MAX_FAILURES_PER_MINUTE");
    expect(error?.["retryAfterMs"]).toBeGreaterThan(0);
    expect(error?.["retryAfterMs"]).toBeLessThanOrEqual(2_000);
    expect(await native.closed).toEqual({ code: 4429, reason: "too_many_failures" });
    const other = await handshake("/ws", { as: null, ...mine });
    expect(Number(other.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(await problemIn(other)).toMatchObject({ status: 429, code: "too_many_failures" });
    const valid = await openSocket(`/ws/channels/${freshChannel()}`, mine);
    expect(await valid.next()).toMatchObject({ type: "subscribed" });
    valid.close();
    expect(await codeOf(handshake("/ws", { as: "abc", ...from() }))).toBe("token_invalid");
  });

  test("[THR10] so is a sign-in, by the same count; a valid token still signs in", async () => {
    const mine = from();
    const signIn = (bearer: string) => post("/v1/session", { token: bearer }, { as: null, ...mine });
    for (let i = 0; i < 30; i++) {
      const refused = i < 15 ? await signIn("abc") : await handshake("/ws", { as: "abc", ...mine });
      expect(await problemIn(refused)).toMatchObject({ status: 401 });
    }
    const response = await signIn("abc");
    expect(response.headers.get("retry-after")).toMatch(/^[12]$/);
    const body = (await response.json()) as { readonly retryAfterMs: number };
    expect(body).toMatchObject({ status: 429, code: "too_many_failures", expected: 30 });
    expect(body.retryAfterMs).toBeLessThanOrEqual(2_000);
    expect((await signIn(await token())).status).toBe(200);
    expect((await post("/v1/session", { token: "abc" }, { as: null, ...from() })).status).toBe(401);
  });
});

describe("who is counted", () => {
  test("[THR11] is an address where Cloudflare says it, an IPv6 one by its network", async () => {
    expect(await codeOf(ask("/ws", "abc", from("2001:db8:1:2::1")))).toBe("token_invalid");
    expect(await codeOf(ask("/ws", "abc", from("2001:db8:1:2:ffff::2")))).toBe("too_many_failures");
    expect(await codeOf(ask("/ws", "abc", from("2001:db8:1:3::1")))).toBe("token_invalid");
  });

  test("[THR12] is nobody by a bad token from no known address, whatever header it sends", async () => {
    const { headers } = from();
    for (let i = 0; i < 3; i++) {
      expect(await codeOf(ask("/ws", "abc", { headers }))).toBe("token_invalid");
      expect(await codeOf(ask("/ws", null))).toBe("token_missing");
    }
  });

  test("[THR13] is the subject of a token whose signature holds: expired, or without the grant", async () => {
    const [ada, eve] = [freshSubject(), freshSubject()];
    expect(await codeOf(ask("/ws", await expired(ada)))).toBe("token_expired");
    expect(await codeOf(ask("/ws", await expired(ada)))).toBe("too_many_failures");
    expect(await codeOf(ask("/ws", await token({ sub: ada, tenant: "acme", expiresInSeconds: -60 })))).toBe(
      "token_expired",
    );
    const channel = freshChannel();
    const reader = await token({ sub: eve, grants: [`read:${channel}`] });
    const denied = () => ask("/ws/channels/build/other", reader);
    expect(await codeOf(denied())).toBe("forbidden");
    expect(await codeOf(denied())).toBe("too_many_failures");
    const socket = new TestSocket(await ask(`/ws/channels/${channel}`, reader));
    expect(await socket.next()).toMatchObject({ type: "subscribed" });
    socket.close();
  });

  test("[THR14] is nobody for a request that is wrong in itself", async () => {
    const mine = from();
    const good = await token();
    for (let i = 0; i < 3; i++) {
      expect(await codeOf(ask("/ws/channels/Build/1", good, mine))).toBe("channel_name_invalid");
      expect(await codeOf(ask("/ws?x=1", good, mine))).toBe("unknown_field");
      const plain = { ...mine, headers: { ...mine.headers, upgrade: "" } };
      expect(await codeOf(ask("/ws", "abc", plain))).toBe("upgrade_required");
    }
  });
});

describe("a throttle", () => {
  test("[THR15] that is evicted counts on", async () => {
    const key = await throttleKey("secret", freshSubject());
    expect(await countFailure(testEnv, key, 2)).toEqual({ retryAfterMs: 0 });
    await evictDurableObject(testEnv.THROTTLE.getByName(throttleName(key)));
    expect(await countFailure(testEnv, key, 2)).toEqual({ retryAfterMs: 0 });
    await evictDurableObject(testEnv.THROTTLE.getByName(throttleName(key)));
    const { retryAfterMs } = await countFailure(testEnv, key, 2);
    expect(retryAfterMs).toBeGreaterThan(20_000);
    expect(retryAfterMs).toBeLessThanOrEqual(30_000);
  });

  test("[THR16] stores so many keys that name nobody, and nothing else; all keys share sixteen", async () => {
    const keys = Array.from({ length: maxFailing + 50 }, (_, i) => `0${i.toString(16).padStart(15, "0")}`);
    for (const key of keys) await countFailure(testEnv, key, 1);
    const stored = await runInDurableObject(
      testEnv.THROTTLE.getByName(throttleName("0")),
      async (_: ThrottleObject, { storage }) => [...(await storage.list<{ failing: object[] }>())],
    );
    expect(stored).toHaveLength(1);
    const [[name, data] = []] = stored;
    expect([name, Object.keys(data ?? {})]).toEqual(["data", ["failing"]]);
    expect(data?.failing).toHaveLength(maxFailing);
    expect(data?.failing.at(-1)).toEqual({ key: keys.at(-1), tokens: 0, at: expect.any(Number) });
    for (let i = 0; i < 40; i++) await codeOf(ask("/ws", await expired(freshSubject())));
    expect((await listDurableObjectIds(testEnv.THROTTLE)).length).toBeLessThanOrEqual(16);
  });

  test("[THR17] is not asked again about whom it told to wait, and holds nobody up when it fails", async () => {
    const subject = freshSubject();
    const fail = async (env?: Record<string, unknown>) => codeOf(ask("/ws", await expired(subject), {}, env));
    // A channel's object knows no such call.
    const broken = { ...strict, THROTTLE: testEnv.CHANNEL };
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    for (let i = 0; i < 3; i++) expect(await fail(broken)).toBe("token_expired");
    expect(warned).toHaveBeenCalledTimes(3);
    warned.mockRestore();
    expect([await fail(), await fail(), await fail(broken)]).toEqual([
      "token_expired",
      "too_many_failures",
      "too_many_failures",
    ]);
  });

  test("[THR18] takes a subject in any script", async () => {
    const subject = `Ève 漢 ${freshSubject()}`;
    expect(await codeOf(ask("/ws", await expired(subject)))).toBe("token_expired");
    expect(await codeOf(ask("/ws", await expired(subject)))).toBe("too_many_failures");
  });
});
