import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { type LogEntry, textOf } from "../../protocol/mod.ts";

/** Running the command line in tests: as a process of its own, in whatever folder. */

export const bin = resolve(import.meta.dirname, "../../client/cli/bin.mjs");

export interface CliOptions {
  /** Undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Options of Node itself. */
  readonly node?: readonly string[];
  /** In a session of its own, so that the terminal of whoever runs the tests is not its terminal. */
  readonly detached?: boolean;
}

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Starts it without what the surroundings say about a gateway, and without colours. */
export function startCli(args: readonly string[], options: CliOptions = {}): ChildProcess {
  const {
    TAILRACE_URL: _,
    TAILRACE_TOKEN: __,
    TAILRACE_SECRET: ___,
    FORCE_COLOR: ____,
    CLICOLOR_FORCE: _____,
    ...env
  } = process.env;
  return spawn(process.execPath, [...(options.node ?? []), bin, ...args], {
    cwd: options.cwd,
    detached: options.detached ?? false,
    env: { ...env, NO_COLOR: "1", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

export async function cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return finish(startCli(args, options));
}

/** Collects what it prints until it has ended. */
export async function finish(child: ChildProcess): Promise<CliResult> {
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const [code, signal] = await once(child, "close");
  return { code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
}

function collect(stream: NodeJS.ReadableStream | null): Buffer[] {
  const chunks: Buffer[] = [];
  stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
  return chunks;
}

/** Resolves with everything printed so far as soon as it contains the text; rejects when the stream ends before. */
export function printed(stream: NodeJS.ReadableStream | null, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = "";
    stream?.on("data", (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.includes(text)) resolve(seen);
    });
    stream?.on("end", () => reject(new Error(`Ended without ${JSON.stringify(text)}: ${seen}`)));
  });
}

/** A small gateway that takes everything and keeps it. */
export interface Recorder {
  readonly url: string;
  readonly entries: LogEntry[];
  readonly ends: unknown[];
  /** The text that the entries are. */
  text(stream?: "stdout" | "stderr"): string;
  close(): Promise<void>;
}

export async function startRecorder(): Promise<Recorder> {
  const entries: LogEntry[] = [];
  const ends: unknown[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = await request.toArray();
    const body = Buffer.concat(chunks).toString();
    const isEnd = request.url?.endsWith("/end") === true;
    if (isEnd) ends.push(JSON.parse(body));
    else
      entries.push(
        ...body
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line)),
      );
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(isEnd ? endReceipt : appendReceipt));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    entries,
    ends,
    text: (stream) =>
      entries
        .filter((entry) => stream === undefined || entry.stream === stream)
        .map(textOf)
        .join(""),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const appendReceipt = { channel: "build/1", epoch: "e", first: 1, last: 1, duplicate: false };
const endReceipt = {
  channel: "build/1",
  cursor: 1,
  status: "success",
  lines: 1,
  bytes: 1,
  crc32: "00000000",
};

/** An address on which nobody listens. */
export async function freeAddress(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}`;
}
