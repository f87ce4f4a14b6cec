import type { Gateway } from "../../client/cli/dev/gateway.ts";
import { append, batchOf } from "./load.ts";
import { residentBytes } from "./process_memory.ts";
import { RawSubscriber } from "./raw_subscriber.ts";

export interface ResumeResult {
  /** From the handshake to the first entries, and to the last, in milliseconds. */
  readonly firstMs: number;
  readonly allMs: number;
  /** What the runtime's process has more afterwards, in MiB. */
  readonly grownMiB: number;
}

const batchLines = 1_000;

/** Fills a channel, then reads all of it from the first line, as one who comes late. */
export async function resume(
  gateway: Pick<Gateway, "url" | "workerdPid">,
  channel: string,
  token: string,
  lines: number,
): Promise<ResumeResult> {
  const url = new URL(gateway.url);
  for (let first = 1; first <= lines; first += batchLines) {
    await append(url, channel, token, batchOf(first, batchLines, Date.now()));
  }
  const bytesBefore = residentBytes(gateway.workerdPid);
  const startedAt = performance.now();
  let firstMs = 0;
  let cursor = 0;
  const done = Promise.withResolvers<void>();
  const subscriber = await RawSubscriber.open(
    url,
    channel,
    token,
    { query: "?cursor=0" },
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
    const grownMiB = (residentBytes(gateway.workerdPid) - bytesBefore) / 1024 / 1024;
    return { firstMs, allMs: performance.now() - startedAt, grownMiB };
  } finally {
    subscriber.close();
  }
}
