import { CliError, exitCodes, messageOf } from "../exit.ts";
import type { InstallRule } from "./config.ts";
import type { NotAllowed } from "./invocation.ts";
import { killAfterMs, type ScriptEnd } from "./script.ts";

/** How a task ended, as the last answer to its command says it: what `POST …/end` takes. */
export type TaskOutcome = {
  readonly status: "success" | "failure" | "cancelled";
  readonly exitCode?: number;
  readonly signal?: string;
  /** Begins with a code where there is one: `timed_out: …`. */
  readonly message?: string;
};

const maxMessageChars = 1_024;

export function notAllowed({ code, message }: NotAllowed): TaskOutcome {
  return { status: "failure", message: `${code}: ${message}`.slice(0, maxMessageChars).toWellFormed() };
}

/** The script could not be started. */
export function notStarted(error: unknown): TaskOutcome {
  const exitCode = error instanceof CliError ? error.exitCode : null;
  const isShells = exitCode === exitCodes.notExecutable || exitCode === exitCodes.notFound;
  return {
    status: "failure",
    ...(isShells && { exitCode }),
    message: `not_started: ${messageOf(error)}`.slice(0, maxMessageChars).toWellFormed(),
  };
}

/** The script is over. */
export function outcomeOf({ exitCode, signal, stoppedFor }: ScriptEnd, rule: InstallRule): TaskOutcome {
  const how = { ...(exitCode !== null && { exitCode }), ...(signal !== null && { signal }) };
  switch (stoppedFor) {
    case null:
      return { status: exitCode === 0 ? "success" : "failure", ...how };
    case "timed_out": {
      const message = `timed_out: ${rule.key} ran longer than ${rule.timeoutMs / 1_000} seconds and was ended.`;
      return { status: "failure", ...how, message };
    }
    case "runner_stopped": {
      const message = `runner_stopped: the runner was told to stop, and has ended ${rule.key}.`;
      return { status: "cancelled", ...how, message };
    }
    case "cancelled":
      return { status: "cancelled", ...how };
  }
}

/** How long a runner that is told to stop takes at most for its scripts, in milliseconds. */
export const stopScriptsMs = killAfterMs + 2_000;
