import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { mintToken } from "../mint.ts";
import { type Gateway, projectRoot } from "./gateway.ts";
import { signalTo } from "./processes.ts";

/** The first channel: this project's own checks and build, streamed by `tailrace run` as any command would be. */

export const DEMO_CHANNEL = "build/tailrace-1";

const bin = resolve(import.meta.dirname, "../bin.mjs");
const script = resolve(import.meta.dirname, "demo_build.ts");
const TTL_MS = 60 * 60 * 1000;

export interface Demo {
  stop(): void;
}

/** Starts the build in the background; null if the data hold that channel already. */
export async function startDemo(gateway: Gateway, onNotice: (line: string) => void): Promise<Demo | null> {
  const token = await mintToken(gateway.secret, {
    subject: "demo",
    grants: [`write:${DEMO_CHANNEL}`, `read:${DEMO_CHANNEL}`],
    ttlMs: TTL_MS,
  });
  if (await exists(gateway.url, token)) return null;
  const child = spawn(process.execPath, [bin, "run", DEMO_CHANNEL, "--", process.execPath, script], {
    cwd: projectRoot,
    // A group of its own, so that its end takes along what the build has started.
    detached: true,
    stdio: "ignore",
    env: { ...process.env, TAILRACE_URL: gateway.url, TAILRACE_TOKEN: token, FORCE_COLOR: "1", NO_COLOR: "" },
  });
  child.on("error", (error) => onNotice(`The first build does not start: ${error.message}`));
  return {
    stop() {
      const isRunning = child.exitCode === null && child.signalCode === null;
      if (isRunning && child.pid !== undefined) signalTo(-child.pid, "SIGKILL");
    },
  };
}

/** A gateway that does not answer gets no demo either. */
async function exists(url: string, token: string): Promise<boolean> {
  try {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${url}/v1/channels/${DEMO_CHANNEL}`, { headers });
    const { tail } = Object(await response.json());
    return response.ok && tail > 0;
  } catch {
    return true;
  }
}
