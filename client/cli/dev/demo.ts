import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiClient } from "../../sdk/mod.ts";
import { mintToken } from "../mint.ts";
import { type Gateway, projectRoot } from "./gateway.ts";
import { signalTo } from "./processes.ts";

/** The first channel: this project's own checks and build, streamed by `tailrace run` as any command would be. */

const bin = resolve(import.meta.dirname, "../bin.mjs");
const script = resolve(import.meta.dirname, "demo_build.ts");
const TTL_MS = 60 * 60 * 1000;
/** So many starts in a row may be ended before their build has; then there is none any more. */
const MAX_BUILDS = 5;
/** How long the build may take to end, and its channel's end to arrive. */
const STOP_MS = 1_500;

export interface Demo {
  /** Where its channel is shown, from the gateway's origin on. */
  readonly page: string;
  /** Ends the build, and its channel as cancelled. */
  stop(): Promise<void>;
}

/** Starts the build in the background; null if the data hold one that came to its end. */
export async function startDemo(gateway: Gateway, onNotice: (line: string) => void): Promise<Demo | null> {
  const token = await mintToken(gateway.secret, {
    subject: "demo",
    grants: ["write:build/tailrace-*", "read:build/tailrace-*"],
    ttlMs: TTL_MS,
  });
  const id = await findId(new ApiClient({ url: gateway.url, token }));
  if (id === null) return null;
  const { NO_COLOR: _, ...env } = process.env;
  const child = spawn(process.execPath, [bin, "run", `build/${id}`, "--", process.execPath, script], {
    cwd: projectRoot,
    // A group of its own, so that its end takes along what the build has started.
    detached: true,
    stdio: "ignore",
    env: { ...env, TAILRACE_URL: gateway.url, TAILRACE_TOKEN: token, FORCE_COLOR: "1" },
  });
  child.on("error", (error) => onNotice(`The first build does not start: ${error.message}`));
  return { page: `/builds/${id}`, stop: () => stopGroup(child) };
}

/** Which id the next build gets; null where one has come to its end, or too many have not. */
async function findId(api: ApiClient): Promise<string | null> {
  for (let n = 1; n <= MAX_BUILDS; n += 1) {
    const id = `tailrace-${n}`;
    const found = await api.summary(`build/${id}`);
    if (!found.ok) return found.problem.code === "channel_not_found" ? id : null;
    const { tail, end } = found.value;
    if (tail === 0 && end === undefined) return id;
    if (end?.status === "success" || end?.status === "failure") return null;
    // Whoever streamed it was killed: nobody else would end it.
    if (end === undefined) await api.end(`build/${id}`, { status: "cancelled" });
  }
  return null;
}

async function stopGroup(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const timer = new AbortController();
  const exit = once(child, "exit");
  signalTo(-pid, "SIGTERM");
  await Promise.race([exit, sleep(STOP_MS, null, { signal: timer.signal }).catch(() => null)]);
  timer.abort();
  // What of the build does not end by being asked, or all of it.
  signalTo(-pid, "SIGKILL");
  await exit;
}
