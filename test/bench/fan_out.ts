import type { Gateway } from "../../client/cli/dev/gateway.ts";
import { produce } from "./load.ts";
import { residentBytes } from "./process_memory.ts";
import { RawSubscriber, type SeenFrame } from "./raw_subscriber.ts";
import { Tally } from "./tally.ts";

export interface FanOut {
  readonly subscribers: number;
  readonly entries: number;
  readonly forMs: number;
  readonly inFlight?: number;
  readonly everyMs?: number;
  /** Further subscribers, which read nothing; 0 by default. */
  readonly stalled?: number;
  /** Offer permessage-deflate, as browsers do. */
  readonly offersDeflate?: boolean;
}

export interface FanOutResult {
  readonly appendedLines: number;
  readonly deliveredLines: number;
  readonly deliveredPerSecond: number;
  /** From a line's timestamp in the producer to the frame's arrival, the oldest line of each frame. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly residentMiB: number;
  /** Lines that some subscriber did not get, or got twice or out of order. */
  readonly lostLines: number;
  readonly wasCompressed: boolean;
}

/** Streams to many direct subscribers of one channel and counts what arrives at each. */
export async function fanOut(
  gateway: Gateway,
  channel: string,
  token: string,
  load: FanOut,
): Promise<FanOutResult> {
  const tally = new Tally(load.subscribers);
  const subscribers: RawSubscriber[] = [];
  const options = { ...(load.offersDeflate && { offersDeflate: true }) };
  for (let i = 0; i < load.subscribers; i++) {
    const see = (frame: SeenFrame) => tally.see(i, frame);
    subscribers.push(await RawSubscriber.open(new URL(gateway.url), channel, token, options, see));
  }
  const stalled: RawSubscriber[] = [];
  for (let i = 0; i < (load.stalled ?? 0); i++) {
    const subscriber = await RawSubscriber.open(
      new URL(gateway.url),
      channel,
      token,
      options,
      () => undefined,
    );
    subscriber.pause();
    stalled.push(subscriber);
  }
  try {
    const startedAt = performance.now();
    const { lines } = await produce(new URL(gateway.url), channel, token, load);
    const residentMiB = residentBytes(gateway.workerdPid) / 1024 / 1024;
    await tally.untilAllHave(lines);
    const seconds = (performance.now() - startedAt) / 1000;
    return {
      appendedLines: lines,
      deliveredLines: tally.delivered,
      deliveredPerSecond: tally.delivered / seconds,
      p50Ms: tally.latency.percentile(50),
      p99Ms: tally.latency.percentile(99),
      residentMiB,
      lostLines: tally.missing(lines),
      wasCompressed: subscribers.some(({ handshake }) => /permessage-deflate/i.test(handshake)),
    };
  } finally {
    for (const subscriber of [...subscribers, ...stalled]) subscriber.close();
  }
}
