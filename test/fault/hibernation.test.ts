import { setTimeout as pass } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { append, batchOf } from "../bench/load.ts";
import { isLong } from "./form.ts";
import { PingingViewer } from "./pinging_viewer.ts";
import type { TestGateway } from "./test_gateway.ts";
import { type Happening, withWatchedGateway } from "./watched_gateway.ts";

/** [FLT8] [FLT9] a quiet channel really hibernates under its viewers, by the runtime's own clock. */

const channel = "build/quiet";
const viewers = 1_000;
const pingEveryMs = 3_000;

async function openViewers(gateway: TestGateway): Promise<PingingViewer[]> {
  const opened: PingingViewer[] = [];
  while (opened.length < viewers + 1) opened.push(await PingingViewer.open(gateway, channel, pingEveryMs));
  return opened;
}

/** Appends a line, and waits until all have it. */
async function tellAll(all: readonly PingingViewer[], { url, token }: TestGateway): Promise<void> {
  const { last } = await append(new URL(url), channel, token, batchOf(1, 1, Date.now()));
  const have = (): number => all.filter(({ cursor }) => cursor === last).length;
  await expect.poll(have, { timeout: 10_000 }).toBe(all.length);
}

/**
 * What comes to the object of a channel in so long, under viewers that say nothing but their pings; then all are
 * served on the sockets they have, by an object that was not there before.
 */
async function happeningsIn(quietMs: number): Promise<readonly Happening[]> {
  return withWatchedGateway(async (gateway, happenings) => {
    const all = await openViewers(gateway);
    await tellAll(all, gateway);
    expect(happenings.splice(0)).toEqual(["woken", "append"]);
    // One leaves: it is announced and recorded, and then there is quiet.
    all.pop()?.close();
    await pass(quietMs);
    // Nobody waits for more than the newest pong.
    await expect.poll(() => all.filter(({ unanswered }) => unanswered > 1)).toEqual([]);
    const meanwhile = happenings.splice(0);
    await tellAll(all, gateway);
    expect(happenings).toEqual(["woken", "append"]);
    expect(all.filter(({ isClosed }) => isClosed)).toEqual([]);
    for (const viewer of all) viewer.close();
    return meanwhile;
  });
}

/** Eleven minutes. */
const longOnly = isLong ? test : () => undefined;

describe("a quiet channel", () => {
  test(`[FLT8] hibernates within 15 s under ${viewers} pinging viewers, and serves them afterwards`, async () => {
    expect(await happeningsIn(15_000)).toEqual([]);
  });

  longOnly(
    `[FLT9] is woken in 11 minutes by its two sweeps under ${viewers} pinging viewers, and by nothing else`,
    async () => {
      expect(await happeningsIn(11 * 60_000)).toEqual(["woken", "alarm", "woken", "alarm"]);
    },
    12 * 60_000,
  );
});
