import type { ProducerEntry } from "./producer_queue.ts";

/** The line that stands where lines are missing; `now` in epoch milliseconds. */
export function leftOutEntry(count: number, now: number): ProducerEntry {
  const lines = count === 1 ? "1 line was" : `${count} lines were`;
  return {
    kind: "log",
    ts: now,
    level: "warn",
    line: `tailrace: ${lines} left out here: the gateway did not take them.`,
  };
}
