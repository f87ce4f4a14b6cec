import { convertV4MiniflareOptions, Miniflare, NoOpLog } from "miniflare";
import { CliError, messageOf } from "../exit.ts";
import { FRONT } from "./bundle.ts";
import { addressInUse } from "./port.ts";
import type { WorkerConfig } from "./wrangler_config.ts";

/** The Workers runtime on this machine: Miniflare, set up so that one listener serves everything. */

export interface RuntimeOptions {
  readonly config: WorkerConfig;
  readonly script: string;
  readonly vars: Readonly<Record<string, string | undefined>>;
  readonly host: string;
  readonly port: number;
  /** Where the objects' storage is kept. */
  readonly folder: string;
  /** Added to the runtime's environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly onNotice: (line: string) => void;
  /** The runtime crashed and was started anew, as another process. */
  readonly onRestart: () => void;
}

export interface Runtime {
  readonly url: string;
  stop(): Promise<void>;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const miniflare = withoutSignalHandlers(() => new Miniflare(miniflareOptions(options)));
  try {
    await miniflare.ready;
    const { origin } = await miniflare.unsafeGetDirectURL(options.config.name, FRONT);
    return { url: origin, stop: () => miniflare.dispose() };
  } catch (error) {
    await miniflare.dispose().catch(() => {});
    if (Object(error).code === "ERR_ADDRESS_IN_USE") throw addressInUse(options.host, options.port);
    throw new CliError(`The gateway does not start: ${messageOf(error)}`);
  }
}

/** Miniflare ends the process at once on a signal: what a signal means here is not its to say. */
function withoutSignalHandlers<T>(make: () => T): T {
  const before = new Map(signals.map((signal) => [signal, process.listeners(signal)]));
  const made = make();
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) {
      if (!before.get(signal)?.includes(listener)) process.off(signal, listener);
    }
  }
  return made;
}

function miniflareOptions(options: RuntimeOptions) {
  const { config } = options;
  return convertV4MiniflareOptions({
    // Its ordinary listener compresses sockets whatever the Worker says, so it stays on a port nobody is told.
    host: "127.0.0.1",
    port: 0,
    log: new NoOpLog(),
    handleStructuredLogs: ({ level, message }) => {
      if (level === "error" || level === "warn") options.onNotice(readable(message));
    },
    unsafeHandleRuntimeRestart: options.onRestart,
    unsafeRuntimeEnv: { ...options.environment },
    resourcePersistencePath: options.folder,
    logRequests: false,
    cf: false,
    workers: [
      {
        name: config.name,
        modules: [{ type: "ESModule", path: "worker.js", contents: options.script }],
        compatibilityDate: config.compatibilityDate,
        compatibilityFlags: [...config.compatibilityFlags],
        bindings: definedOnly(options.vars),
        durableObjects: durableObjects(config),
        ...(config.assets && { assets: { ...config.assets, run_worker_first: true } }),
        unsafeDirectSockets: [{ host: options.host, port: options.port, entrypoint: FRONT }],
      },
    ],
  });
}

/** The runtime's own words without the place in its sources that said them. */
function readable(message: string): string {
  return message.replace(/\S+\.(?:h|c\+\+):\d+: (?:failed: )?(?:remote\.)?(?:jsg\.)?/, "");
}

function durableObjects(config: WorkerConfig) {
  return Object.fromEntries(
    Object.entries(config.durableObjects).map(([binding, className]) => [
      binding,
      { className, useSQLite: config.sqliteClasses.has(className) },
    ]),
  );
}

function definedOnly(vars: RuntimeOptions["vars"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(vars).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
