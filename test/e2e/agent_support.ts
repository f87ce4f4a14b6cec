import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { mintToken } from "../../client/cli/mint.ts";
import type { TaskStatus } from "../../protocol/dialects/d_rest.ts";
import { printed, startCli } from "./cli_support.ts";

/** Runners as processes of their own, and installs as a page starts and watches them. */

export const secret = "a secret for the tests, of 32 bytes and more";

const hourMs = 60 * 60 * 1_000;

export function tokenFor(subject: string, ...grants: string[]): Promise<string> {
  return mintToken(secret, { subject, grants, ttlMs: hourMs });
}

/** A folder with scripts and the file that allows them. */
export class Host {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  get config(): string {
    return join(this.folder, "agent.toml");
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  script(name: string, body: string): void {
    writeFileSync(this.path(name), body);
    chmodSync(this.path(name), 0o755);
  }

  allow(toml: string): void {
    writeFileSync(this.config, toml);
  }
}

export interface RunnerOptions {
  readonly args?: readonly string[];
  readonly channel?: string;
  readonly subject?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export class RunnerProcess {
  readonly child: ChildProcess;
  readonly said: () => string;

  private constructor(child: ChildProcess) {
    this.child = child;
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk;
    });
    this.said = () => said;
  }

  /** Resolves when it is connected. */
  static async start(
    url: string,
    host: Host,
    { args = [], channel = "task/*", subject = "runner", env }: RunnerOptions = {},
  ): Promise<RunnerProcess> {
    const token = await tokenFor(subject, `serve:${channel}`);
    const child = startCli(["agent", channel, "--config", host.config, ...args], {
      env: { TAILRACE_URL: url, TAILRACE_TOKEN: token, ...env },
    });
    const runner = new RunnerProcess(child);
    await printed(child.stderr, "connected to");
    return runner;
  }

  /** Its exit code, or the signal that ended it. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | string | null> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode;
    const exit = once(child, "exit");
    child.kill(signal);
    const [code, killedBy] = await exit;
    return code ?? killedBy;
  }
}

/** What a page does. */
export class Page {
  readonly #url: string;
  readonly #token: string;

  private constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  static async open(url: string): Promise<Page> {
    return new Page(url, await tokenFor("page", "command:task/*", "read:task/*", "write:task/*"));
  }

  async call(path: string, body?: object): Promise<Response> {
    return fetch(`${this.#url}${path}`, {
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
    });
  }

  async install(body: object): Promise<string> {
    const response = await this.call("/v1/soft/install", body);
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    const { task_id: id } = (await response.json()) as { readonly task_id: string };
    return id;
  }

  async status(id: string): Promise<TaskStatus> {
    return (await this.call(`/v1/log/status?task_id=${id}`)).json() as Promise<TaskStatus>;
  }

  /** Polls until the status is so; fails with the last one when that takes a minute. */
  async until(id: string, isSo: (status: TaskStatus) => boolean): Promise<TaskStatus> {
    const endsAt = performance.now() + 60_000;
    for (;;) {
      const status = await this.status(id).catch(() => null);
      if (status !== null && isSo(status)) return status;
      if (performance.now() > endsAt) throw new Error(`Still ${JSON.stringify(status)}`);
      await pass(50);
    }
  }

  ended(id: string): Promise<TaskStatus> {
    return this.until(id, (status) => status.is_completed);
  }

  /** The lines of a task, the runner's own left out unless they are asked for. */
  async lines(id: string, isOwn = false): Promise<string[]> {
    const text = await (await this.call(`/v1/channels/task/${id}/download?format=text`)).text();
    const all = text.split("\n").slice(0, -1);
    return all.filter((line) => line.startsWith("tailrace: ") === isOwn);
  }

  /** The end's message. */
  async message(id: string): Promise<string | undefined> {
    const summary = (await (await this.call(`/v1/channels/task/${id}`)).json()) as {
      readonly end?: { readonly message?: string };
    };
    return summary.end?.message;
  }
}
