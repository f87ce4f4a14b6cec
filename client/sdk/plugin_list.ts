import type { CLog } from "../../protocol/dialects/c_log.ts";

/** The newest log lines by cursor, at most so many; each is held once, whoever brought it. */
export class PluginList {
  readonly #maxLogs: number;
  #logs: CLog[] = [];
  #cursor = 0;
  #dropped = 0;

  constructor(maxLogs: number) {
    this.#maxLogs = maxLogs;
  }

  /** From the oldest to the newest; the array is another one after each change. */
  get logs(): readonly CLog[] {
    return this.#logs;
  }

  /** Everything up to it was looked at: reading goes on after it. */
  get cursor(): number {
    return this.#cursor;
  }

  /** How many older lines were dropped for newer ones. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes in what is new of these lines, and answers it. */
  append(logs: readonly CLog[], isWanted: (log: CLog) => boolean): readonly CLog[] {
    const fresh: CLog[] = [];
    for (const log of logs) {
      if (log.cursor <= this.#cursor) continue;
      this.#cursor = log.cursor;
      if (isWanted(log)) fresh.push(log);
    }
    if (fresh.length > 0) this.#hold([...this.#logs, ...fresh]);
    return fresh;
  }

  /** Holds only what is wanted still. */
  narrow(isWanted: (log: CLog) => boolean): void {
    this.#logs = this.#logs.filter(isWanted);
  }

  /** Holds a history, which has everything up to `cursor`, in place of what is held. */
  replace(history: readonly CLog[], cursor: number): void {
    this.#dropped = 0;
    this.#cursor = cursor;
    this.#hold([...history]);
  }

  /** The same with a history that was read while lines went on coming: those after it stay. */
  merge(history: readonly CLog[], cursor: number): void {
    const last = history.at(-1)?.cursor ?? cursor;
    const later = this.#logs.filter((log) => log.cursor > last);
    this.replace([...history, ...later], Math.max(cursor, this.#cursor));
  }

  /** Everything up to there was looked at; back to 0 where the journal was deleted. */
  moveTo(cursor: number): void {
    this.#cursor = cursor;
  }

  /** A deleted journal's lines: the cursors of the next one may be the same. */
  clear(): void {
    this.#logs = [];
    this.#cursor = 0;
    this.#dropped = 0;
  }

  #hold(logs: CLog[]): void {
    const excess = Math.max(0, logs.length - this.#maxLogs);
    this.#dropped += excess;
    this.#logs = excess === 0 ? logs : logs.slice(excess);
  }
}
