/** Runs `run` once after `ms` milliseconds, unless the returned function is called before. */
export type StartTimer = (run: () => void, ms: number) => () => void;

export const startTimer: StartTimer = (run, ms) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

/** A place for one timer: setting it anew replaces the one before. */
export class TimerSlot {
  readonly #startTimer: StartTimer;
  #cancel: (() => void) | null = null;

  constructor(start: StartTimer) {
    this.#startTimer = start;
  }

  get isSet(): boolean {
    return this.#cancel !== null;
  }

  set(run: () => void, ms: number): void {
    this.clear();
    this.#cancel = this.#startTimer(() => {
      this.#cancel = null;
      run();
    }, ms);
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
