/** Long polls that wait for the tail to move; each ends by itself in its time. */
export class TailWaiters {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next {@link wake}, or after `waitMs`. */
  wait(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      this.#waiting.add(done);
    });
  }

  wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
