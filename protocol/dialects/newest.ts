import { limits } from "../limits.ts";

/** What was said of commands, so that nothing is said twice: the newest, as many as a new connection tells again. */
export class Newest {
  readonly #keys = new Set<string>();

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** Whether it is new. */
  add(key: string): boolean {
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    const [oldest] = this.#keys;
    if (this.#keys.size > limits.toldCommands && oldest !== undefined) this.#keys.delete(oldest);
    return true;
  }
}
