import { setTimeout as pass } from "node:timers/promises";
import { append, batchOf } from "../bench/load.ts";
import type { Access } from "../e2e/send_lines.ts";

/** Much text at once. */

const MiB = 1024 * 1024;
/** Longer than a build's lines, so that the time goes into bytes and not into parsing. */
export const bulkLineChars = 1_000;
const batchLines = 250;
const inFlight = 2;

export interface Bulk {
  readonly mebibytes: number;
  /** Lines that are there already. */
  readonly after?: number;
  /** How long each lane waits after a batch, in milliseconds: so that readers can keep up. */
  readonly pauseMs?: number;
  /** Told the last cursor of each batch as it is acknowledged. */
  readonly onStored?: (last: number) => void;
}

/** Appends so much, a few batches at once; answers how many lines there are then. */
export async function appendBulk(
  { url, token }: Access,
  channel: string,
  { mebibytes, after = 0, pauseMs = 0, onStored = () => undefined }: Bulk,
): Promise<number> {
  const tail = after + Math.ceil((mebibytes * MiB) / bulkLineChars / batchLines) * batchLines;
  let next = after + 1;
  const lane = async (): Promise<void> => {
    while (next <= tail) {
      const first = next;
      next += batchLines;
      const body = batchOf(first, batchLines, Date.now(), bulkLineChars);
      onStored((await append(new URL(url), channel, token, body)).last);
      if (pauseMs > 0) await pass(pauseMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return tail;
}
