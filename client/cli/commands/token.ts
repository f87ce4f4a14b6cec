import type { Args, Command } from "../command.ts";
import { findSecret } from "../dev_vars.ts";
import { CliError, exitCodes, must, usageError } from "../exit.ts";
import { parseGrant } from "../grant.ts";
import { mintToken } from "../mint.ts";

export const token: Command = {
  usage: "tailrace token --grant VERB:KIND/ID [options]",
  about:
    "Makes a token from the gateway's secret (TAILRACE_SECRET, or that of the nearest .dev.vars) and prints it, alone, on stdout.",
  options: {
    grant: {
      type: "string",
      short: "g",
      multiple: true,
      value: "GRANT",
      help: "what it allows: read, write, command or serve of kind/id (* as kind, id or at an id's end), or admin:*",
    },
    ttl: { type: "string", value: "TIME", help: "how long it is valid, such as 10m or 7d (default 1h)" },
    sub: { type: "string", value: "NAME", help: "whom it names (default cli)" },
    tenant: { type: "string", value: "TENANT", help: "the tenant it is for" },
  },
  examples: [
    ["tailrace token --grant 'write:build/*' --ttl 1h", "a CI job may append to every build"],
    [
      "tailrace token -g 'read:build/*' -g 'command:build/*' --sub ann",
      "ann may watch builds and answer them",
    ],
  ],
  exits: [
    ["0", "the token is on stdout"],
    ["125", "there is no secret, or an argument is wrong"],
  ],
  run: mint,
};

async function mint(args: Args): Promise<number> {
  args.none();
  const grants = args.list("grant").map((text) => must(parseGrant(text)));
  if (grants.length === 0) throw usageError("--grant is missing: a token without grants allows nothing.");
  const ttlMs = args.durationMs("ttl", "1h");
  if (ttlMs < 1_000) throw usageError("--ttl is under a second. Allowed: 1s and longer.");
  const secret = process.env["TAILRACE_SECRET"] || findSecret(process.cwd());
  if (secret === undefined) {
    throw new CliError("There is no secret: set TAILRACE_SECRET, or call this where a .dev.vars has it.");
  }
  const tenant = args.text("tenant");
  const claims = {
    subject: args.text("sub") ?? "cli",
    grants,
    ttlMs,
    ...(tenant !== undefined && { tenant }),
  };
  process.stdout.write(`${await mintToken(secret, claims)}\n`);
  return exitCodes.ok;
}
