import { append, batchOf } from "../bench/load.ts";
import { residentBytes } from "../bench/process_memory.ts";
import type { Access } from "../e2e/send_lines.ts";

/** Much text at once, and what it does to the memory of the process that takes it. */

const MiB = 1024 * 1024;
/** Longer than a build's lines, so that the time goes into bytes and not into parsing. */
export const bulkLineChars = 1_000;
const batchLines = 1_000;
const inFlight = 4;

/** Appends so many MiB, a few batches at once, after so many lines; answers how many there are then. */
export async function appendBulk(
  { url, token }: Access,
  channel: string,
  mebibytes: number,
  after = 0,
): Promise<number> {
  const tail = after + Math.ceil((mebibytes * MiB) / bulkLineChars / batchLines) * batchLines;
  let next = after + 1;
  const lane = async (): Promise<void> => {
    while (next <= tail) {
      const first = next;
      next += batchLines;
      await append(new URL(url), channel, token, batchOf(first, batchLines, Date.now(), bulkLineChars));
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

  /** Ends the measurement. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return Math.round((this.#most - this.#atFirst) / MiB);
  }

  #look(): void {
    this.#most = Math.max(this.#most, residentBytes(this.#pid));
  }
}
