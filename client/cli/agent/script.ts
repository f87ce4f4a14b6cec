import { signalTo } from "../dev/processes.ts";
import { exitOf, outputOf } from "../run/child_end.ts";
import { type PipedChild, spawnPiped } from "../run/spawn_piped.ts";
import type { Guard } from "./guard.ts";
import type { Invocation } from "./invocation.ts";
import { readOutput, type TakeOutput } from "./read_output.ts";

/** A script that runs: its processes are one group, which is ended together. */

/** Why a script was ended before it was done. */
export type StopReason = "timed_out" | "cancelled" | "runner_stopped";

export interface ScriptEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Null: it ended by itself. */
  readonly stoppedFor: StopReason | null;
}

export interface ScriptOptions {
  /** The runner's own environment, of which a script gets what it is allowed. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly guard: Guard;
  readonly onOutput: TakeOutput;
}

/** Who was asked to end has so long before it is killed, in milliseconds. */
export const killAfterMs = 5_000;
/** How long output may be silent after the script's end while something in the background holds it open. */
const drainMs = 1_000;

const alwaysPassed = ["PATH", "HOME", "LANG"];

export class Script {
  readonly end: Promise<ScriptEnd>;
  readonly #child: PipedChild;
  readonly #pid: number;
  readonly #timeout: NodeJS.Timeout;
  #stoppedFor: StopReason | null = null;
  #kill: NodeJS.Timeout | undefined;
  #chunks = 0;
  /** Its group's number may be another's by now. */
  #isOver = false;

  /** A `CliError` with 126 or 127 where it cannot be started. */
  static async start(invocation: Invocation, options: ScriptOptions): Promise<Script> {
    const { rule, args } = invocation;
    const env = environmentOf(invocation, options.env);
    const child = await spawnPiped([rule.script, ...args], { env, cwd: rule.cwd, isApart: true });
    return new Script(child, rule.timeoutMs, options);
  }

  private constructor(child: PipedChild, timeoutMs: number, { guard, onOutput }: ScriptOptions) {
    this.#child = child;
    this.#pid = child.process.pid ?? 0;
    guard.watch(this.#pid);
    this.#timeout = setTimeout(() => this.stop("timed_out"), timeoutMs);
    this.end = this.#run(onOutput).finally(() => guard.forget(this.#pid));
  }

  /** Ends it, with all that it has started in its group; the first reason stands. */
  stop(reason: StopReason): void {
    if (this.#isOver || this.#stoppedFor !== null) return;
    this.#stoppedFor = reason;
    this.#signal("SIGTERM");
    this.#kill = setTimeout(() => this.#signal("SIGKILL"), killAfterMs);
  }

  async #run(onOutput: TakeOutput): Promise<ScriptEnd> {
    const take: TakeOutput = (stream, chunk) => {
      this.#chunks += 1;
      return onOutput(stream, chunk);
    };
    readOutput(this.#child.stdout, "stdout", take);
    readOutput(this.#child.stderr, "stderr", take);
    const output = outputOf(this.#child);
    const [exitCode, signal] = await exitOf(this.#child.process);
    clearTimeout(this.#timeout);
    await output.end(() => this.#chunks, drainMs);
    this.#isOver = true;
    clearTimeout(this.#kill);
    // What the first of the group has left behind goes too; what a script that was not stopped has left may stay.
    if (this.#stoppedFor !== null) this.#signal("SIGKILL");
    return { exitCode, signal, stoppedFor: this.#stoppedFor };
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#pid > 0) signalTo(-this.#pid, signal);
  }
}

/** Nothing of the runner's but what every program needs and what the rule names: no token, no secret. */
export function environmentOf(
  { rule, environment }: Invocation,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const passed = [...alwaysPassed, ...rule.passes].flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(passed), ...rule.environment, ...environment };
}
