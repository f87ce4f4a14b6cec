import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** A pipe: what a child writes to `writeFd` is read from `readable`. */
export interface Pipe {
  readonly readable: Readable;
  readonly writeFd: number;
}

/**
 * Makes real pipes. What Node gives a child by "pipe" is a socket, and a socket cannot be opened by name: a
 * script's `echo oops > /dev/stderr` would fail under us and not without us. Null where pipes cannot be made.
 */
export function makePipes(count: number): readonly Pipe[] | null {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), "tailrace-"));
    const paths = Array.from({ length: count }, (_, i) => join(`${folder}`, String(i)));
    execFileSync("mkfifo", paths, { stdio: "ignore" });
    return paths.map(openPipe);
  } catch {
    return null;
  } finally {
    // The pipes live on in their descriptors.
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Nobody waits here for the other end: a reader without waiting may come first. */
function openPipe(path: string): Pipe {
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeFd = openSync(path, constants.O_WRONLY);
  return { readable: new Socket({ fd: readFd, readable: true, writable: false }), writeFd };
}

/** The child has its own copy: the pipe ends when the last one is closed. */
export function closeWriteEnd(pipe: Pipe): void {
  closeSync(pipe.writeFd);
}
