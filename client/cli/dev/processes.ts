import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Who runs on this machine: from /proc where there is one, else from ps. */

/** A process, told apart from a later one with the same number by when it started. */
export interface ProcessId {
  readonly pid: number;
  readonly startedAt: string;
}

const hasProc = process.platform === "linux";

/** The process that runs under this number now; null if there is none, or it has ended and waits to be reaped. */
export function processOf(pid: number): ProcessId | null {
  const startedAt = hasProc ? startFromProc(pid) : startFromPs(pid);
  return startedAt === null ? null : { pid, startedAt };
}

export function isAlive({ pid, startedAt }: ProcessId): boolean {
  return processOf(pid)?.startedAt === startedAt;
}

/** Kills a process and answers whether it was gone within two seconds. */
export async function killAndWait(target: ProcessId): Promise<boolean> {
  for (let round = 0; round < 100; round++) {
    if (!isAlive(target)) return true;
    if (round === 0) signalTo(target.pid, "SIGKILL");
    await sleep(20);
  }
  return !isAlive(target);
}

/** Sends a signal to a process, or with a negative number to a group; false if there is none any more. */
export function signalTo(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Processes with this program and, where /proc tells it, this variable in their environment. */
export function findByEnvironment(program: string, name: string, value: string): ProcessId[] {
  if (!hasProc) return [];
  const needle = `\0${name}=${value}\0`;
  return pidsFromProc()
    .filter((pid) => programOf(pid) === program && `\0${readProc(pid, "environ") ?? ""}`.includes(needle))
    .flatMap((pid) => processOf(pid) ?? []);
}

/** The children of this process that run this program. */
export function findChildren(program: string): ProcessId[] {
  const pids = hasProc ? pidsFromProc().filter((pid) => parentOf(pid) === process.pid) : childrenFromPs();
  return pids.filter((pid) => programOf(pid) === program).flatMap((pid) => processOf(pid) ?? []);
}

/** The name of a process's program, without its folder; empty if there is no such process. */
export function programOf(pid: number): string {
  if (hasProc) return basename((readProc(pid, "cmdline") ?? "").split("\0")[0] ?? "");
  return basename(ps(["-o", "comm=", "-p", String(pid)]));
}

function pidsFromProc(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Fields of proc_pid_stat(5) after the name in parentheses: state, parent, … */
function statFields(pid: number): string[] | null {
  const stat = readProc(pid, "stat");
  return stat === null ? null : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function parentOf(pid: number): number {
  return Number(statFields(pid)?.[1]);
}

function startFromProc(pid: number): string | null {
  const fields = statFields(pid);
  // The 22nd field is the start, in ticks since boot.
  return fields === null || hasEnded(fields) ? null : `${bootId()}:${fields[19]}`;
}

/**
 * Ended and not yet reaped (Z), by its last thread: files and ports stay taken until that has ended, and the first
 * may end before it. The 20th field counts threads.
 */
function hasEnded(fields: readonly string[]): boolean {
  return fields[0] === "Z" && Number(fields[17]) <= 1;
}

/** Tells one boot from the next, after which numbers and ticks begin anew. */
function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
  } catch {
    return "";
  }
}

/** Null when the process has gone, or is another user's. */
function readProc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return null;
  }
}

function startFromPs(pid: number): string | null {
  const found = ps(["-o", "lstart=", "-p", String(pid)]);
  return found === "" ? null : found;
}

function childrenFromPs(): number[] {
  return ps(["-A", "-o", "pid=,ppid="])
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, parent]) => (parent === process.pid && pid !== undefined ? [pid] : []));
}

function ps(args: readonly string[]): string {
  try {
    return execFileSync("ps", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "";
  }
}
