import type { Gateway } from "../../client/cli/dev/gateway.ts";
import { append, batchOf } from "./load.ts";
import { MemoryGrowth } from "./process_memory.ts";
import { RawSubscriber } from "./raw_subscriber.ts";

export interface ResumeResult {
  /** From the handshake to the first entries, and to the last, in milliseconds. */
  readonly firstMs: number;
  readonly allMs: number;
  /** What the runtime's process had more at the most, in MiB. */
  readonly grownMiB: number;
}

const batchLines = 1_000;

/**
 * Fills a channel, then reads all of it from the first line, as one who comes late; `lineChars`: the lines'
 * length, if not that of {@link batchOf} itself.
 */
export async function resume(
  gateway: Pick<Gateway, "url" | "workerdPid">,
  channel: string,
  token: string,
  lines: number,
  lineChars?: number,
): Promise<ResumeResult> {
  const url = new URL(gateway.url);
  for (let first = 1; first <= lines; first += batchLines) {
    await append(url, channel, token, batchOf(first, batchLines, Date.now(), lineChars));
  }
  const growth = new MemoryGrowth(gateway.workerdPid);
  const startedAt = performance.now();
  let firstMs = 0;
  let cursor = 0;
  const done = Promise.withResolvers<void>();
  const subscriber = await RawSubscriber.open(
    url,
    channel,
    token,
    { query: "?cursor=0", ...(lineChars !== undefined && { lineChars }) },
    ({ first, last }) => {
      if (cursor === 0) firstMs = performance.now() - startedAt;
      if (first !== cursor + 1) done.reject(new Error(`Entries from ${first} came after ${cursor}`));
      cursor = last;
      if (cursor === lines) done.resolve();
    },
  );
  void subscriber.closed.then((code) => done.reject(new Error(`Closed ${code} at ${cursor} of ${lines}`)));
  try {
    await done.promise;
    return { firstMs, allMs: performance.now() - startedAt, grownMiB: growth.stop() };
  } finally {
    growth.stop();
    subscriber.close();
  }
}
