import { basename, dirname } from "node:path";
import { build, formatMessages } from "esbuild";
import { CliError } from "../exit.ts";

/** The entrypoint under which the uncompressed listener reaches the Worker. */
export const FRONT = "Front";

/**
 * Bundles the Worker into one module, in memory. Its fetch handler is exported a second time, as an entrypoint
 * with a name: a listener that leads to the default one goes through the assets' router, which grants
 * compression to every socket.
 */
export async function bundleWorker(entry: string): Promise<string> {
  const module = JSON.stringify(`./${basename(entry)}`);
  const result = await build({
    stdin: {
      contents: `export * from ${module}; export { default, default as ${FRONT} } from ${module};`,
      resolveDir: dirname(entry),
      sourcefile: "entry.js",
    },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    external: ["cloudflare:*", "node:*"],
    define: { "process.env.NODE_ENV": '"production"' },
    keepNames: true,
    sourcemap: "inline",
    logLevel: "silent",
  }).catch(async (error: unknown) => {
    throw new CliError(`The Worker does not bundle:\n${await describe(error)}`);
  });
  return result.outputFiles[0]?.text ?? "";
}

async function describe(error: unknown): Promise<string> {
  const { errors } = Object(error);
  if (!Array.isArray(errors)) return String(error);
  return (await formatMessages(errors, { kind: "error" })).join("").trim();
}
