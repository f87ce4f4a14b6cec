import { isChannelPattern, quote } from "../../../protocol/mod.ts";
import { readConfig } from "../agent/config.ts";
import { Runner } from "../agent/runner.ts";
import { parseChannelArg } from "../channel_arg.ts";
import type { Args, Command } from "../command.ts";
import { CliError, exitCodes, must, usageError } from "../exit.ts";
import { ignoreMissingReader, notice } from "../notice.ts";
import { resolveTarget } from "../target.ts";

export const agent: Command = {
  usage: "tailrace agent <channel|pattern> --config FILE [options]",
  about:
    "Takes the installs of channels (kind/id, or all whose names begin so, as in task/*) and runs for each the script that the configuration allows for its key, without a shell: parameters become arguments or variables. What the script prints is streamed to the channel, with stages, steps and progress read from it; its exit ends the task. The token needs the grant serve.",
  options: {
    config: { type: "string", short: "c", value: "FILE", help: "what may be run (TOML)" },
    group: {
      type: "string",
      value: "NAME",
      help: "the runners that share commands: each goes to one of them (default the token's subject)",
    },
    concurrency: { type: "string", value: "N", help: "scripts at a time, 1 to 64 (default 1)" },
    url: { type: "string", value: "URL", help: "the gateway (else TAILRACE_URL)" },
    token: { type: "string", value: "TOKEN", help: "the token (else TAILRACE_TOKEN)" },
  },
  examples: [
    ["tailrace agent 'task/*' --config agent.toml --group web", "install what is wanted of the hosts web"],
    ["tailrace agent project/p1 -c agent.toml", "serve one project"],
  ],
  exits: [
    ["0", "it was told to stop (SIGTERM, SIGINT, SIGHUP), and every task's end was told"],
    ["1", "the same, and the gateway could not be told of every end"],
    ["125", "the configuration or an argument is wrong, or the gateway refuses the runner"],
  ],
  outlivesReader: true,
  run: serve,
};

const stopSignals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

async function serve(args: Args): Promise<number> {
  ignoreMissingReader();
  const channel = parsePattern(args.only("The channel"));
  const path = args.text("config");
  if (path === undefined) throw usageError("--config is missing: the file that says what may be run.");
  const group = args.text("group");
  const concurrency = args.integer("concurrency", 1, 64) ?? 1;
  const rules = readConfig(path);
  const target = resolveTarget({
    url: args.text("url"),
    token: args.text("token"),
    grant: `serve:${channel}`,
    cwd: process.cwd(),
    env: process.env,
  });
  const runner = new Runner({ target, channel, group, concurrency, rules, env: process.env, notice });
  runner.start();
  notice(`serves ${channel}${group === undefined ? "" : ` as ${group}`}: ${[...rules.keys()].join(", ")}.`);
  return untilStopped(runner);
}

/** `kind/id`, or the beginning of names and a star; an id alone is none here, for nobody installs builds. */
function parsePattern(text: string): string {
  if (isChannelPattern(text)) return text;
  if (text.endsWith("*")) throw usageError(`${quote(text)} is no pattern. Allowed: kind/*, or kind/prefix*.`);
  return must(parseChannelArg(text)).name;
}

async function untilStopped(runner: Runner): Promise<number> {
  const stopped = new Promise<null>((resolve) => {
    const stop = (): void => {
      // A second one finds nobody who listens, and ends the process; the guard ends what still runs.
      for (const signal of stopSignals) process.off(signal, stop);
      resolve(null);
    };
    for (const signal of stopSignals) process.on(signal, stop);
  });
  const problem = await Promise.race([stopped, runner.refused]);
  const isTold = await runner.stop();
  if (problem !== null) throw new CliError(problem.message);
  if (!isTold) notice("The gateway could not be told of every task's end.", "yellow");
  return isTold ? exitCodes.ok : exitCodes.failed;
}
