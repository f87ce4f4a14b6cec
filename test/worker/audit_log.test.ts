import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type AuditAction, type AuditEvent, auditActionNames } from "../../protocol/mod.ts";
import { AuditStore } from "../../worker/objects/audit_store.ts";
import { DirectoryObject } from "../../worker/objects/directory.ts";
import { channelObject, directoryObject } from "../../worker/objects/env.ts";
import { auditLog, auditPage, auditTestMs, freshTenant, said } from "./audit_client.ts";
import { testEnv } from "./channel_client.ts";
import { call, freshChannel, openSocket, problemIn, type TestSocket, token } from "./gateway.ts";

vi.setConfig({ testTimeout: auditTestMs });

const dayMs = 24 * 60 * 60 * 1000;

function event(n: number, at: number, more: Partial<AuditEvent> = {}): AuditEvent {
  return { id: `${String(n).padStart(7, "0")}-test`, at, action: "connect", subject: "ada", ...more };
}

function numbers(events: readonly AuditEvent[]): number[] {
  return events.map(({ id }) => Number(id.slice(0, 7)));
}

afterEach(() => vi.restoreAllMocks());

describe("GET /v1/audit", () => {
  test("[AUD11] pages newest first, each event once, while new ones come", async () => {
    const tenant = freshTenant();
    const now = Date.now();
    const directory = directoryObject(testEnv, tenant);
    // Five of them share each millisecond.
    await directory.record(Array.from({ length: 25 }, (_, n) => event(n, now - 100 + Math.floor(n / 5))));
    const found: number[] = [];
    let query = "?limit=10";
    for (let pages = 0; pages < 3; pages++) {
      const page = await auditPage(tenant, query);
      found.push(...numbers(page.events));
      await directory.record([event(100 + pages, now)]);
      if (page.next === null) break;
      query = `?limit=10&before=${encodeURIComponent(page.next)}`;
    }
    expect(found).toEqual(Array.from({ length: 25 }, (_, i) => 24 - i));
    expect((await auditPage(tenant)).next).toBeNull();
  });

  test("[AUD12] filters by action, subject, channel and time, both ends included", async () => {
    const tenant = freshTenant();
    const now = Date.now();
    await directoryObject(testEnv, tenant).record([
      event(1, now - 50, { action: "connect" }),
      event(2, now - 40, { action: "subscribe", channel: "build/1" }),
      event(3, now - 30, { action: "subscribe", channel: "build/2", subject: "bob" }),
      event(4, now - 20, { action: "abnormal_close", channel: "build/1", code: 1006 }),
      event(5, now - 10, { action: "connect_refused", subject: null, code: "token_missing" }),
    ]);
    const found = async (query: string) => numbers((await auditPage(tenant, query)).events);
    expect(await found("?action=subscribe")).toEqual([3, 2]);
    expect(await found("?action=connect,connect_refused")).toEqual([5, 1]);
    expect(await found("?subject=bob")).toEqual([3]);
    expect(await found("?channel=build/1")).toEqual([4, 2]);
    expect(await found("?channel=build/1&action=abnormal_close&subject=ada")).toEqual([4]);
    expect(await found(`?since=${now - 40}&until=${now - 20}`)).toEqual([4, 3, 2]);
    expect(await found(`?since=${new Date(now - 10).toISOString()}`)).toEqual([5]);
    expect(await found("?subject=nobody")).toEqual([]);
  });

  test.each([
    ["?action=hack", "invalid_field"],
    ["?limit=1001", "invalid_field"],
    ["?limit=0", "invalid_field"],
    ["?before=soon", "invalid_field"],
    ["?since=yesterday", "invalid_field"],
    ["?colour=red", "unknown_field"],
  ])("[AUD12] refuses %s", async (query, code) => {
    const refused = await problemIn(await call(`/v1/audit${query}`));
    expect(refused).toMatchObject({ status: 400, code });
  });

  test("[AUD13] needs admin:*, and shows the own tenant alone", async () => {
    const [mine, others] = [freshTenant(), freshTenant()];
    await directoryObject(testEnv, others).record([event(1, Date.now())]);
    expect((await auditPage(mine)).events).toEqual([]);
    for (const grants of [[], ["read:*/*", "write:*/*", "command:*/*", "serve:*/*"]]) {
      const refused = await problemIn(
        await call("/v1/audit", { as: await token({ tenant: others, grants }) }),
      );
      expect(refused).toMatchObject({ status: 403, code: "forbidden" });
      expect(refused.detail).toContain("admin:*");
    }
    expect(await problemIn(await call("/v1/audit", { as: null }))).toMatchObject({ status: 401 });
  });

  test("[AUD12] is documented with its actions and an example", async () => {
    const document = (await (await call("/openapi.json")).json()) as {
      paths: Record<string, { get: { responses: Record<string, unknown> } }>;
    };
    const answer = JSON.stringify(document.paths["/v1/audit"]?.get.responses["200"]);
    for (const action of auditActionNames satisfies readonly AuditAction[]) expect(answer).toContain(action);
    expect(answer).toContain('"example"');
  });
});

describe("the log", () => {
  test("[AUD14] keeps its newest events, and trims what is too many in steps", async () => {
    const directory = directoryObject(testEnv, freshTenant());
    await runInDurableObject(directory, (_: DirectoryObject, { storage }) => {
      const now = 1_000_000_000_000;
      const query = { limit: 1_000 };
      const small = new AuditStore(storage, { ageMs: dayMs, events: 50 });
      for (let n = 0; n < 70; n++) small.record([event(n, now + n)]);
      const kept = numbers(small.page(query, now).events);
      expect(kept).toEqual(Array.from({ length: 50 }, (_, i) => 69 - i));

      const large = new AuditStore(storage, { ageMs: dayMs, events: 10_000 });
      large.record(Array.from({ length: 2_950 }, (_, n) => event(1_000 + n, now + 1_000 + n)));
      const smaller = new AuditStore(storage, { ageMs: dayMs, events: 500 });
      const rows = () => storage.sql.exec<{ n: number }>("SELECT COUNT(*) AS n FROM audit").one().n;
      const steps: number[] = [rows()];
      while (smaller.dueAt(now) === now) {
        smaller.trim(now);
        steps.push(rows());
      }
      expect(steps).toEqual([3_000, 2_000, 1_000, 500]);
      expect(numbers(smaller.page({ limit: 1 }, now).events)).toEqual([3_949]);
    });
  });

  test("[AUD15] shows nothing past its days, and deletes it by an alarm that an empty log does not have", async () => {
    const tenant = freshTenant();
    const directory = directoryObject(testEnv, tenant);
    const now = Date.now();
    await directory.record([event(1, now - 31 * dayMs), event(2, now - 29 * dayMs)]);
    expect(numbers((await auditPage(tenant)).events)).toEqual([2]);
    // The alarm may have come by itself meanwhile: the next one is that of the event which is left.
    await runDurableObjectAlarm(directory);
    const left = await runInDurableObject(directory, async (_: DirectoryObject, { storage }) => ({
      rows: storage.sql.exec("SELECT id FROM audit").toArray().length,
      alarm: await storage.getAlarm(),
    }));
    expect(left.rows).toBe(1);
    expect(left.alarm).toBeGreaterThan(now);
    expect(left.alarm).toBeLessThan(now + 1.1 * dayMs);
  });

  test("[AUD16] an event that is sent again is there once", async () => {
    const tenant = freshTenant();
    const directory = directoryObject(testEnv, tenant);
    const now = Date.now();
    await directory.record([event(1, now), event(2, now)]);
    await directory.record([event(2, now), event(3, now)]);
    expect(numbers((await auditPage(tenant)).events)).toEqual([3, 2, 1]);
  });
});

describe("a channel whose sockets close", () => {
  async function openMany(tenant: string, channel: string, count: number): Promise<TestSocket[]> {
    const as = await token({ tenant });
    const sockets: TestSocket[] = [];
    for (let i = 0; i < count; i++) sockets.push(await openSocket(`/ws/channels/${channel}`, { as }));
    return sockets;
  }

  test("[AUD17] all at once tells it in few calls", async () => {
    const [tenant, channel, count] = [freshTenant(), freshChannel(), 80];
    const sockets = await openMany(tenant, channel, count);
    await auditLog(tenant, 2 * count, "?limit=1000");
    const record = vi.spyOn(DirectoryObject.prototype, "record");
    for (const socket of sockets) socket.close();
    const log = await auditLog(tenant, count, "?limit=1000&action=unsubscribe");
    expect(log).toHaveLength(count);
    expect(record.mock.calls.length).toBeGreaterThan(0);
    expect(record.mock.calls.length).toBeLessThanOrEqual(3);
  });

  test("[AUD17] keeps what it cannot send, over its sleep too, and sends it by its alarm, once", async () => {
    const [tenant, channel] = [freshTenant(), freshChannel()];
    const [socket] = await openMany(tenant, channel, 1);
    await auditLog(tenant, 2);
    const failed = new Promise<void>((resolve) => {
      vi.spyOn(DirectoryObject.prototype, "record").mockImplementationOnce(async () => {
        resolve();
        throw new Error("The directory is away");
      });
    });
    socket?.close();
    await failed;
    const object = channelObject(testEnv, tenant, channel);
    await vi.waitFor(async () => {
      const isKept = await runInDurableObject(object, (_, { storage }) => [...storage.kv.list()].length > 0);
      expect(isKept).toBe(true);
    });
    expect(await auditLog(tenant, 2)).toHaveLength(2);
    await evictDurableObject(object, { webSockets: "hibernate" });
    expect(await runDurableObjectAlarm(object)).toBe(true);
    const log = await auditLog(tenant, 3);
    expect(log.map(said).at(-1)).toEqual({ action: "unsubscribe", subject: "ada", channel });
    const kept = await runInDurableObject(object, (_, { storage }) => [...storage.kv.list()].length);
    expect(kept).toBe(0);
  });
});
