import { join, resolve } from "node:path";
import type { Args, Command } from "../command.ts";
import { startDemo } from "../dev/demo.ts";
import { type Gateway, projectRoot, startGateway } from "../dev/gateway.ts";
import { exitCodes } from "../exit.ts";
import { mintToken } from "../mint.ts";
import { ignoreMissingReader, notice } from "../notice.ts";
import { DEFAULT_URL } from "../target.ts";

const DEFAULT_PORT = 8787;
const SIGN_IN_TTL_MS = 12 * 60 * 60 * 1000;

export const dev: Command = {
  usage: "tailrace dev [options]   (npm start -- [options])",
  about:
    "Starts the whole gateway on this machine, with its data kept in a folder, and prints an address at which the reader is already signed in. Ctrl-C ends it.",
  options: {
    port: {
      type: "string",
      short: "p",
      value: "PORT",
      help: `where to listen (default ${DEFAULT_PORT}; 0: any)`,
    },
    host: { type: "string", value: "HOST", help: "the address to listen on (default 127.0.0.1)" },
    data: { type: "string", value: "DIR", help: "the folder of the data (default .tailrace of the project)" },
    "no-demo": { type: "boolean", help: "do not stream this project's own build as a first channel" },
  },
  examples: [
    ["npm start", "start it on http://127.0.0.1:8787"],
    ["npm start -- --port 9000 --data /tmp/trial", "another gateway beside it, with data of its own"],
  ],
  exits: [
    ["0", "ended by SIGINT, SIGTERM or SIGHUP"],
    ["125", "it cannot start: the port is taken, or another gateway uses the folder"],
  ],
  outlivesReader: true,
  run: serve,
};

async function serve(args: Args): Promise<number> {
  args.none();
  ignoreMissingReader();
  const signal = firstSignal();
  const gateway = await startGateway({
    port: args.integer("port", 0, 65_535) ?? DEFAULT_PORT,
    host: args.text("host") ?? "127.0.0.1",
    dataDir: resolve(args.text("data") ?? join(projectRoot, ".tailrace")),
    onNotice: notice,
  });
  const demo = args.flag("no-demo") ? null : await startDemo(gateway, notice);
  await greet(gateway, demo?.page ?? "/builds");
  await signal;
  await demo?.stop();
  await gateway.stop();
  return exitCodes.ok;
}

/** The first signal to end; a second one does not wait for an orderly end. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isEnding = false;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        if (isEnding) process.exit(exitCodes.ok);
        isEnding = true;
        resolve();
      });
    }
  });
}

/** The token is in the fragment, which no server ever sees; the page exchanges it for a cookie and drops it. */
async function greet(gateway: Gateway, page: string): Promise<void> {
  const token = await mintToken(gateway.secret, {
    subject: "local",
    grants: ["admin:*"],
    ttlMs: SIGN_IN_TTL_MS,
  });
  const where = gateway.url === DEFAULT_URL ? "" : `TAILRACE_URL=${gateway.url} `;
  process.stdout.write(
    [
      `Tailrace is ready: ${gateway.url}${page}#token=${token}`,
      "",
      "Stream a command of yours, in another terminal:",
      `  ${where}npx tailrace run build/42 -- npm run build`,
      "",
      "",
    ].join("\n"),
  );
}
