import type { Result } from "../../protocol/mod.ts";

/** Exit codes of tailrace itself, as `env` and `timeout` have them; `tailrace run` else has its command's. */
export const exitCodes = {
  ok: 0,
  /** What was watched did not succeed, with `--exit-status`. */
  failed: 1,
  /** Tailrace cannot do what was asked. */
  cannot: 125,
  /** The command was found and cannot be executed. */
  notExecutable: 126,
  notFound: 127,
} as const;

/** Ends the command with one sentence on stderr. */
export class CliError extends Error {
  readonly exitCode: number;
  /** The command's usage helps with this error. */
  readonly isUsage: boolean;

  constructor(message: string, options: { exitCode?: number; isUsage?: boolean } = {}) {
    super(message);
    this.name = "CliError";
    this.exitCode = options.exitCode ?? exitCodes.cannot;
    this.isUsage = options.isUsage ?? false;
  }
}

/** An error in how the command was called. */
export function usageError(message: string): CliError {
  return new CliError(message, { isUsage: true });
}

/** The value, or the end of the command with the refusal's sentence. */
export function must<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw usageError(result.problem.message);
}

/** The sentence of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
