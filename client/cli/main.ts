import { readFileSync } from "node:fs";
import { type Command, readArgs } from "./command.ts";
import { CliError, exitCodes } from "./exit.ts";
import { commandHelp, overview } from "./help.ts";
import { exitQuietlyWithoutReader, notice } from "./notice.ts";

/** The commands; each is loaded when it is called, so that `run` does not wait for what only `dev` needs. */
const commands: Readonly<Record<string, { summary: string; load: () => Promise<Command> }>> = {
  run: {
    summary: "run a command and stream what it prints to a channel",
    load: async () => (await import("./commands/run.ts")).run,
  },
  watch: {
    summary: "follow a channel live",
    load: async () => (await import("./commands/watch.ts")).watch,
  },
  agent: {
    summary: "run the installs that a channel's commands ask for",
    load: async () => (await import("./commands/agent.ts")).agent,
  },
  token: {
    summary: "make a token from the gateway's secret",
    load: async () => (await import("./commands/token.ts")).token,
  },
  dev: {
    summary: "start the whole gateway on this machine",
    load: async () => (await import("./commands/dev.ts")).dev,
  },
};

/** Runs the command line and answers the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  try {
    if (name === undefined || name === "--help" || name === "-h") return help(name === undefined);
    if (name === "--version" || name === "-V") return print(`${version()}\n`);
    return await runCommand(name, rest);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const hint = error.isUsage ? ` See ${seeHelp(name)}.` : "";
    notice(`${error.message}${hint}`, "red");
    return error.exitCode;
  }
}

async function runCommand(name: string, argv: readonly string[]): Promise<number> {
  const known = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (known === undefined) {
    const what = name.startsWith("-") ? "option" : "command";
    throw new CliError(
      `There is no ${what} ${JSON.stringify(name)}. Commands: ${Object.keys(commands).join(", ")}.`,
      { isUsage: true },
    );
  }
  const command = await known.load();
  const args = readArgs(command, argv);
  if (!command.outlivesReader) exitQuietlyWithoutReader();
  return args.flag("help") ? print(commandHelp(name, command)) : command.run(args);
}

function help(isMissing: boolean): number {
  const text = overview(commands);
  if (!isMissing) return print(text);
  process.stderr.write(text);
  return exitCodes.cannot;
}

function seeHelp(name: string | undefined): string {
  return name !== undefined && Object.hasOwn(commands, name) ? `tailrace ${name} --help` : "tailrace --help";
}

function print(text: string): number {
  exitQuietlyWithoutReader();
  process.stdout.write(text);
  return exitCodes.ok;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return String(Object(manifest).version);
}
