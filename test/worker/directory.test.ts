import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { DirectoryEntry, DirectoryQuery } from "../../worker/core/contract.ts";
import { putStatement } from "../../worker/core/directory_query.ts";
import type { DirectoryObject } from "../../worker/objects/directory.ts";
import { directoryObject } from "../../worker/objects/env.ts";
import { testEnv } from "./channel_client.ts";

function directory() {
  return directoryObject(testEnv, `directory-${crypto.randomUUID()}`);
}

function entry(channel: string, startedAt: number, more: Partial<DirectoryEntry> = {}): DirectoryEntry {
  return {
    channel,
    status: "running",
    epoch: "e",
    tail: 1,
    lines: 1,
    bytes: 2,
    errors: 0,
    warnings: 0,
    stages: 0,
    viewers: 0,
    startedAt,
    updatedAt: startedAt,
    ...more,
  };
}

const all: DirectoryQuery = { limit: 100, readable: { channels: ["*/*"], projects: [] } };

describe("the directory", () => {
  test("[DIR1] lists newest first, page by page, stable while channels come", async () => {
    const object = directory();
    for (let i = 1; i <= 25; i++) await object.put(entry(`build/${i}`, Math.ceil(i / 5) * 1_000));
    const first = await object.list({ ...all, limit: 10 });
    await object.put(entry("build/new", 9_000));
    const second = await object.list({ ...all, limit: 10, before: first.next ?? "" });
    const third = await object.list({ ...all, limit: 10, before: second.next ?? "" });
    const names = [first, second, third].flatMap(({ channels }) => channels.map(({ channel }) => channel));
    expect(new Set(names).size).toBe(25);
    expect(names).not.toContain("build/new");
    expect(third.next).toBeNull();
    const starts = [first, second, third].flatMap(({ channels }) =>
      channels.map(({ startedAt }) => startedAt),
    );
    expect(starts).toEqual(starts.toSorted((a, b) => b - a));
  });

  test("[DIR2] filters by kind, status and a part of the id, whatever its case", async () => {
    const object = directory();
    await object.put(entry("build/Web_1", 1));
    await object.put(entry("build/webX1", 2, { status: "failure" }));
    await object.put(entry("task/web_1", 3));
    const names = async (query: Partial<DirectoryQuery>) =>
      (await object.list({ ...all, ...query })).channels.map(({ channel }) => channel);
    expect(await names({ kind: "build" })).toEqual(["build/webX1", "build/Web_1"]);
    expect(await names({ status: "failure" })).toEqual(["build/webX1"]);
    expect(await names({ text: "WEB_1" })).toEqual(["task/web_1", "build/Web_1"]);
    expect(await names({ text: "%" })).toEqual([]);
    expect(await names({ kind: "build", status: "running", text: "web" })).toEqual(["build/Web_1"]);
  });

  test("[DIR3] shows only what may be read, and fills its pages with it", async () => {
    const object = directory();
    for (let i = 1; i <= 40; i++) {
      await object.put(entry(i % 4 === 0 ? `build/app-${i}` : `build/other-${i}`, i));
    }
    await object.put(entry("task/app-1", 50, { project: "shop" }));
    const names = async (channels: string[], projects: string[] = [], limit = 5) =>
      (await object.list({ limit, readable: { channels, projects } })).channels.map(({ channel }) => channel);
    expect(await names(["build/app-*"])).toEqual([
      "build/app-40",
      "build/app-36",
      "build/app-32",
      "build/app-28",
      "build/app-24",
    ]);
    expect(await names(["build/app-4"])).toEqual(["build/app-4"]);
    expect(await names(["*/app-1"])).toEqual(["task/app-1"]);
    expect(await names([], ["shop"])).toEqual(["task/app-1"]);
    expect(await names([], ["sh*"])).toEqual(["task/app-1"]);
    expect(await names([], ["sho"])).toEqual([]);
    expect(await names([])).toEqual([]);
    const many = Array.from({ length: 500 }, (_, i) => `build/none-${i}`);
    expect(await names([...many, "task/*"])).toEqual(["task/app-1"]);
  });

  test("[DIR4] an older update never overwrites, and what is removed is gone", async () => {
    const object = directory();
    await object.put(entry("build/1", 10, { updatedAt: 20, status: "success" }));
    await object.put(entry("build/1", 10, { updatedAt: 15 }));
    expect((await object.list(all)).channels).toMatchObject([{ channel: "build/1", status: "success" }]);
    await object.remove("build/1");
    expect(await object.list(all)).toEqual({ channels: [], next: null });
  });

  test("[DIR5] answers a page of thousands quickly", async () => {
    const object = directory();
    // In one event, which is one commit: it is reading that is timed.
    await runInDurableObject(object, async (directory: DirectoryObject) => {
      for (let i = 0; i < 5_000; i++) await directory.put(entry(`build/${i}`, i));
      for (let i = 0; i < 10; i++) await directory.put(entry(`task/${i}`, i));
    });
    const started = performance.now();
    for (let i = 0; i < 20; i++) await object.list({ ...all, kind: "task" });
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test("[DIR6] a report that says nothing new writes no row", async () => {
    const object = directory();
    await object.put(entry("build/1", 10));
    const written = await runInDurableObject(object, (_: DirectoryObject, { storage }) =>
      [entry("build/1", 10), entry("build/1", 10, { viewers: 3 })].map((each) => {
        const { sql, bindings } = putStatement(each);
        return storage.sql.exec(sql, ...bindings).rowsWritten > 0;
      }),
    );
    expect(written).toEqual([false, true]);
  });
});
