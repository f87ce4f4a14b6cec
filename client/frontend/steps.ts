import type { DMessage } from "../../protocol/dialects/d_message.ts";

/** The steps of a task, in the order in which they began. */
export interface Steps {
  readonly steps: readonly StepState[];
  /** How many there will be; null where no line said so. */
  readonly total: number | null;
}

export interface StepState {
  /** Its number, else its place in the order. */
  readonly number: number;
  readonly name: string;
}

/** More steps than these are no overview: the oldest go. */
export const maxSteps = 100;

export const noSteps: Steps = { steps: [], total: null };

/** The steps after a message; the same object where it changes nothing. The newest step is the running one. */
export function takeStep(
  before: Steps,
  message: Pick<DMessage, "step" | "current_step" | "total_steps">,
): Steps {
  const { step, current_step, total_steps } = message;
  const last = before.steps.at(-1);
  const total = total_steps ?? before.total;
  if (step === null && current_step === null) return total === before.total ? before : { ...before, total };
  const number = current_step ?? (step === last?.name ? last.number : (last?.number ?? 0) + 1);
  const name = step ?? "";
  if (last?.number === number && last.name === name)
    return total === before.total ? before : { ...before, total };
  const kept = last?.number === number ? before.steps.slice(0, -1) : before.steps;
  return { steps: [...kept, { number, name }].slice(-maxSteps), total };
}
