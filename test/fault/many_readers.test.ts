import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../protocol/mod.ts";
import { append, batchOf } from "../bench/load.ts";
import { bulkLineChars } from "./bulk.ts";
import { BulkReader } from "./bulk_reader.ts";
import { startTestGateway, type TestGateway } from "./test_gateway.ts";

/** [FLT6] readers that come and go in hundreds. */

const crowd = 1_000;
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.stop());

/** Appends a few lines at a time until it is told to stop; answers the tail. */
function keepAppending(channel: string): () => Promise<number> {
  let isOver = false;
  let tail = 0;
  const run = async (): Promise<number> => {
    while (!isOver) {
      const body = batchOf(tail + 1, 4, Date.now(), bulkLineChars);
      tail = (await append(new URL(gateway.url), channel, gateway.token, body)).last;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return tail;
  };
  const done = run();
  return () => {
    isOver = true;
    return done;
  };
}

describe("a crowd", () => {
  test(`[FLT6] ${crowd} join one viewer and leave: windows follow, nobody stalls, nobody is closed`, async () => {
    const channel = "build/crowd";
    const first = await BulkReader.open(gateway, channel);
    const stop = keepAppending(channel);
    const joined: BulkReader[] = [];
    for (let i = 0; i < crowd; i++) joined.push(await BulkReader.open(gateway, channel));
    const share = limits.windowTotalBytes / (crowd + 1);
    // A window is told anew when it has changed by half or more.
    for (const reader of [first, ...joined]) {
      expect(reader.windowBytes).toBeGreaterThan(share / 2);
      expect(reader.windowBytes).toBeLessThan(share * 2);
    }
    const tailThen = joined.at(-1)?.cursor ?? 0;
    await Promise.all([first, ...joined].map((reader) => reader.reaches(tailThen + 40)));
    for (const reader of joined.slice(1)) reader.close();
    const last = joined.slice(0, 1);
    const tail = await stop();
    await Promise.all([first, ...last].map((reader) => reader.reaches(tail)));
    const all = [first, ...joined];
    expect(all.flatMap(({ faults }) => faults)).toEqual([]);
    expect(all.flatMap(({ closes }) => closes)).toEqual([]);
    await expect.poll(() => first.windowBytes).toBeGreaterThan(limits.windowMaxBytes / 2);
    for (const reader of [first, ...last]) reader.close();
  });
});
