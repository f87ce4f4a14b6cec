import { constants } from "node:os";
import { type ChannelName, limits } from "../../../protocol/mod.ts";
import type { ClientProblem } from "../../sdk/mod.ts";
import { pageOf, parseChannelArg } from "../channel_arg.ts";
import { colorHint } from "../color.ts";
import type { Args, Command } from "../command.ts";
import { CliError, exitCodes, must, usageError } from "../exit.ts";
import { notice } from "../notice.ts";
import { type ChildOutcome, endBySignal, forwardedSignals, runChild } from "../run/child.ts";
import { type Delivery, type RunEnd, Shipper } from "../run/shipper.ts";
import { resolveTarget, type Target } from "../target.ts";

export const run: Command = {
  usage: "tailrace run <channel> [options] -- <command> [arguments]",
  about:
    "Runs a command. What it prints passes through unchanged and is streamed to the channel (kind/id, or an id alone for a build) while it runs. Lines ::group::NAME and ::endgroup:: begin and end stages. A gateway that is away neither slows the command nor fails it. At a terminal the command, which prints into a pipe, is asked for its colours by FORCE_COLOR and CLICOLOR_FORCE, unless one of these or NO_COLOR is set.",
  options: {
    stage: { type: "string", short: "s", value: "NAME", help: "the stage of lines outside of groups" },
    project: { type: "string", value: "ID", help: "the project of a new channel" },
    strict: { type: "boolean", help: "end with 125 if not every line has arrived" },
    "drain-timeout": {
      type: "string",
      value: "TIME",
      help: "how long to wait at the end for what is left (default 5s; 1s for a gateway that never answered)",
    },
    "no-color-hint": {
      type: "boolean",
      help: "do not ask the command for colours",
    },
    url: { type: "string", value: "URL", help: "the gateway (else TAILRACE_URL)" },
    token: { type: "string", value: "TOKEN", help: "the token (else TAILRACE_TOKEN)" },
  },
  examples: [
    ["tailrace run build/42 -- npm run build", "watch it at …/builds/42"],
    ["tailrace run 42 --stage test -- make test", "the same, with a stage"],
    ["tailrace run task/nightly -- sh -c 'make && make install'", "a shell's line"],
  ],
  exits: [
    ["command's", "what the command ended with; one that was killed by a signal ends tailrace by it too"],
    ["125", "wrong arguments; with --strict also if not every line has arrived"],
    ["126", "the command cannot be executed"],
    ["127", "there is no such command"],
  ],
  takesProgram: true,
  outlivesReader: true,
  run: runAndStream,
};

async function runAndStream(args: Args): Promise<number> {
  const channel = must(parseChannelArg(args.only("The channel")));
  if (args.program.length === 0) {
    throw usageError("The command is missing: it follows after --, as in tailrace run build/42 -- npm test.");
  }
  const shipper = openShipper(args, channel);
  const outcome = await runOrTell(args, shipper);
  const delivery = await drain(shipper, endOf(outcome));
  const isComplete = tellDelivery(delivery);
  if (args.flag("strict") && !isComplete) return exitCodes.cannot;
  if (outcome.signal !== null) return endBySignal(outcome.signal, constants.signals);
  return outcome.exitCode ?? exitCodes.cannot;
}

/** Null where there is no token: in a CI job of a foreign branch there may be none, and the build goes on. */
function openShipper(args: Args, channel: ChannelName): Shipper | null {
  const drain = drainTimes(args);
  const stage = stageOf(args);
  const target = targetOf(args, channel);
  if (target === null) return null;
  notice(`watch it at ${pageOf(target.url, channel)}`);
  return new Shipper({
    target,
    channel: channel.name,
    project: args.text("project"),
    stage,
    ...drain,
    onRefused: tellRefused,
  });
}

/** Unless it was said, a gateway that has not answered once is not waited for as long as one that is only slow. */
function drainTimes(args: Args): { readonly drainMs: number; readonly unseenDrainMs: number } {
  return {
    drainMs: args.durationMs("drain-timeout", "5s"),
    unseenDrainMs: args.durationMs("drain-timeout", "1s"),
  };
}

function tellRefused({ code, message }: ClientProblem): void {
  const advice = code === "channel_ended" ? " Choose another id to stream it." : "";
  notice(`${message} The command is not streamed.${advice}`, "yellow");
}

function stageOf(args: Args): string | undefined {
  const stage = args.text("stage");
  if (stage === undefined || (stage.length >= 1 && stage.length <= limits.stageChars)) return stage;
  throw usageError(`--stage has ${stage.length} characters. Allowed: 1 to ${limits.stageChars}.`);
}

function targetOf(args: Args, channel: ChannelName): Target | null {
  try {
    return resolveTarget({
      url: args.text("url"),
      token: args.text("token"),
      grant: `write:${channel.name}`,
      cwd: process.cwd(),
      env: process.env,
    });
  } catch (error) {
    const isForGood = !(error instanceof CliError) || error.isUsage || args.flag("strict");
    if (isForGood) throw error;
    notice(`${error.message} The command runs without being streamed.`, "yellow");
    return null;
  }
}

/** A command that cannot be started has an end as well, which the channel's readers should see. */
async function runOrTell(args: Args, shipper: Shipper | null): Promise<ChildOutcome> {
  try {
    return await runChild({
      program: args.program,
      onOutput: (stream, chunk) => shipper?.push(stream, chunk) ?? null,
      env: args.flag("no-color-hint") ? {} : colorHint(process.stdout.isTTY === true, process.env),
      drainMs: drainTimes(args).drainMs,
    });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    notice(error.message, "red");
    shipper?.note(error.message);
    return { exitCode: error.exitCode, signal: null, isCancelled: false };
  }
}

function endOf({ exitCode, signal, isCancelled }: ChildOutcome): RunEnd {
  return {
    status: isCancelled ? "cancelled" : exitCode === 0 ? "success" : "failure",
    ...(exitCode !== null && { exitCode }),
    ...(signal !== null && { signal }),
  };
}

/** A signal while the last lines are sent gives them up. */
async function drain(shipper: Shipper | null, end: RunEnd): Promise<Delivery | null> {
  if (shipper === null) return null;
  const abort = (): void => shipper.abort();
  for (const signal of forwardedSignals) process.on(signal, abort);
  const delivery = await shipper.finish(end);
  for (const signal of forwardedSignals) process.off(signal, abort);
  return delivery;
}

function tellDelivery(delivery: Delivery | null): boolean {
  if (delivery === null) return false;
  const { lost, problem } = delivery;
  if (lost === 0 && problem === null) return true;
  const lines = lost === 1 ? "1 line" : `${lost} lines`;
  const what = lost === 0 ? "The end of the run did not reach the gateway" : `${lines} did not arrive`;
  // A final one was told when it came.
  const reason = problem === null || problem.final === true ? "." : `: ${problem.message}`;
  notice(`${what}${reason}`, "yellow");
  return false;
}
