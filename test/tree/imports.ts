import { posix } from "node:path";
import { build, type Loader, type Plugin } from "esbuild";
import type { SourceFile } from "./files.ts";

/** One import of a file: a path from the root for our own files, else the name as written. */
export interface Import {
  readonly from: string;
  readonly to: string;
  readonly isOurs: boolean;
}

/**
 * Everything that the files import, as esbuild's parser sees it: statements, re-exports and `import()`. Types
 * count too: their `type` is taken out before, and a type's `import("…")` is looked for by itself.
 */
export async function importsOf(files: readonly SourceFile[]): Promise<Import[]> {
  const found: Import[] = files.flatMap(({ path, source }) =>
    [...source.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g)].map((match) =>
      importOf(path, match[1] ?? ""),
    ),
  );
  await build({
    entryPoints: files.map(({ path }) => path),
    bundle: true,
    write: false,
    outdir: "unused",
    format: "esm",
    logLevel: "silent",
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true, jsx: "preserve" } },
    plugins: [recorder(files, (from, to) => found.push(importOf(from, to)))],
  });
  return found;
}

function recorder(files: readonly SourceFile[], record: (from: string, to: string) => void): Plugin {
  const sources = new Map(files.map(({ path, source }) => [path, source]));
  return {
    name: "record-imports",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /.*/ }, ({ kind, path, importer }) => {
        // esbuild writes the path of a file that is there with ./ before it.
        if (kind === "entry-point") return { path: posix.normalize(path), namespace: "tree" };
        record(importer, path);
        return { path, external: true };
      });
      onLoad({ filter: /.*/, namespace: "tree" }, ({ path }) => ({
        contents: withTypesAsValues(sources.get(path) ?? ""),
        loader: loaderOf(path),
      }));
    },
  };
}

export function loaderOf(path: string): Loader {
  return path.endsWith(".tsx") ? "tsx" : path.endsWith(".ts") ? "ts" : "js";
}

/** Types are erased before imports are looked at: without the word they are kept. */
function withTypesAsValues(source: string): string {
  return source
    .replaceAll(/\bimport\s+type(?=\s*[{*]|\s+[\w$]+\s+from\b)/g, "import")
    .replaceAll(/\bexport\s+type(?=\s*(?:\*|\{[^}]*\}\s*from\b))/g, "export");
}

function importOf(from: string, written: string): Import {
  const isOurs = written.startsWith(".");
  return { from, isOurs, to: isOurs ? posix.join(posix.dirname(from), written) : written };
}
