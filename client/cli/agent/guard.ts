import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Ends the scripts of a runner that is gone. */
export interface Guard {
  /** A process group that must not outlive the runner. */
  watch(group: number): void;
  /** It is over. */
  forget(group: number): void;
}

/**
 * The guard as a process of its own, which `kill -9` on the runner spares: it holds the other end of a pipe, and a
 * pipe ends with its writer, however that died.
 */
export class GuardProcess implements Guard {
  readonly #process: ChildProcess;

  constructor() {
    const program = fileURLToPath(new URL("guard_process.ts", import.meta.url));
    this.#process = spawn(process.execPath, [program], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
      env: {},
    });
    this.#process.unref();
    // Without it scripts run as well; only a killed runner's would go on.
    this.#process.on("error", () => {});
    this.#process.stdin?.on("error", () => {});
  }

  watch(group: number): void {
    this.#process.stdin?.write(`+${group}\n`);
  }

  forget(group: number): void {
    this.#process.stdin?.write(`-${group}\n`);
  }

  /** It ends once it has ended what it was still told to watch. */
  close(): void {
    this.#process.stdin?.end();
  }
}
