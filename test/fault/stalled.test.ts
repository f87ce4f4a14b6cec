import { describe, expect, test } from "vitest";
import { ApiClient } from "../../client/sdk/mod.ts";
import { MemoryGrowth } from "../bench/process_memory.ts";
import { appendBulk } from "./bulk.ts";
import { BulkReader } from "./bulk_reader.ts";
import { inForm, isLong } from "./form.ts";
import { type TestGateway, withGateway } from "./test_gateway.ts";

/** [FLT3] to [FLT5] readers that stop reading: what they cost the process, and what they cost the others. */

const channel = "build/stalled";

async function openReaders(gateway: TestGateway, count: number, after = 0): Promise<BulkReader[]> {
  const readers: BulkReader[] = [];
  for (let i = 0; i < count; i++) readers.push(await BulkReader.open(gateway, channel, after));
  return readers;
}

/** Who is closer to the tail than this, in lines of a kilobyte, has what was stored and is being sent. */
const levelLines = 2_000;

/** How far behind what is acknowledged readers are at the most. */
class Lag {
  lines = 0;
  readonly #readers: readonly BulkReader[];

  constructor(readers: readonly BulkReader[]) {
    this.#readers = readers;
  }

  readonly look = (stored: number): void => {
    for (const { cursor } of this.#readers) this.lines = Math.max(this.lines, stored - cursor);
  };
}

/** Every frame of every reader followed the one before. */
function expectWhole(readers: readonly BulkReader[]): void {
  expect(readers.flatMap(({ faults }) => faults)).toEqual([]);
}

describe("one reader that stops reading", () => {
  const most = inForm(120, 500);
  /** As good as none: half of one holds more than is sent past it. */
  const withoutWindows = { WINDOW_TOTAL_BYTES: String(16 * 1024 ** 3) };
  const broadcastMebibytes = 120;

  /** Appends so much to three readers, of which one may not read; answers the growth in MiB. */
  async function growthWith(
    isStalled: boolean,
    mebibytes: number,
    vars: Readonly<Record<string, string>> = {},
  ): Promise<number> {
    return withGateway(vars, async (gateway) => {
      const readers = await openReaders(gateway, 3);
      const [stalled, ...healthy] = readers;
      // What any load makes of an empty process is not the reader's account.
      const warm = await appendBulk(gateway, channel, { mebibytes: 16 });
      await Promise.all(readers.map((reader) => reader.reaches(warm)));
      const growth = new MemoryGrowth(gateway.pid);
      if (isStalled) stalled?.pause();
      const lag = new Lag(healthy);
      const tail = await appendBulk(gateway, channel, { mebibytes, after: warm, onStored: lag.look });
      await Promise.all(healthy.map((reader) => reader.reaches(tail)));
      const grownMiB = growth.stop();
      if (isStalled) expect(stalled?.cursor).toBeLessThan(tail);
      stalled?.resume();
      await stalled?.reaches(tail);
      expectWhole(readers);
      for (const code of stalled?.closes ?? []) expect(code).toBe(4429);
      for (const reader of readers) reader.close();
      const who = isStalled ? "one stalled" : "all reading";
      console.log(
        `FLT3: ${mebibytes} MiB, ${who}: ${grownMiB} MiB more, the others at most ${lag.lines} lines behind`,
      );
      expect(lag.lines).toBeLessThan(levelLines);
      return grownMiB;
    });
  }

  test(`[FLT3] ${most} MiB past it take less than 50 MiB on its account, others stay level, and it gets all later`, async () => {
    const control = await growthWith(false, most);
    expect((await growthWith(true, most)) - control).toBeLessThan(50);
  });

  test(`[FLT3] ${broadcastMebibytes} MiB past it would take as much in a plain broadcast, without windows`, async () => {
    const control = await growthWith(false, broadcastMebibytes, withoutWindows);
    const grown = await growthWith(true, broadcastMebibytes, withoutWindows);
    expect(grown - control).toBeGreaterThan(broadcastMebibytes / 2);
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
      await appendBulk(gateway, "build/other", { mebibytes: 48 });
      const healthy = await BulkReader.open(gateway, channel);
      const stalled = await openReaders(gateway, count);
      const first = await appendBulk(gateway, channel, { mebibytes: 1 });
      await Promise.all(stalled.map((reader) => reader.reaches(first)));
      for (const reader of stalled) reader.pause();
      const growth = new MemoryGrowth(gateway.pid);
      const lag = new Lag([healthy]);
      const tail = await appendBulk(gateway, channel, {
        mebibytes,
        after: first,
        pauseMs: 50,
        onStored: lag.look,
      });
      await healthy.reaches(tail);
      const grownMiB = growth.stop();
      expect(lag.lines).toBeLessThan(levelLines);
      expect(stalled.filter(({ cursor }) => cursor === tail)).toEqual([]);
      const resumed = stalled.slice(0, again);
      for (const reader of resumed) reader.resume();
      await Promise.all(resumed.map((reader) => reader.reaches(tail)));
      expectWhole([healthy, ...stalled]);
      for (const reader of [healthy, ...stalled]) reader.close();
      console.log(`FLT4: ${grownMiB} MiB more, the healthy one at most ${lag.lines} lines behind`);
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

/** Ten minutes: who owes an acknowledgement is closed after 30 seconds, and no test may shorten that. */
const longOnly = isLong ? describe : () => undefined;

longOnly("readers that are closed and never read", () => {
  const rounds = 10;

  test(
    `[FLT5] ${rounds} rounds of ten that stall, are closed 4429 and never read: memory stays bounded`,
    async () => {
      await withGateway({}, async (gateway) => {
        let tail = await appendBulk(gateway, channel, { mebibytes: 48 });
        const healthy = await BulkReader.open(gateway, channel, tail);
        // It stalls with the first ten, and reads again when it was closed.
        const witness = await BulkReader.open(gateway, channel, tail);
        witness.pause();
        const stuck: BulkReader[] = [];
        const growths: number[] = [];
        const growth = new MemoryGrowth(gateway.pid);
        for (let round = 0; round < rounds; round++) {
          const stalled = await openReaders(gateway, 10, tail);
          for (const reader of stalled) reader.pause();
          stuck.push(...stalled);
          tail = await appendBulk(gateway, channel, { mebibytes: 8, after: tail, pauseMs: 20 });
          await healthy.reaches(tail);
          await expect.poll(() => viewersOf(gateway), { timeout: 60_000, interval: 500 }).toBe(1);
          growths.push(growth.now);
          if (round === 0) await expectClosed(witness, tail);
        }
        growth.stop();
        console.log(
          `FLT5: ${growths} MiB more, round by round; the healthy one was closed ${healthy.closes}`,
        );
        // More rounds do not make it more: what they leave behind is given up past a bound.
        expect(growths.at(-1)).toBeLessThan(100);
        // Given up means that all who read come back, and go on.
        expect(healthy.closes).not.toEqual([]);
        expectWhole([healthy]);
        for (const reader of [healthy, ...stuck]) reader.close();
      });
    },
    rounds * 60_000,
  );
});

/** Lets a reader that stalled read on: it was closed for that, and comes back. */
async function expectClosed(reader: BulkReader, tail: number): Promise<void> {
  reader.resume();
  await reader.reaches(tail);
  expect(reader.closes).toEqual([4429]);
  expectWhole([reader]);
  reader.close();
}

async function viewersOf(gateway: TestGateway): Promise<number> {
  const summary = await new ApiClient(gateway).summary(channel);
  return summary.ok ? summary.value.viewers : Number.NaN;
}
