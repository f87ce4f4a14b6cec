import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { setTimeout as pass } from "node:timers/promises";
import { expect } from "vitest";
import { FOLDER_VARIABLE } from "../../client/cli/dev/gateway.ts";
import { findByEnvironment, killAndWait, type ProcessId } from "../../client/cli/dev/processes.ts";
import { finish, freeAddress, printed, startCli } from "../e2e/cli_support.ts";

/** Who is killed: all of the gateway; its parent, so that the runtime goes on alone; the runtime alone. */
export type Victim = "both" | "parent" | "runtime";

/** The gateway as a user starts it, a process of its own on one folder and one port, to be killed. */
export class GatewayProcess {
  readonly url: string;
  readonly #folder: string;
  readonly #secret: string;
  #child: ChildProcess | null = null;
  #done: Promise<unknown> = Promise.resolve();

  private constructor(url: string, folder: string, secret: string) {
    this.url = url;
    this.#folder = realpathSync(folder);
    this.#secret = secret;
  }

  static async start(folder: string, secret: string): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(await freeAddress(), folder, secret);
    await gateway.start();
    return gateway;
  }

  /** Resolves when it serves; it says so. */
  async start(): Promise<void> {
    const args = ["dev", "--no-demo", "--port", new URL(this.url).port, "--data", this.#folder];
    const child = startCli(args, { env: { TAILRACE_SECRET: this.#secret } });
    this.#child = child;
    const done = finish(child);
    this.#done = done;
    await printed(child.stdout, "Tailrace is ready: ").catch(async () => {
      const { code, signal, stderr } = await done;
      throw new Error(`The gateway ended with ${code ?? signal} and does not serve: ${stderr}`);
    });
  }

  /** `kill -9`, the parent first: it would start the runtime anew. Resolves when who was killed has ended. */
  async kill(victim: Victim): Promise<void> {
    const runtimes = victim === "parent" ? [] : this.#runtimes();
    if (victim !== "runtime") this.#child?.kill("SIGKILL");
    expect(await Promise.all(runtimes.map(killAndWait))).toEqual(runtimes.map(() => true));
    if (victim !== "runtime") await this.#done;
  }

  /** Resolves when the runtime that the parent has started anew serves. */
  async recovers(): Promise<void> {
    for (let tries = 0; tries < 500; tries++) {
      const answer = await fetch(`${this.url}/healthz`).catch(() => null);
      if (answer?.ok === true) return;
      await pass(20);
    }
    throw new Error("The gateway did not start its runtime anew within 10 seconds");
  }

  /** Ends all that was started here, killed or not. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    await Promise.all(this.#runtimes().map(killAndWait));
  }

  #runtimes(): ProcessId[] {
    return findByEnvironment("workerd", FOLDER_VARIABLE, this.#folder);
  }
}
