import { join, resolve } from "node:path";
import { stop as stopEsbuild } from "esbuild";
import { DEV_VARS, readDevVars } from "../dev_vars.ts";
import { CliError, messageOf } from "../exit.ts";
import { bundleWorker } from "./bundle.ts";
import { type DataLock, lockFolder } from "./lock.ts";
import { checkAddress } from "./port.ts";
import {
  findByEnvironment,
  findChildren,
  isAlive,
  killAndWait,
  type ProcessId,
  programOf,
} from "./processes.ts";
import { startRuntime } from "./runtime.ts";
import { ensureSecret } from "./secret.ts";
import { readWorkerConfig, type WorkerConfig } from "./wrangler_config.ts";

/** The project's folder, where `wrangler.toml` is. */
export const projectRoot = resolve(import.meta.dirname, "../../..");

/** By this variable a runtime is known as that of a data folder, when whoever started it has died. */
export const FOLDER_VARIABLE = "TAILRACE_DATA_FOLDER";

export interface GatewayOptions {
  /** 0 for any free one. */
  readonly port: number;
  readonly host?: string;
  /** The folder of the data; it is made. */
  readonly dataDir: string;
  /** `wrangler.toml`, unless it is the project's. */
  readonly configPath?: string;
  /** Signs tokens; else the environment's, that of `.dev.vars`, or a new one put there. */
  readonly secret?: string;
  /** Settings that win over `wrangler.toml`, `.dev.vars` and the environment. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Told one line of what is done, or of what the gateway says of itself. */
  readonly onNotice?: (line: string) => void;
}

export interface Gateway {
  /** The address of pages, endpoints and uncompressed sockets: an origin. */
  readonly url: string;
  readonly secret: string;
  /** The process that holds the data folder: this one. */
  readonly pid: number;
  /** The runtime's process; 0 where this machine does not tell. */
  readonly workerdPid: number;
  /** Ends it; the data stay. Nothing of it is left running. */
  stop(): Promise<void>;
}

/** Starts the gateway on this machine; {@link CliError} says in a sentence why it cannot. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const lock = await lockFolder(options.dataDir);
  try {
    return await startLocked(options, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startLocked(options: GatewayOptions, lock: DataLock): Promise<Gateway> {
  const notify = options.onNotice ?? (() => {});
  await endOrphans(lock, notify);
  const host = options.host ?? "127.0.0.1";
  if (options.port !== 0) await checkAddress(host, options.port);
  const config = readWorkerConfig(options.configPath ?? join(projectRoot, "wrangler.toml"));
  const { secret, vars } = readVars(options, config, notify);
  const script = await buildAll(config);
  const runtime = await startRuntime({
    config,
    script,
    vars,
    host,
    port: options.port,
    folder: lock.folder,
    environment: { [FOLDER_VARIABLE]: lock.folder },
    onNotice: notify,
    onRestart: () => lock.update({ url: runtime.url, workerd: ownWorkerd(lock) }),
  });
  const workerd = ownWorkerd(lock);
  lock.update({ url: runtime.url, workerd });
  const refusal = await refusalOf(runtime.url);
  if (refusal !== null) {
    await runtime.stop();
    throw new CliError(refusal);
  }
  return {
    url: runtime.url,
    secret,
    pid: process.pid,
    workerdPid: workerd?.pid ?? 0,
    async stop() {
      await runtime.stop().finally(() => lock.release());
    },
  };
}

/** What the gateway says of its own settings: null when it serves, else the sentence it refuses everything with. */
async function refusalOf(url: string): Promise<string | null> {
  const response = await fetch(`${url}/v1/session`);
  if (response.status !== 503) {
    await response.body?.cancel();
    return null;
  }
  const { detail } = (await response.json()) as { readonly detail?: unknown };
  return typeof detail === "string" ? detail : "The gateway refuses every request and does not say why.";
}

/** A runtime whose parent was killed goes on and writes: two on one folder would spoil it. */
async function endOrphans(lock: DataLock, notify: (line: string) => void): Promise<void> {
  const found = findByEnvironment("workerd", FOLDER_VARIABLE, lock.folder);
  const recorded = lock.leftBehind;
  if (recorded !== null && isAlive(recorded) && programOf(recorded.pid) === "workerd") {
    if (!found.some(({ pid }) => pid === recorded.pid)) found.push(recorded);
  }
  for (const orphan of found) {
    if (!(await killAndWait(orphan))) {
      throw new CliError(`Process ${orphan.pid} of an earlier gateway uses ${lock.folder} and does not end.`);
    }
    notify(`An earlier gateway was killed and left process ${orphan.pid} running; that is ended now.`);
  }
}

function ownWorkerd(lock: DataLock): ProcessId | undefined {
  const known = findByEnvironment("workerd", FOLDER_VARIABLE, lock.folder);
  return known[0] ?? findChildren("workerd")[0];
}

/** `wrangler.toml`, then `.dev.vars`, then for the names in these the environment, then what the caller gives. */
function readVars(options: GatewayOptions, config: WorkerConfig, notify: (line: string) => void) {
  const known = { ...config.vars, ...readDevVars(join(projectRoot, DEV_VARS)) };
  const fromEnv = Object.keys(known).flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const secret = options.secret ?? madeSecret(notify);
  const vars = { ...known, ...Object.fromEntries(fromEnv), ...options.vars, TAILRACE_SECRET: secret };
  return { secret, vars };
}

function madeSecret(notify: (line: string) => void): string {
  const { secret, madeIn } = ensureSecret(projectRoot, process.env);
  if (madeIn !== null) notify(`Made a secret for this machine in ${madeIn}.`);
  return secret;
}

/** The Worker as one module, and the pages it serves, in `dist/assets`. */
async function buildAll(config: WorkerConfig): Promise<string> {
  try {
    const [script] = await Promise.all([bundleWorker(config.entry), buildPages(config)]);
    return script;
  } finally {
    // esbuild works in a process of its own, which would live as long as this one.
    await stopEsbuild();
  }
}

async function buildPages(config: WorkerConfig): Promise<void> {
  if (config.assets === null) return;
  const { buildAssets } = await import("../../viewer/build.ts");
  await buildAssets().catch((error: unknown) => {
    throw new CliError(`The pages do not build: ${messageOf(error)}`);
  });
}
