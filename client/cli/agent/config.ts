import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "smol-toml";
import { isInstallKey, isParameterName } from "../../../protocol/install.ts";
import { CliError, messageOf } from "../exit.ts";
import { ConfigTable } from "./config_table.ts";

/** What a runner may run: scripts by install key, and what each of them may be given. */

/** A parameter of an install, and how its script gets it. */
export interface ParameterRule {
  readonly as: "argument" | "environment";
  /**
   * Of an environment variable its name. Of an argument what precedes it: `--version` makes two arguments,
   * `--version=` one; empty: the value alone.
   */
  readonly name: string;
  /** What the whole value must match. */
  readonly pattern?: RegExp;
  /** What the value must be one of. */
  readonly values?: readonly string[];
  readonly isRequired: boolean;
}

/** A script and what it may be given. */
export interface InstallRule {
  readonly key: string;
  /** Absolute. */
  readonly script: string;
  /** Before the parameters. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly timeoutMs: number;
  /** Variables of the runner that the script gets, beside PATH, HOME and LANG. */
  readonly passes: readonly string[];
  /** Variables that the script gets with these values. */
  readonly environment: Readonly<Record<string, string>>;
  /** In the order in which they become arguments. */
  readonly parameters: ReadonlyMap<string, ParameterRule>;
}

export type InstallRules = ReadonlyMap<string, InstallRule>;

const defaultTimeoutSeconds = 3_600;
const maxTimeoutSeconds = 7 * 24 * 3_600;
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Reads the file; {@link CliError} names the file, the key, what was found and what is allowed. */
export function readConfig(path: string): InstallRules {
  return parseConfig(readText(path), path);
}

export function parseConfig(text: string, path: string): InstallRules {
  const file = parseToml(text, path);
  file.only(["install"]);
  const rules = file.tables("install").map(([key, table]) => readInstall(key, table, dirname(resolve(path))));
  if (rules.length === 0) throw new CliError(`${path} allows no install. Needed: a table [install.KEY].`);
  return new Map(rules.map((rule) => [rule.key, rule]));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CliError(`The configuration ${path} cannot be read: ${messageOf(error)}`);
  }
}

function parseToml(text: string, path: string): ConfigTable {
  try {
    return new ConfigTable(path, "", parse(text));
  } catch (error) {
    throw new CliError(`${path} is not TOML: ${messageOf(error)}`);
  }
}

function readInstall(key: string, table: ConfigTable, folder: string): InstallRule {
  if (!isInstallKey(key))
    table.refuseName("a key that matches [A-Za-z0-9][A-Za-z0-9._@+-]{0,127}; quote one with a dot");
  table.only(["script", "args", "cwd", "timeoutSeconds", "env", "environment", "parameters"]);
  const parameters = table.tables("parameters").map(([name, rule]) => readParameter(name, rule));
  return {
    key,
    script: readScript(table, folder),
    args: table.texts("args") ?? [],
    cwd: readFolder(table, folder),
    timeoutMs: 1_000 * (table.integer("timeoutSeconds", 1, maxTimeoutSeconds) ?? defaultTimeoutSeconds),
    passes: readVariables(table),
    environment: readEnvironment(table),
    parameters: new Map(parameters),
  };
}

/** What a runner cannot run is said when it starts, and not to the first who wants it. */
function readScript(table: ConfigTable, folder: string): string {
  const script = resolve(folder, table.text("script"));
  try {
    if (!statSync(script).isFile()) throw new Error("it is no file");
    accessSync(script, constants.X_OK);
  } catch (error) {
    table.refuse("script", `an executable file, relative to ${folder}: ${messageOf(error)}`);
  }
  return script;
}

function readFolder(table: ConfigTable, folder: string): string {
  const cwd = resolve(folder, table.optionalText("cwd") ?? ".");
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    table.refuse("cwd", `a folder, relative to ${folder}`);
  }
  return cwd;
}

function readVariables(table: ConfigTable): readonly string[] {
  const names = table.texts("env") ?? [];
  if (!names.every(isFreeVariable)) table.refuse("env", allowedVariables);
  return names;
}

function readEnvironment(table: ConfigTable): Readonly<Record<string, string>> {
  const environment = table.textTable("environment");
  if (!Object.keys(environment).every(isFreeVariable)) table.refuse("environment", allowedVariables);
  return environment;
}

const allowedVariables = "names of variables, [A-Za-z_][A-Za-z0-9_]*, that do not begin with TAILRACE_";

/** The runner's own address and token are no script's business. */
function isFreeVariable(name: string): boolean {
  return variableName.test(name) && !name.startsWith("TAILRACE_");
}

function readParameter(name: string, table: ConfigTable): readonly [string, ParameterRule] {
  if (!isParameterName(name) || name === "key")
    table.refuseName("a parameter's name, [A-Za-z_][A-Za-z0-9_-]{0,63}, other than key");
  table.only(["as", "name", "pattern", "values", "required"]);
  const as = table.oneOf("as", ["argument", "environment"]);
  const pattern = readPattern(table);
  const values = table.words("values");
  if (pattern === undefined && values === undefined) {
    table.refuse("pattern", "a pattern, or values: what is not said to be allowed is not");
  }
  const rule = {
    as,
    name: readName(table, as),
    isRequired: table.flag("required") ?? false,
    ...(pattern !== undefined && { pattern }),
    ...(values !== undefined && { values }),
  };
  return [name, rule];
}

function readName(table: ConfigTable, as: ParameterRule["as"]): string {
  const name = table.optionalText("name") ?? "";
  if (as === "environment" && !isFreeVariable(name)) table.refuse("name", allowedVariables);
  if (as === "argument" && name.includes("\0")) table.refuse("name", "a text without NUL");
  return name;
}

/** The whole value has to match. */
function readPattern(table: ConfigTable): RegExp | undefined {
  const pattern = table.optionalText("pattern");
  if (pattern === undefined) return undefined;
  try {
    // Alone first: `a)|(b` would only become a pattern by what is put around it.
    new RegExp(pattern, "u");
    return new RegExp(`^(?:${pattern})$`, "u");
  } catch (error) {
    return table.refuse("pattern", `a regular expression: ${messageOf(error)}`);
  }
}
