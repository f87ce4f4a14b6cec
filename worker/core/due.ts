/** When the channel's one alarm is due. */

/** Due times are rounded up to this, in milliseconds, so that a thousand tokens share a wake. */
export const dueStepMs = 10_000;

/** The earliest of some due times (epoch milliseconds; null: never), rounded up; null when nothing is due. */
export function nextDue(dues: Iterable<number | null>): number | null {
  let earliest: number | null = null;
  for (const due of dues) {
    if (due !== null && (earliest === null || due < earliest)) earliest = due;
  }
  return earliest === null ? null : Math.ceil(earliest / dueStepMs) * dueStepMs;
}

/** Whether the alarm must be written: it is not set, or set too late. A later one is left to fire for nothing. */
export function mustSet(setFor: number | null, due: number | null): due is number {
  return due !== null && (setFor === null || due < setFor);
}

/** Alarms may fire some milliseconds early: what is due by then counts as due. */
export const earlyMs = 100;

export function isDue(due: number | null, now: number): boolean {
  return due !== null && due <= now + earlyMs;
}
