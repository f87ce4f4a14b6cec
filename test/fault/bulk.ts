import { setTimeout as pass } from "node:timers/promises";
import { append, batchOf } from "../bench/load.ts";
import { residentBytes } from "../bench/process_memory.ts";
import type { Access } from "../e2e/send_lines.ts";

/** Much text at once, and what it does to the memory of the process that takes it. */

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

/** The most memory that a process had since, in MiB over what it had at first. */
export class MemoryGrowth {
  readonly #pid: number;
  readonly #atFirst: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #most: number;

  constructor(pid: number) {
    this.#pid = pid;
    this.#atFirst = residentBytes(pid);
    this.#most = this.#atFirst;
    this.#timer = setInterval(() => this.#look(), 20);
  }

  /** What it has more now. */
  get now(): number {
    return Math.round((residentBytes(this.#pid) - this.#atFirst) / MiB);
  }

  /** Ends the measurement; answers the most it had. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return Math.round((this.#most - this.#atFirst) / MiB);
  }

  #look(): void {
    this.#most = Math.max(this.#most, residentBytes(this.#pid));
  }
}
