import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { build } from "esbuild";

/** Builds the pages and the plain script for others into `dist/assets`, which the Worker serves as its assets. */

const viewerDir = import.meta.dirname;
const outDir = resolve(viewerDir, "../../dist/assets");
const swaggerDir = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));

/** What a build did: whether any file differs from the build before. */
export interface BuildOutcome {
  readonly changed: boolean;
}

/** Files of the build by their path in `dist/assets`. */
type Files = Map<string, Uint8Array>;

/**
 * Builds everything in memory, then writes only the files that differ, each by a rename, pages last: a page
 * never names a file that is not there. What the build no longer makes is removed at the end.
 */
export async function buildAssets(): Promise<BuildOutcome> {
  const files = await makeFiles();
  let changed = false;
  for (const [path, content] of files) changed = (await writeIfChanged(path, content)) || changed;
  return { changed: (await removeOthers(files)) || changed };
}

async function makeFiles(): Promise<Files> {
  const files: Files = new Map();
  const pages = [
    [
      "index.html",
      { script: await addBundle(files, "main.tsx"), style: await addBundle(files, "styles/main.css") },
    ],
    [
      "docs.html",
      {
        bundle: addHashed(files, "swagger-ui-bundle.js", await readSwagger("swagger-ui-bundle.js")),
        script: await addBundle(files, "docs/docs.ts"),
        style: addHashed(files, "swagger-ui.css", await readSwagger("swagger-ui.css")),
      },
    ],
  ] as const;
  files.set("assets/swagger-ui-bundle.js.LICENSE.txt", await readSwagger("swagger-ui-bundle.js.LICENSE.txt"));
  files.set("favicon.svg", await readFile(join(viewerDir, "favicon.svg")));
  files.set("frontend_realtime_log.js", await bundlePlainScript("../frontend/main.ts"));
  for (const [page, values] of pages) files.set(page, await fillPage(page, values));
  return files;
}

/** Adds an entry and the parts that it loads when they are needed; answers the entry's URL. */
async function addBundle(files: Files, entry: string): Promise<string> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(viewerDir, entry)],
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    outdir: join(outDir, "assets"),
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "error",
  });
  for (const file of outputFiles) files.set(relative(outDir, file.path), file.contents);
  const isEntry = ([, made]: [string, { entryPoint?: string }]): boolean =>
    made.entryPoint !== undefined && resolve(made.entryPoint) === join(viewerDir, entry);
  const [path = ""] = Object.entries(metafile.outputs).find(isEntry) ?? [];
  return `/${relative(outDir, resolve(path))}`;
}

/** A script that a page includes as it stands: no module, nothing loaded later, its names on `window` alone. */
async function bundlePlainScript(entry: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(viewerDir, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    logLevel: "error",
  });
  const [script] = outputFiles;
  if (script === undefined) throw new Error(`${entry} was built to nothing.`);
  return script.contents;
}

function readSwagger(name: string): Promise<Uint8Array> {
  return readFile(join(swaggerDir, name));
}

/** Adds a file under a name that changes with its content, so that it can be cached for ever; answers its URL. */
function addHashed(files: Files, name: string, content: Uint8Array): string {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
  const path = `assets/${name.replace(/(\.\w+)$/, `-${hash}$1`)}`;
  files.set(path, content);
  return `/${path}`;
}

/** A page with its `{{name}}` replaced by the URLs of its files. */
async function fillPage(page: string, values: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const source = page === "index.html" ? "index.html" : "docs/docs.html";
  const text = await readFile(join(viewerDir, source), "utf8");
  return new TextEncoder().encode(
    text.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole),
  );
}

async function writeIfChanged(path: string, content: Uint8Array): Promise<boolean> {
  const target = join(outDir, path);
  const existing = await readFile(target).catch(() => null);
  if (existing !== null && Buffer.compare(existing, content) === 0) return false;
  await mkdir(dirname(target), { recursive: true });
  const draft = `${target}.${process.pid}.tmp`;
  await writeFile(draft, content);
  await rename(draft, target);
  return true;
}

async function removeOthers(files: Files): Promise<boolean> {
  let removed = false;
  for (const found of await readdir(outDir, { recursive: true, withFileTypes: true })) {
    const path = relative(outDir, join(found.parentPath, found.name));
    // A draft belongs to a build that runs beside this one.
    if (!found.isFile() || files.has(path) || path.endsWith(".tmp")) continue;
    await rm(join(outDir, path), { force: true });
    removed = true;
  }
  return removed;
}

if (import.meta.main) await buildAssets();
