import { readFileSync } from "node:fs";

const MiB = 1024 * 1024;

/** The resident memory of a process, in bytes; NaN where the machine does not tell. */
export function residentBytes(pid: number): number {
  try {
    const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return found === null ? Number.NaN : Number(found[1]) * 1024;
  } catch {
    return Number.NaN;
  }
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
