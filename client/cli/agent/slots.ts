/** How many may run at a time; who comes later waits for its turn. */
export class Slots {
  readonly #size: number;
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  constructor(size: number) {
    this.#size = size;
  }

  get isFull(): boolean {
    return this.#taken >= this.#size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when there is a place, with true; or with false when `signal` aborts before. */
  async take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.isFull) return this.#wait(signal);
    this.#taken += 1;
    return true;
  }

  /** Gives a place back, or on: whoever has waited longest has it now. */
  free(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#taken -= 1;
    else next();
  }

  #wait(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (hasPlace: boolean): void => {
        this.#waiting.delete(begin);
        signal.removeEventListener("abort", give);
        resolve(hasPlace);
      };
      const begin = () => settle(true);
      const give = () => settle(false);
      this.#waiting.add(begin);
      signal.addEventListener("abort", give);
    });
  }
}
