import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { CliError, exitCodes, messageOf } from "../exit.ts";
import { closeWriteEnd, makePipes } from "./pipes.ts";

/** A child whose output is read by us. */
export interface PipedChild {
  readonly process: ChildProcess;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

export interface PipedOptions {
  /** All of its environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** It reads nothing, and leads a process group of its own, in a session of its own. */
  readonly isApart?: boolean;
}

/** Starts a program without a shell; {@link CliError} with 126 or 127 when it cannot be. */
export async function spawnPiped(
  [file = "", ...args]: readonly string[],
  { env, cwd, isApart = false }: PipedOptions,
): Promise<PipedChild> {
  const pipes = makePipes(2);
  const outputs = pipes?.map(({ writeFd }) => writeFd) ?? (["pipe", "pipe"] as const);
  const child = spawn(file, args, {
    stdio: [isApart ? "ignore" : "inherit", ...outputs],
    env,
    ...(cwd !== undefined && { cwd }),
    detached: isApart,
  });
  for (const pipe of pipes ?? []) closeWriteEnd(pipe);
  const [stdout, stderr] = pipes?.map(({ readable }) => readable) ?? [child.stdout, child.stderr];
  try {
    await once(child, "spawn");
  } catch (error) {
    for (const { readable } of pipes ?? []) readable.destroy();
    throw cannotStart(file, error);
  }
  if (!stdout || !stderr) throw new CliError(`${file} was started without its output.`);
  return { process: child, stdout, stderr };
}

function cannotStart(file: string, error: unknown): CliError {
  if (Object(error).code === "ENOENT") {
    return new CliError(`${file}: there is no such command.`, { exitCode: exitCodes.notFound });
  }
  return new CliError(`${file} cannot be executed: ${messageOf(error)}`, {
    exitCode: exitCodes.notExecutable,
  });
}
