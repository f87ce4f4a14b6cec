import type { ChildProcess } from "node:child_process";
import { inForeground } from "../foreground.mjs";
import { exitOf, outputOf } from "./child_end.ts";
import { passThrough } from "./pass_through.ts";
import { spawnPiped } from "./spawn_piped.ts";

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
  const child = await spawnPiped(options.program, { env: { ...process.env, ...options.env } });
  let chunks = 0;
  const onChunk = (stream: "stdout" | "stderr") => (chunk: Buffer) => {
    chunks += 1;
    return options.onOutput(stream, chunk);
  };
  passThrough(child.stdout, process.stdout, onChunk("stdout"));
  passThrough(child.stderr, process.stderr, onChunk("stderr"));
  const signals = forwardSignals(child.process);
  const output = outputOf(child);
  const [exitCode, signal] = await exitOf(child.process);
  await output.end(() => chunks, options.drainMs);
  signals.stop();
  return { exitCode, signal, isCancelled: signals.isCancelled() };
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
