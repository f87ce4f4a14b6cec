import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { signalTo } from "../dev/processes.ts";

/** The guard's program: reads `+GROUP` and `-GROUP` until the runner is gone, then ends the groups that are left. */

const killAfterMs = 5_000;
const groups = new Set<number>();

// A terminal's Ctrl-C is the runner's to answer.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const group = Number(line.slice(1));
  if (line.startsWith("+")) groups.add(group);
  else groups.delete(group);
}

const endsAt = performance.now() + killAfterMs;
let left = [...groups].filter((group) => group > 1 && signalTo(-group, "SIGTERM"));
while (left.length > 0 && performance.now() < endsAt) {
  await sleep(100);
  left = left.filter(lives);
}
for (const group of left) signalTo(-group, "SIGKILL");

function lives(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}
