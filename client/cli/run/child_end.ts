import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { PipedChild } from "./spawn_piped.ts";

/** When a child is over: its exit, and the end of its output, which may come later. */

export function exitOf(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve([code, signal])));
}

/** A child's output, watched from now on. */
export interface ChildOutput {
  /**
   * Waits for all of it; gives up on a pipe that is still held open, by what the child has left in the background,
   * and has been silent for `idleMs`. `seen` counts what has come.
   */
  end(seen: () => number, idleMs: number): Promise<void>;
}

export function outputOf({ stdout, stderr }: PipedChild): ChildOutput {
  const closed = Promise.all([closeOf(stdout), closeOf(stderr)]).then(() => true);
  return {
    async end(seen, idleMs) {
      const timer = new AbortController();
      for (let before = -1; before !== seen() || stdout.isPaused() || stderr.isPaused(); ) {
        before = seen();
        const silence = sleep(idleMs, false, { signal: timer.signal }).catch(() => false);
        if (await Promise.race([closed, silence])) break;
      }
      timer.abort();
      stdout.destroy();
      stderr.destroy();
    },
  };
}

function closeOf(stream: Readable): Promise<void> {
  return new Promise((resolve) => stream.once("close", resolve));
}
