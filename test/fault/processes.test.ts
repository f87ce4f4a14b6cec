import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { checkAddress } from "../../client/cli/dev/port.ts";
import { killAndWait, processOf } from "../../client/cli/dev/processes.ts";

/** [FLT10] a process that has ended has let go of what it had. */

const rounds = 5;

/** Listens, and has threads whose memory takes a while to be given back; prints its port. */
const program = `
  const { Worker } = require("node:worker_threads");
  const body = 'const held = Buffer.alloc(40 << 20, 1); setInterval(() => held, 1000)';
  const started = Array.from({ length: 6 }, () => new Promise((go) => new Worker(body, { eval: true }).on("online", go)));
  const server = require("node:net").createServer().listen(0, "127.0.0.1", async () => {
    await Promise.all(started);
    console.log(server.address().port);
  });`;

describe("a process that is killed", () => {
  test(`[FLT10] counts as gone when its last thread is: its port is free then (${rounds} times)`, async () => {
    for (let round = 0; round < rounds; round++) {
      const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
      const [port] = await once(child.stdout, "data");
      const target = processOf(child.pid ?? 0);
      if (target === null) throw new Error("The process ended by itself");
      expect(await killAndWait(target)).toBe(true);
      await checkAddress("127.0.0.1", Number(port));
    }
  });
});
