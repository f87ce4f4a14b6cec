/**
 * npm and npx run a command through a shell, and hand a signal to that shell, which ends without telling the
 * command: nobody would end what was started so. Plain JavaScript, for `bin.mjs` needs it before TypeScript can
 * run.
 */

/** How often it is looked whether the parent lives. */
const lookMs = 500;

/** Where npm or npx started this process: treats the parent's death as SIGTERM, once. */
export function endWithParent() {
  if (process.env["npm_command"] === undefined && process.env["npm_lifecycle_event"] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent && exists(parent)) return;
    clearInterval(timer);
    // Windows knows no signals between processes, but listeners for them can be called anywhere.
    if (!process.emit("SIGTERM", "SIGTERM")) process.kill(process.pid, "SIGTERM");
  }, lookMs);
  // What is done decides how long the process lives, and not the look at its parent.
  timer.unref();
}

/**
 * Windows goes on naming a parent that has died.
 *
 * @param {number} pid
 */
function exists(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return Object(error).code === "EPERM";
  }
}
