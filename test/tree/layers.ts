import { posix } from "node:path";
import { transformSync } from "esbuild";
import type { SourceFile } from "./files.ts";
import { type Import, importsOf, loaderOf } from "./imports.ts";

/** What the files of one room may import, besides each other. */
interface Room {
  /** A folder with its slash, or one file. */
  readonly path: string;
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
  /** No platform, clock, chance, timer or `await`: these are passed in. */
  readonly isPure?: true;
}

/** The layers, from the bottom: `protocol ◄ worker/core ◄ worker/objects ◄ worker/routes ◄ worker/mod.ts`. */
const rooms: readonly Room[] = [
  { path: "protocol/", rooms: [], packages: [], isPure: true },
  { path: "protocol/schemas/", rooms: ["protocol/"], packages: ["zod"], isPure: true },
  { path: "worker/core/", rooms: ["protocol/"], packages: ["re2js"], isPure: true },
  {
    path: "worker/objects/",
    rooms: ["worker/core/", "protocol/"],
    packages: ["cloudflare:workers", "itty-durable"],
  },
  {
    path: "worker/routes/",
    rooms: ["worker/objects/", "worker/core/", "protocol/", "protocol/schemas/"],
    packages: ["hono", "chanfana", "zod", "jose", "cloudflare:workers"],
  },
  { path: "worker/mod.ts", rooms: ["worker/objects/", "worker/routes/"], packages: [] },
  { path: "client/sdk/", rooms: ["protocol/"], packages: [] },
  {
    path: "client/viewer/",
    rooms: ["client/sdk/", "protocol/"],
    packages: ["preact", "@preact/signals"],
  },
  { path: "client/frontend/", rooms: ["client/sdk/", "protocol/"], packages: [] },
  { path: "client/viewer/build.ts", rooms: [], packages: ["node:", "esbuild"] },
  {
    path: "client/cli/",
    rooms: ["client/sdk/", "protocol/", "client/viewer/build.ts"],
    packages: ["node:", "jose", "miniflare", "esbuild", "wrangler", "smol-toml"],
  },
];

/** What code without platform may not say, as it stands after types, comments and strings are out. */
const impure: readonly (readonly [RegExp, string])[] = [
  [/\b(?:await|async)\b/, "waits (async, await)"],
  [/\bDate\.now\b|\bnew Date\(\)|(?<!new )\bDate\(|\bperformance\b/, "reads a clock"],
  [/\bMath\.random\b|\bcrypto\b/, "takes chance"],
  [/\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|scheduler)\b/, "sets a timer"],
  [/\b(?:globalThis|process|Buffer|WebSocket|caches|fetch)\b(?!:)/, "reaches for the platform"],
];

/** One sentence for each import or word that the layers do not allow. */
export async function layerViolations(files: readonly SourceFile[]): Promise<string[]> {
  const sources = files.filter(({ path }) => /\.(?:tsx?|mjs)$/.test(path) && isLayered(path));
  const imports = await importsOf(sources);
  const violations = [...sources.flatMap(wordViolations), ...imports.flatMap(importViolations)];
  return [...new Set(violations)].sort();
}

function isLayered(path: string): boolean {
  return ["protocol/", "worker/", "client/"].some((folder) => path.startsWith(folder));
}

/** The innermost room that a path lies in. */
function roomOf(path: string): Room | undefined {
  return rooms
    .filter((room) => (room.path.endsWith("/") ? path.startsWith(room.path) : path === room.path))
    .sort((a, b) => b.path.length - a.path.length)[0];
}

function importViolations({ from, to, isOurs }: Import): string[] {
  const room = roomOf(from);
  if (room === undefined) return [];
  if (!isOurs) {
    const isAllowed = room.packages.some(
      (name) => to === name || to.startsWith(name.endsWith(":") ? name : `${name}/`),
    );
    return isAllowed ? [] : [`${from} imports ${to}. Allowed in ${room.path}: ${listOf(room.packages)}.`];
  }
  if (posix.basename(to) === "mod.ts" && from.startsWith(`${posix.dirname(to)}/`)) {
    return [`${from} imports ${to}, the door of its own folder. Inside a folder import the file.`];
  }
  const target = roomOf(to)?.path ?? "";
  const isAllowed = target === room.path || room.rooms.includes(target);
  return isAllowed ? [] : [`${from} imports ${to}. Allowed in ${room.path}: itself, ${listOf(room.rooms)}.`];
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? "nothing else" : names.join(", ");
}

function wordViolations({ path, source }: SourceFile): string[] {
  const room = roomOf(path);
  if (room === undefined) return [`${path} lies in no room of the layers.`];
  if (room.isPure === undefined) return [];
  const code = codeOf(path, source);
  return impure.flatMap(([pattern, what]) => {
    const found = pattern.exec(code);
    return found === null ? [] : [`${path} ${what}: ${found[0]}. In ${room.path} it is passed in.`];
  });
}

/** What runs: esbuild takes types and comments out, then strings go, but not what templates put in. */
function codeOf(path: string, source: string): string {
  const { code } = transformSync(source, {
    loader: loaderOf(path),
    target: "esnext",
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  return code.replaceAll(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`/g, (text) =>
    text.startsWith("`") ? [...text.matchAll(/\$\{[^}]*\}/g)].join(" ") : '""',
  );
}
