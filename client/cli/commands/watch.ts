import { crc32Hex, type EndFrame, type Filter, isLevel, type Level, levels } from "../../../protocol/mod.ts";
import { type EndProof, LogSocketClient, type SubscribeOptions } from "../../sdk/mod.ts";
import { wantsColor } from "../color.ts";
import type { Args, Command } from "../command.ts";
import { CliError, exitCodes, must, usageError } from "../exit.ts";
import { notice } from "../notice.ts";
import { resolveTarget } from "../target.ts";
import { parseWatchTarget } from "../watch/channel_url.ts";
import { Follower, type FollowOutcome } from "../watch/follower.ts";
import { outputs, Printer } from "../watch/printer.ts";

export const watch: Command = {
  usage: "tailrace watch <channel|address> [options]",
  about:
    "Prints a channel live, from its oldest entry to its end. A lost connection is resumed without losing or repeating a line. The channel is kind/id, an id alone for a build, or the address of its page.",
  options: {
    last: {
      type: "string",
      short: "n",
      value: "N",
      help: "begin with the last N entries (0: only new ones)",
    },
    cursor: { type: "string", value: "N", help: "begin after this cursor" },
    level: { type: "string", value: "LEVELS", help: "only lines of these levels, such as warn,error,fatal" },
    stage: {
      type: "string",
      multiple: true,
      value: "NAME",
      help: "only lines of this stage; may be repeated",
    },
    search: { type: "string", value: "TEXT", help: "only lines that contain this, whatever the case" },
    output: { type: "string", short: "o", value: "FORM", help: "text (default), raw (as stored) or ndjson" },
    timestamps: { type: "boolean", short: "t", help: "begin each line with its time (UTC)" },
    "no-follow": { type: "boolean", help: "stop at what there is now" },
    "exit-status": { type: "boolean", help: "end with the build's exit code" },
    url: { type: "string", value: "URL", help: "the gateway (else TAILRACE_URL)" },
    token: { type: "string", value: "TOKEN", help: "the token (else TAILRACE_TOKEN)" },
  },
  examples: [
    ["tailrace watch 42", "follow build/42"],
    [
      "tailrace watch build/42 -n 100 --level warn,error",
      "warnings and errors among the last 100 entries and after",
    ],
    ["tailrace watch 42 -o ndjson | jq -r .line", "for a program"],
    ["tailrace watch 42 --exit-status && deploy", "go on when the build has succeeded"],
  ],
  exits: [
    ["0", "the channel has ended, or was read to its tail with --no-follow"],
    [
      "build's",
      "with --exit-status: the exit code of what was run, 1 if it failed without one or its text is not what was ended",
    ],
    ["125", "the channel cannot be read, or an argument is wrong"],
  ],
  run: follow,
};

async function follow(args: Args): Promise<number> {
  const { channel, url, token } = must(parseWatchTarget(args.only("The channel")));
  const target = resolveTarget({
    url: args.text("url") ?? url,
    token: args.text("token") ?? token,
    grant: `read:${channel.name}`,
    cwd: process.cwd(),
    env: process.env,
  });
  const options = subscribeOptions(args);
  const follower = makeFollower(args);
  const transport = options.filter === undefined ? "direct" : "shared";
  const client = new LogSocketClient({ ...target, transport });
  client.subscribe(channel.name, options, follower);
  const outcome = await follower.outcome;
  await client.close();
  return conclude(outcome, args.flag("exit-status"));
}

function subscribeOptions(args: Args): SubscribeOptions {
  const last = args.integer("last", 0);
  const cursor = args.integer("cursor", 0);
  if (last !== undefined && cursor !== undefined) throw usageError("--last and --cursor were both given.");
  const filter = filterOf(args);
  return {
    ...(last !== undefined && { last }),
    ...(cursor !== undefined && { cursor }),
    ...(filter !== null && { filter }),
  };
}

function filterOf(args: Args): Filter | null {
  const wanted = args.text("level")?.split(",").map(parseLevel);
  const stages = args.list("stage");
  const search = args.text("search");
  const filter = {
    ...(wanted !== undefined && { levels: wanted }),
    ...(stages.length > 0 && { stages }),
    ...(search !== undefined && { search }),
  };
  return Object.keys(filter).length === 0 ? null : filter;
}

function parseLevel(text: string): Level {
  if (isLevel(text)) return text;
  throw usageError(`--level has ${JSON.stringify(text)}. Allowed: ${levels.join(", ")}.`);
}

function makeFollower(args: Args): Follower {
  const printer = new Printer({
    output: args.oneOf("output", outputs, "text"),
    hasTimestamps: args.flag("timestamps"),
    isColored: wantsColor(process.stdout.isTTY === true, process.env),
  });
  return new Follower({ printer, follows: !args.flag("no-follow"), out: process.stdout, notice });
}

function conclude(outcome: FollowOutcome, wantsStatus: boolean): number {
  switch (outcome.kind) {
    case "failed":
      throw new CliError(outcome.problem.message);
    case "level":
      return exitCodes.ok;
    case "ended":
      notice(`${endOf(outcome.frame)}; ${proofOf(outcome.frame, outcome.proof)}`);
      return wantsStatus ? statusCode(outcome.frame, outcome.proof) : exitCodes.ok;
  }
}

function endOf({ status, exitCode, signal, message }: EndFrame): string {
  const how = signal ?? (exitCode === undefined ? "" : `exit code ${exitCode}`);
  return [status, how && `(${how})`, message && `- ${message}`].filter(Boolean).join(" ");
}

function proofOf(frame: EndFrame, proof: EndProof): string {
  switch (proof.state) {
    case "verified":
      return `complete, verified: ${count(frame.lines, "line")}, ${count(frame.bytes, "byte")}`;
    case "incomplete":
      return `not verified: ${proof.reason}`;
    case "mismatch":
      return `not what was ended: ${sumOf(proof.found, crc32Hex(proof.found.crc))} were read, of ${sumOf(frame, frame.crc32)}`;
  }
}

function sumOf({ lines, bytes }: Pick<EndFrame, "lines" | "bytes">, crc32: string): string {
  return `${count(lines, "line")}, ${count(bytes, "byte")}, CRC-32 ${crc32}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** A success whose text is not the one that was sent is none. */
function statusCode({ status, exitCode }: EndFrame, proof: EndProof): number {
  if (status === "success" && proof.state === "mismatch") return exitCodes.failed;
  return status === "success" ? exitCodes.ok : exitCode || exitCodes.failed;
}
