import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly source: string;
}

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** What git ignores: this project's list has names alone, no patterns. */
const ignored = new Set([
  ".git",
  ...readFileSync(`${root}/.gitignore`, "utf8")
    .split("\n")
    .map((line) => line.trim().replace(/\/$/, "")),
]);

/** The names at the top of the tree. */
export function topNames(): string[] {
  return readdirSync(root).filter((name) => !ignored.has(name));
}

/** The paths of all files of the tree, from the root. */
export function treePaths(folder = ""): string[] {
  return readdirSync(`${root}/${folder}`, { withFileTypes: true }).flatMap((entry) => {
    if (ignored.has(entry.name)) return [];
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? treePaths(path) : [path];
  });
}

export function readTree(paths: readonly string[]): SourceFile[] {
  return paths.map((path) => ({ path, source: readFileSync(`${root}/${path}`, "utf8") }));
}
