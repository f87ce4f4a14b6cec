import { describe, expect, test } from "vitest";
import { appendBulk, MemoryGrowth } from "./bulk.ts";
import { BulkReader } from "./bulk_reader.ts";
import { inForm } from "./form.ts";
import { type TestGateway, withGateway } from "./test_gateway.ts";

/** [FLT3] to [FLT5] readers that stop reading: what they cost the process, and what they cost the others. */

const channel = "build/stalled";

async function openReaders(gateway: TestGateway, count: number): Promise<BulkReader[]> {
  const readers: BulkReader[] = [];
  for (let i = 0; i < count; i++) readers.push(await BulkReader.open(gateway, channel));
  return readers;
}

/** Every frame of every reader followed the one before. */
function expectWhole(readers: readonly BulkReader[]): void {
  expect(readers.flatMap(({ faults }) => faults)).toEqual([]);
}

describe("one reader that stops reading", () => {
  const mebibytes = inForm(120, 500);

  /** Appends it all to three readers, of which one may not read; answers growth and the others' lateness. */
  async function measure(
    isStalled: boolean,
  ): Promise<{ readonly grownMiB: number; readonly lateMs: number }> {
    return withGateway({}, async (gateway) => {
      const readers = await openReaders(gateway, 3);
      const [stalled, ...healthy] = readers;
      // What any load makes of an empty process is not the reader's account.
      const warm = await appendBulk(gateway, channel, 16);
      await Promise.all(readers.map((reader) => reader.reaches(warm)));
      const growth = new MemoryGrowth(gateway.pid);
      if (isStalled) stalled?.pause();
      const tail = await appendBulk(gateway, channel, mebibytes, warm);
      await Promise.all(healthy.map((reader) => reader.reaches(tail)));
      const grownMiB = growth.stop();
      const lateMs = Math.max(...healthy.map(({ latency }) => latency.percentile(99)));
      if (isStalled) expect(stalled?.cursor).toBeLessThan(tail);
      stalled?.resume();
      await stalled?.reaches(tail);
      expectWhole(readers);
      for (const code of stalled?.closes ?? []) expect(code).toBe(4429);
      for (const reader of readers) reader.close();
      console.log(
        `FLT3: ${isStalled ? "one stalled" : "all reading"}: ${grownMiB} MiB more, others p99 ${lateMs} ms`,
      );
      return { grownMiB, lateMs };
    });
  }

  test(`[FLT3] ${mebibytes} MiB past it take less than 50 MiB on its account, others stay level, and it gets all later`, async () => {
    const control = await measure(false);
    const stalled = await measure(true);
    expect(stalled.grownMiB - control.grownMiB).toBeLessThan(50);
    expect(stalled.lateMs).toBeLessThan(2 * control.lateMs + 250);
  });
});

describe("200 readers that all stop reading", () => {
  const count = 200;
  /** More than the system's own buffers of a socket hold. */
  const mebibytes = 16;

  /** Appends it past them, beside one that reads, then lets some of them read again; answers the growth in MiB. */
  async function growthWith(vars: Readonly<Record<string, string>>, again: number): Promise<number> {
    return withGateway(vars, async (gateway) => {
      // What any load makes of an empty process is not the readers' account.
      await appendBulk(gateway, "build/other", 48);
      const healthy = await BulkReader.open(gateway, channel);
      const stalled = await openReaders(gateway, count);
      const first = await appendBulk(gateway, channel, 1);
      await Promise.all(stalled.map((reader) => reader.reaches(first)));
      for (const reader of stalled) reader.pause();
      const growth = new MemoryGrowth(gateway.pid);
      const tail = await appendBulk(gateway, channel, mebibytes, first);
      await healthy.reaches(tail);
      const grownMiB = growth.stop();
      expect(stalled.filter(({ cursor }) => cursor === tail)).toEqual([]);
      const resumed = stalled.slice(0, again);
      for (const reader of resumed) reader.resume();
      await Promise.all(resumed.map((reader) => reader.reaches(tail)));
      expectWhole([healthy, ...stalled]);
      for (const reader of [healthy, ...stalled]) reader.close();
      console.log(`FLT4: ${grownMiB} MiB more, healthy one p99 ${healthy.latency.percentile(99)} ms`);
      return grownMiB;
    });
  }

  test(`[FLT4] ${mebibytes} MiB past them take less than 100 MiB, and far more without windows`, async () => {
    const grown = await growthWith({}, count);
    const without = await growthWith({ WINDOW_TOTAL_BYTES: String(4 * 1024 ** 3) }, 0);
    expect(grown).toBeLessThan(100);
    expect(without).toBeGreaterThan(5 * Math.max(grown, 40));
  });
});
