/** Gives equal values one small number each, up to a limit; past it every value gets the last number. */
export class Interner<T> {
  readonly #limit: number;
  readonly #values: T[];
  readonly #numbers = new Map<string, number>();
  readonly #keyOf: (value: T) => string;

  /** `rest` stands, at the number `limit`, for all values past the limit. */
  constructor(limit: number, rest: T, keyOf: (value: T) => string) {
    this.#limit = limit;
    this.#values = [];
    this.#values[limit] = rest;
    this.#keyOf = keyOf;
  }

  numberOf(value: T): number {
    const key = this.#keyOf(value);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#numbers.size === this.#limit) return this.#limit;
    const number = this.#numbers.size;
    this.#numbers.set(key, number);
    this.#values[number] = value;
    return number;
  }

  valueOf(number: number): T | undefined {
    return this.#values[number];
  }
}
