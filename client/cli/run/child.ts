import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { inForeground } from "../foreground.mjs";
import { passThrough } from "./pass_through.ts";
import { type PipedChild, spawnPiped } from "./spawn_piped.ts";

/** The command that is run, and what it is told. */

export interface ChildOptions {
  readonly program: readonly string[];
  /** Added to the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Answers when the stream's next chunk may come, or null for at once. */
  readonly onOutput: (stream: "stdout" | "stderr", chunk: Buffer) => Promise<void> | null;
  /** How long its output may go on after its exit: what it has left in the background may hold the pipes. */
  readonly drainMs: number;
}

export interface ChildOutcome {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It was told to stop while it ran. */
  readonly isCancelled: boolean;
}

const stopping = new Set<NodeJS.Signals>(["SIGINT", "SIGTERM", "SIGHUP"]);
export const forwardedSignals = [...stopping, "SIGQUIT"] as const;
/** Those that a terminal sends to the whole foreground group, where the child has them already. */
const fromKeyboard = new Set<NodeJS.Signals>(["SIGINT", "SIGQUIT"]);

/** Runs the command to its end; a `CliError` with 126 or 127 when it cannot be started. */
export async function runChild(options: ChildOptions): Promise<ChildOutcome> {
  const child = await spawnPiped(options.program, options.env);
  let chunks = 0;
  const onChunk = (stream: "stdout" | "stderr") => (chunk: Buffer) => {
    chunks += 1;
    return options.onOutput(stream, chunk);
  };
  passThrough(child.stdout, process.stdout, onChunk("stdout"));
  passThrough(child.stderr, process.stderr, onChunk("stderr"));
  const signals = forwardSignals(child.process);
  const closed = Promise.all([closeOf(child.stdout), closeOf(child.stderr)]).then(() => true);
  const [exitCode, signal] = await exitOf(child.process);
  await endOfOutput(child, closed, () => chunks, options.drainMs);
  signals.stop();
  return { exitCode, signal, isCancelled: signals.isCancelled() };
}

function closeOf(stream: Readable): Promise<void> {
  return new Promise((resolve) => stream.once("close", resolve));
}

function exitOf(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve([code, signal])));
}

/** Waits for all of the output; gives up on a pipe that is still held open and has been silent for `idleMs`. */
async function endOfOutput(
  { stdout, stderr }: PipedChild,
  closed: Promise<boolean>,
  seen: () => number,
  idleMs: number,
): Promise<void> {
  const timer = new AbortController();
  for (let before = -1; before !== seen() || stdout.isPaused() || stderr.isPaused(); ) {
    before = seen();
    const silence = sleep(idleMs, false, { signal: timer.signal }).catch(() => false);
    if (await Promise.race([closed, silence])) break;
  }
  timer.abort();
  stdout.destroy();
  stderr.destroy();
}

function forwardSignals(child: ChildProcess): { isCancelled: () => boolean; stop: () => void } {
  let isCancelled = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    isCancelled ||= stopping.has(signal);
    if (!(fromKeyboard.has(signal) && inForeground())) child.kill(signal);
  };
  for (const signal of forwardedSignals) process.on(signal, onSignal);
  return {
    isCancelled: () => isCancelled,
    stop() {
      for (const signal of forwardedSignals) process.off(signal, onSignal);
    },
  };
}

/** Ends this process by the signal that ended the child; for one that cannot, the code a shell would show. */
export function endBySignal(signal: NodeJS.Signals, numbers: Readonly<Record<string, number>>): number {
  for (const name of forwardedSignals) process.removeAllListeners(name);
  process.kill(process.pid, signal);
  return 128 + (numbers[signal] ?? 0);
}
