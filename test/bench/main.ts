import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startGateway } from "../../client/cli/dev/gateway.ts";
import { mintToken } from "../../client/cli/mint.ts";
import { buildClients } from "./build_clients.ts";
import { type FanOut, fanOut } from "./fan_out.ts";
import { produce } from "./load.ts";
import { resume } from "./resume.ts";
import { sessionTokens } from "./session_tokens.ts";

/**
 * `npm run bench`: what one machine carries, gateway and load generator together. `-- --only live` runs the
 * scenarios whose names contain it, `-- --seconds 5` shortens them.
 */
const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, seconds: { type: "string", default: "10" } },
});
const forMs = Number(values.seconds) * 1000;

const live: FanOut = { subscribers: 1_000, entries: 20, everyMs: 20, forMs };
const fanOuts: Record<string, FanOut> = {
  "live, 1,000 subscribers, 1,000 lines/s": live,
  "live, offering deflate": { ...live, offersDeflate: true },
  "beside none, 100 subscribers, 5,000 lines/s": { subscribers: 100, entries: 100, everyMs: 20, forMs },
  "beside a stalled one, 100 subscribers, 5,000 lines/s": {
    subscribers: 100,
    stalled: 1,
    entries: 100,
    everyMs: 20,
    forMs,
  },
  "saturation, 1,000 subscribers": { subscribers: 1_000, entries: 500, inFlight: 4, forMs },
};
const appends: Record<string, { entries: number; inFlight: number }> = {
  "append, batches of 1,000": { entries: 1_000, inFlight: 4 },
  "append, batches of 100": { entries: 100, inFlight: 4 },
};

const resumes: Record<string, number> = { "resume, 100,000 lines": 100_000 };

const builds: Record<string, { clients: number; everyMs: number; forMs: number }> = {
  "dialect A, 1,000 sockets, 50 lines/s": { clients: 1_000, everyMs: 20, forMs },
};
const sessions: Record<string, { tokensPerSecond: number; forMs: number }> = {
  "dialect E, 1,000 tokens/s on a session": { tokensPerSecond: 1_000, forMs },
};

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const isWanted = (name: string) => name.includes(values.only);

const dataDir = mkdtempSync(join(tmpdir(), "tailrace-bench-"));
const secret = "a secret for measurements, of 32 bytes and more";
const gateway = await startGateway({ port: 0, dataDir, secret });
const token = await mintToken(secret, { subject: "bench", grants: ["admin:*"], ttlMs: 3_600_000 });
console.log(`${cpus().length} cores, Node ${process.version}, load generator on the same machine\n`);
try {
  let channels = 0;
  for (const [name, load] of Object.entries(fanOuts).filter(([name]) => isWanted(name))) {
    const result = await fanOut(gateway, `build/bench-${++channels}`, token, load);
    console.log(name);
    console.log(
      `  ${number.format(result.appendedLines)} lines appended, ${number.format(result.deliveredLines)} delivered`,
    );
    console.log(
      `  ${number.format(result.deliveredPerSecond)} delivered lines/s, ${number.format(result.lostLines)} lost`,
    );
    console.log(`  append to receipt p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms`);
    console.log(
      `  workerd ${number.format(result.residentMiB)} MiB, ${result.wasCompressed ? "COMPRESSED" : "uncompressed"}\n`,
    );
    if (result.lostLines > 0 || result.wasCompressed) process.exitCode = 1;
  }
  for (const [name, load] of Object.entries(appends).filter(([name]) => isWanted(name))) {
    const { lines, ms, ackMs } = await produce(new URL(gateway.url), `build/bench-${++channels}`, token, {
      ...load,
      forMs,
    });
    const sorted = ackMs.toSorted((a, b) => a - b);
    console.log(name);
    console.log(`  ${number.format((lines / ms) * 1000)} durable lines/s`);
    console.log(`  acknowledged in p50 ${number.format(sorted[sorted.length >> 1] ?? Number.NaN)} ms\n`);
  }
  for (const [name, lines] of Object.entries(resumes).filter(([name]) => isWanted(name))) {
    const { firstMs, allMs, grownMiB } = await resume(gateway, `build/bench-${++channels}`, token, lines);
    console.log(name);
    console.log(`  first page after ${number.format(firstMs)} ms, all after ${number.format(allMs)} ms`);
    console.log(`  workerd ${number.format(grownMiB)} MiB more\n`);
  }
  for (const [name, load] of Object.entries(builds).filter(([name]) => isWanted(name))) {
    const result = await buildClients(gateway, `bench-${++channels}`, token, load);
    console.log(name);
    console.log(
      `  ${number.format(result.appendedLines)} lines appended, ${number.format(result.deliveredLines)} delivered, ${number.format(result.lostLines)} lost`,
    );
    console.log(`  append to receipt p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms`);
    console.log(`  workerd ${number.format(result.residentMiB)} MiB\n`);
    if (result.lostLines > 0) process.exitCode = 1;
  }
  for (const [name, load] of Object.entries(sessions).filter(([name]) => isWanted(name))) {
    const result = await sessionTokens(gateway, `bench-${++channels}`, token, load);
    console.log(name);
    console.log(
      `  ${number.format(result.appendedTokens)} tokens appended, ${number.format(result.lostTokens)} lost, in ${number.format(result.frames)} frames`,
    );
    console.log(`  append to receipt p50 ${result.p50Ms} ms, p99 ${result.p99Ms} ms\n`);
    if (result.lostTokens > 0) process.exitCode = 1;
  }
} finally {
  await gateway.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
