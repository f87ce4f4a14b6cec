import { type ParseArgsConfig, parseArgs } from "node:util";
import { messageOf, usageError } from "./exit.ts";
import { parseDuration, parseInteger } from "./values.ts";

/** One option of a command. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** It may be given several times. */
  readonly multiple?: true;
  /** The name of its value in the help: `NAME`. */
  readonly value?: string;
  readonly help: string;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** A command: how it is called, told by `--help`, and what it does. */
export interface Command {
  readonly usage: string;
  readonly about: string;
  readonly options: OptionTable;
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  readonly exits: readonly (readonly [code: string, meaning: string])[];
  /** Whether a program and its arguments follow after `--`. */
  readonly takesProgram?: true;
  /** It goes on when nobody reads its output any more; other commands end then. */
  readonly outlivesReader?: true;
  /** Answers the exit code; {@link CliError} ends it with a sentence. */
  run(args: Args): Promise<number>;
}

const help: OptionSpec = { type: "boolean", short: "h", help: "show this help" };

export function withHelp(options: OptionTable): OptionTable {
  return { ...options, help };
}

/** A command's arguments, checked against its table. */
export class Args {
  readonly positionals: readonly string[];
  /** What follows after `--`. */
  readonly program: readonly string[];
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(positionals: readonly string[], program: readonly string[], values: Record<string, unknown>) {
    this.positionals = positionals;
    this.program = program;
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  list(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  }

  integer(name: string, min: number, max: number = Number.MAX_SAFE_INTEGER): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : parseInteger(`--${name}`, text, min, max);
  }

  /** Milliseconds. */
  durationMs(name: string, defaultText: string): number {
    return parseDuration(`--${name}`, this.text(name) ?? defaultText);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], otherwise: T): T {
    const text = this.text(name) ?? otherwise;
    const found = allowed.find((value) => value === text);
    if (found !== undefined) return found;
    throw usageError(`--${name} is ${JSON.stringify(text)}. Allowed: ${allowed.join(", ")}.`);
  }

  /** Exactly one positional. */
  only(what: string): string {
    const [first, ...rest] = this.positionals;
    if (first === undefined) throw usageError(`${what} is missing.`);
    if (rest.length > 0) throw usageError(`${what} is one argument and there are ${rest.length + 1}.`);
    return first;
  }

  none(): void {
    if (this.positionals.length > 0) {
      throw usageError(`There is no argument here, and ${JSON.stringify(this.positionals[0])} was given.`);
    }
  }
}

/** Reads a command's arguments; what is wrong with them is said in a sentence. */
export function readArgs(command: Command, argv: readonly string[]): Args {
  const cut = command.takesProgram ? argv.indexOf("--") : -1;
  const own = cut < 0 ? argv : argv.slice(0, cut);
  const program = cut < 0 ? [] : argv.slice(cut + 1);
  try {
    const { values, positionals } = parseArgs({
      args: [...own],
      options: parseOptions(withHelp(command.options)),
      allowPositionals: true,
      strict: true,
    });
    return new Args(positionals, program, values);
  } catch (error) {
    // Node adds advice about "--" after the first sentence, which does not hold here.
    throw usageError(messageOf(error).replace(/\. To specify.*$/s, "."));
  }
}

function parseOptions(options: OptionTable): NonNullable<ParseArgsConfig["options"]> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short && { short }), ...(multiple && { multiple }) },
    ]),
  );
}
