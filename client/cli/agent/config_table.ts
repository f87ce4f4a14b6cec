import { isObject, quote, type Untrusted } from "../../../protocol/mod.ts";
import { CliError } from "../exit.ts";

/** A table of a configuration file, read strictly: what is wrong is said with the file, the key and what is allowed. */
export class ConfigTable {
  readonly #path: string;
  /** `install.nginx`; empty for the file itself. */
  readonly #name: string;
  readonly #values: Untrusted;

  constructor(path: string, name: string, values: Untrusted) {
    this.#path = path;
    this.#name = name;
    this.#values = values;
  }

  /** Refuses what has no meaning here: a misspelt rule would else be no rule. */
  only(allowed: readonly string[]): void {
    const unknown = Object.keys(this.#values).find((key) => !allowed.includes(key));
    if (unknown !== undefined) this.refuse(unknown, `only ${allowed.join(", ")} here`);
  }

  text(key: string): string {
    const value = this.#get(key);
    return typeof value === "string" && value !== "" ? value : this.refuse(key, "a text");
  }

  optionalText(key: string): string | undefined {
    const value = this.#get(key);
    return value === undefined || typeof value === "string" ? value : this.refuse(key, "a text");
  }

  texts(key: string): readonly string[] | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
      return this.refuse(key, "a list of texts");
    }
    return value.some((item) => item.includes("\0")) ? this.refuse(key, "texts without NUL") : value;
  }

  /** Texts, numbers and flags, as texts. */
  words(key: string): readonly string[] | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    const isList = Array.isArray(value) && value.length > 0;
    const isWord = (item: unknown) => ["string", "number", "boolean"].includes(typeof item);
    return isList && value.every(isWord)
      ? value.map(String)
      : this.refuse(key, "a list of texts, numbers, true or false");
  }

  integer(key: string, min: number, max: number): number | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    return Number.isInteger(value) && Number(value) >= min && Number(value) <= max
      ? Number(value)
      : this.refuse(key, `an integer from ${min} to ${max}`);
  }

  flag(key: string): boolean | undefined {
    const value = this.#get(key);
    return value === undefined || typeof value === "boolean" ? value : this.refuse(key, "true or false");
  }

  oneOf<T extends string>(key: string, allowed: readonly T[]): T {
    const value = this.#get(key);
    return allowed.find((each) => each === value) ?? this.refuse(key, allowed.join(" or "));
  }

  /** The tables in a table; none where it is absent. */
  tables(key: string): readonly (readonly [name: string, table: ConfigTable])[] {
    return Object.entries(this.#table(key)).map(([name, values]) => {
      const place = `${this.#placeOf(key)}.${name}`;
      if (!isObject(values)) throw this.#error(place, values, "a table");
      return [name, new ConfigTable(this.#path, place, values)];
    });
  }

  textTable(key: string): Readonly<Record<string, string>> {
    const entries = Object.entries(this.#table(key)).map(([name, value]) => {
      if (typeof value === "string" && !value.includes("\0")) return [name, value] as const;
      throw this.#error(`${this.#placeOf(key)}.${name}`, value, "a text");
    });
    return Object.fromEntries(entries);
  }

  refuse(key: string, allowed: string): never {
    throw this.#error(this.#placeOf(key), this.#get(key), allowed);
  }

  /** The table itself has a name that is none. */
  refuseName(allowed: string): never {
    throw new CliError(`${this.#path} has [${this.#name}]. Allowed: ${allowed}.`);
  }

  #error(place: string, found: unknown, allowed: string): CliError {
    const what = found === undefined ? `has no ${place}` : `has ${place} = ${quote(found)}`;
    return new CliError(`${this.#path} ${what}. Allowed: ${allowed}.`);
  }

  #table(key: string): Untrusted {
    const value = this.#get(key) ?? {};
    return isObject(value) ? value : this.refuse(key, "a table");
  }

  #get(key: string): unknown {
    return Object.hasOwn(this.#values, key) ? this.#values[key] : undefined;
  }

  #placeOf(key: string): string {
    return this.#name === "" ? key : `${this.#name}.${key}`;
  }
}
