import {
  checkFields,
  type EndStatus,
  endStatuses,
  isObject,
  type Json,
  ok,
  quote,
  type Result,
  refuse,
  rule,
} from "../../../protocol/mod.ts";

/** How a task ends: what its last answer says, or what is said where none came. */
export interface TaskEnd {
  readonly status: EndStatus;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly message?: string;
}

const endRules = {
  status: rule.oneOf(endStatuses, { required: true }),
  exitCode: rule.integer(-2_147_483_648, 4_294_967_295),
  signal: rule.text(32),
  message: rule.text(1_024, { min: 0 }),
};

/** Reads the last answer to a task: `{status, exitCode?, signal?, message?}`, as `POST …/end` takes it. */
export function parseTaskEnd(data: Json): Result<TaskEnd> {
  if (!isObject(data)) {
    return refuse(
      "invalid_field",
      `The task's last answer is ${quote(data)}. Allowed: an object with ${Object.keys(endRules).join(", ")}.`,
    );
  }
  const checked = checkFields(data, endRules, "The task's last answer");
  return checked.ok ? ok(data as unknown as TaskEnd) : checked;
}

/** The agent of a task is gone and did not come back. */
export function runnerLost(graceMs: number): TaskEnd {
  return {
    status: "failure",
    message: `runner_lost: the runner's connection broke, and no runner of its group answered for ${graceMs / 1000} seconds.`,
  };
}

/** Nobody took the task. */
export function taskExpired(ttlMs: number): TaskEnd {
  return { status: "expired", message: `No runner took the task within ${ttlMs / 1000} seconds.` };
}
