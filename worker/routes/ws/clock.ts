/** Time as a socket's shell needs it; tests pass one of their own. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Runs once after `ms` milliseconds, at most 2^31 - 1, unless the returned function is called before. */
  startTimer(run: () => void, ms: number): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  startTimer(run, ms) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
