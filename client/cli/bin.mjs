#!/usr/bin/env node
/**
 * The `tailrace` command. The rest is TypeScript, which Node runs by itself from 22.18: an older one hands
 * over to the Node that the package `node` has put into node_modules. Plain JavaScript, for that reason.
 */

import { endWithParent } from "./end_with_parent.mjs";

endWithParent();
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  const { main } = await import("./main.ts");
  process.exitCode = await main(process.argv.slice(2));
} else {
  await handOver();
}

async function handOver() {
  const { spawn } = await import("node:child_process");
  const { fileURLToPath } = await import("node:url");
  const node = await newerNode();
  if (node === null) {
    process.stderr.write(
      `tailrace: needs Node 22.18 or newer and this is ${process.versions.node}. \`npm ci\` in the project installs one for it.\n`,
    );
    process.exitCode = 125;
    return;
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  const { inForeground } = await import("./foreground.mjs");
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  for (const signal of signals) {
    // A terminal has already sent its Ctrl-C to the child, which is in the same process group.
    process.on(signal, () => (signal === "SIGINT" && inForeground() ? undefined : child.kill(signal)));
  }
  child.on("error", (error) => {
    process.stderr.write(`tailrace: cannot start ${node}: ${error.message}\n`);
    process.exitCode = 125;
  });
  child.on("exit", (code, signal) => {
    for (const name of signals) process.removeAllListeners(name);
    if (signal === null) process.exitCode = code ?? 125;
    else process.kill(process.pid, signal);
  });
}

/** The executable of the package `node`, or null where it is not installed. */
async function newerNode() {
  const { createRequire } = await import("node:module");
  const { dirname, join } = await import("node:path");
  try {
    const require = createRequire(import.meta.url);
    const manifest = require.resolve("node/package.json");
    return join(dirname(manifest), require(manifest).bin.node);
  } catch {
    return null;
  }
}
