import { linkSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CliError } from "../exit.ts";
import { isAlive, type ProcessId, processOf } from "./processes.ts";

/**
 * The lock of a data folder: one gateway writes there. It names its holder, and a holder that has died does
 * not hold it. The file appears whole, by a link that fails where there is one.
 */

interface LockText {
  readonly holder: ProcessId;
  readonly url?: string;
  readonly workerd?: ProcessId;
}

export interface DataLock {
  /** The folder's real path: how its gateway's processes are known. */
  readonly folder: string;
  /** What the holder before had started and left behind, if it died. */
  readonly leftBehind: ProcessId | null;
  /** Tells who comes second where the gateway is, and what to end if this process dies. */
  update(details: { url: string; workerd: ProcessId | undefined }): void;
  release(): void;
}

const MAX_ATTEMPTS = 100;
const RETRY_MS = 20;

/** Takes the lock; {@link CliError} names who has it. */
export async function lockFolder(dir: string): Promise<DataLock> {
  mkdirSync(dir, { recursive: true });
  const folder = realpathSync(dir);
  const self = processOf(process.pid) ?? { pid: process.pid, startedAt: "" };
  const path = join(folder, "lock");
  let leftBehind: ProcessId | null = null;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (create(path, { holder: self })) return heldLock(path, folder, self, leftBehind);
    const found = read(path);
    if (found !== null && isAlive(found.holder)) throw takenError(folder, found);
    leftBehind = removeDead(path, self) ?? leftBehind;
    if (attempt > 0) await sleep(RETRY_MS);
  }
  throw new CliError(`The lock ${path} cannot be taken. If no gateway uses this folder, remove that file.`);
}

function heldLock(path: string, folder: string, holder: ProcessId, leftBehind: ProcessId | null): DataLock {
  return {
    folder,
    leftBehind,
    update({ url, workerd }) {
      const draft = `${path}.${process.pid}`;
      writeFileSync(draft, encode({ holder, url, ...(workerd && { workerd }) }));
      renameSync(draft, path);
    },
    release() {
      if (read(path)?.holder.pid === holder.pid) rmSync(path, { force: true });
    },
  };
}

/** Writes a file that was not there, all at once; false if there is one. */
function create(path: string, text: LockText): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, encode(text));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Removes a dead holder's lock, looked at again under a lock of its own: of two who saw the same dead holder
 * the slower one must not remove what the faster has made since.
 */
function removeDead(path: string, self: ProcessId): ProcessId | null {
  const guard = `${path}.takeover`;
  if (!create(guard, { holder: self })) {
    const other = read(guard);
    if (other === null || !isAlive(other.holder)) rmSync(guard, { force: true });
    return null;
  }
  try {
    const found = read(path);
    if (found !== null && isAlive(found.holder)) return null;
    rmSync(path, { force: true });
    return found?.workerd ?? null;
  } finally {
    rmSync(guard, { force: true });
  }
}

function takenError(folder: string, { holder, url }: LockText): CliError {
  const where = url === undefined ? "is starting" : `serves ${url}`;
  return new CliError(
    `A gateway already uses ${folder}: process ${holder.pid} ${where}. End it, or give this one its own folder with --data DIR.`,
  );
}

function encode(text: LockText): string {
  return `${JSON.stringify(text)}\n`;
}

/** Null when there is no file, or nothing that was written here. */
function read(path: string): LockText | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    const { holder, url, workerd } = Object(value);
    if (!isProcessId(holder)) return null;
    return {
      holder,
      ...(typeof url === "string" && { url }),
      ...(isProcessId(workerd) && { workerd }),
    };
  } catch {
    return null;
  }
}

function isProcessId(value: unknown): value is ProcessId {
  const { pid, startedAt } = Object(value);
  return Number.isSafeInteger(pid) && pid > 0 && typeof startedAt === "string";
}
