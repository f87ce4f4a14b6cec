import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** What real programs print. */

const root = resolve(import.meta.dirname, "../..");
const captures = join(root, "test/fixtures/terminal");

export interface Capture {
  readonly name: string;
  readonly path: string;
  readonly bytes: Buffer;
}

/** Recorded terminals: colours, redraws by lone `\r`, links, CRLF. */
export function terminalCaptures(): Capture[] {
  return readdirSync(captures)
    .filter((name) => name.endsWith(".ansi"))
    .map((name) => ({ name, path: join(captures, name), bytes: readFileSync(join(captures, name)) }));
}

export interface Program {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  /** What its output has at least, so that it is not vacuous. */
  readonly prints: string;
}

/** A progress bar as programs draw it: redrawn in place, then a line's end; Windows' for the last one. */
const progressScript = `
for (let i = 0; i <= 100; i += 5) {
  const bar = "█".repeat(i / 5).padEnd(20, "░");
  process.stdout.write("\\r\\x1b[K\\x1b[32m" + bar + "\\x1b[0m " + i + "%");
}
process.stdout.write("\\n✔ fetched\\n\\rwarming up\\rwarm      \\r\\nno end");`;

/** Programs that every machine of a developer has; `folder` is theirs to write to. */
export function realPrograms(folder: string): Program[] {
  makeRepository(folder);
  return [
    { name: "npm ls", command: ["npm", "ls", "--color=always"], cwd: root, prints: "├──" },
    { name: "git log", command: ["git", "log", "--color=always", "-p"], cwd: folder, prints: "\x1b[3" },
    {
      name: "ls",
      command: ["ls", "-la", "--color=always", "."],
      cwd: join(root, "protocol"),
      prints: "\x1b[0",
    },
    { name: "progress", command: [process.execPath, "-e", progressScript], cwd: folder, prints: "\r\x1b[K" },
  ];
}

/** What it prints to its standard output when it is run alone. */
export function outputOf({ name, command: [file, ...args], cwd, prints }: Program): Buffer {
  const { stdout, error } = spawnSync(file, args, { cwd, stdio: ["ignore", "pipe", "ignore"] });
  if (error !== undefined) throw error;
  if (!stdout.includes(prints)) throw new Error(`${name} did not print ${JSON.stringify(prints)}: ${stdout}`);
  return stdout;
}

function makeRepository(folder: string): void {
  git(folder, "init", "--quiet");
  const versions = ["erste Zeile\n", "erste Zeile\nzweite, geändert\n", "erste Zeile\n二行目 🚀\r\n"];
  for (const [i, text] of versions.entries()) {
    writeFileSync(join(folder, "notes.txt"), text);
    git(folder, "add", "notes.txt");
    git(folder, "commit", "--quiet", "-m", `Änderung ${i} ✨\n\nWith a body.`);
  }
}

/** Without what the machine's own configuration would change. */
function git(folder: string, ...args: readonly string[]): void {
  const author = ["-c", "user.name=Ada Lövelace", "-c", "user.email=ada@example.com"];
  const plain = ["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false", "-c", "core.hooksPath=.none"];
  execFileSync("git", [...author, ...plain, ...args], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
}
