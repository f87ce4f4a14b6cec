import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, it } from "vitest";
import { StateKeeper } from "../../client/sdk/state_keeper.ts";
import { startGateway } from "./sdk_harness.ts";
import { numberedLines } from "./wire_recorder.ts";

/** [SAV] where a reader's place is kept, and what of it a killed process loses. */

const script = resolve(import.meta.dirname, "reading_process.ts");
let folder: string;
const readers = new Set<ChildProcess>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tailrace-test-"));
});
afterEach(async () => {
  for (const reader of readers) await kill(reader);
  readers.clear();
  rmSync(folder, { recursive: true, force: true });
});

async function kill(reader: ChildProcess): Promise<void> {
  if (reader.exitCode !== null || reader.signalCode !== null) return;
  const exit = once(reader, "exit");
  reader.kill("SIGKILL");
  await exit;
}

function storedCursor(path: string): number {
  try {
    return Number(JSON.parse(readFileSync(path, "utf8")).cursor);
  } catch {
    return -1;
  }
}

it("[SAV1] kill -9 in a quiet channel repeats what came since the last second, and loses nothing", async () => {
  // A window that is never half full: nothing is acknowledged.
  const gateway = await startGateway({ windowBytes: 1024 * 1024 });
  const path = join(folder, "place");
  let tail = 0;
  const append = (count: number): void => {
    gateway.append("build/1", numberedLines(tail + 1, tail + count));
    tail += count;
  };
  const printed: string[] = [];
  const start = (): ChildProcess => {
    const reader = spawn(process.execPath, [script, gateway.url, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    readers.add(reader);
    createInterface({ input: reader.stdout }).on("line", (line) => {
      printed.push(line);
      gateway.changed();
    });
    return reader;
  };
  for (let round = 1; round <= 3; round += 1) {
    const reader = start();
    append(100);
    await gateway.until(() => printed.at(-1) === String(tail));
    await expect.poll(() => storedCursor(path), { timeout: 5_000 }).toBe(tail);
    append(20);
    await gateway.until(() => printed.at(-1) === String(tail));
    await kill(reader);
  }
  const last = start();
  gateway.finish("build/1");
  await once(last, "exit");
  expect(gateway.received.filter((text) => text.includes('"ack"'))).toEqual([]);
  expect(printed.pop()).toBe("verified");
  expect([...new Set(printed.map(Number))]).toEqual(Array.from({ length: tail }, (_, i) => i + 1));
  expect(printed.length - tail).toBeLessThanOrEqual(3 * 20);
});

it("[SAV2] a place is saved once a second however often it moves, and at once when asked", async () => {
  const saved: number[] = [];
  const timers: { run: () => void; ms: number }[] = [];
  const storage = {
    load: () => null,
    save: (_key: string, value: string) => void saved.push(JSON.parse(value).cursor),
    remove: () => {},
  };
  const startTimer = (run: () => void, ms: number) => {
    const timer = { run, ms };
    timers.push(timer);
    return () => void timers.splice(timers.indexOf(timer), 1);
  };
  const fail = (thrown: unknown): never => {
    throw thrown;
  };
  const keeper = new StateKeeper(storage, "key", fail, startTimer);
  const place = (cursor: number) => ({ cursor, epoch: "e", sum: { lines: 0, bytes: 0, crc: 0 } });
  for (let cursor = 1; cursor <= 1_000; cursor += 1) keeper.saveSoon(place(cursor));
  expect([saved, timers.map(({ ms }) => ms)]).toEqual([[], [1_000]]);
  timers.pop()?.run();
  expect(saved).toEqual([1_000]);
  keeper.saveSoon(place(1_001));
  await keeper.save(place(1_002));
  expect([saved, timers]).toEqual([[1_000, 1_002], []]);
});
