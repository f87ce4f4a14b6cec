import { readFileSync } from "node:fs";

/**
 * Whether a terminal's Ctrl-C reaches this process and its children alike: it goes to every process of the
 * terminal's foreground group. Plain JavaScript, for `bin.mjs` needs it before TypeScript can run.
 *
 * @returns {boolean}
 */
export function inForeground() {
  try {
    // Fields of proc_pid_stat(5) after the name in parentheses: state, ppid, pgrp, session, tty_nr, tpgid.
    const stat = readFileSync("/proc/self/stat", "utf8");
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return group === foreground;
  } catch {
    return process.stdin.isTTY === true || process.stdout.isTTY === true || process.stderr.isTTY === true;
  }
}
