import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";

/** The files that end in a browser's bundle of one of our doors, as paths from the root. */
async function bundled(door: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: {
      contents: `export * from "./${door}";`,
      resolveDir: fileURLToPath(new URL("../..", import.meta.url)),
    },
    bundle: true,
    format: "esm",
    metafile: true,
    write: false,
    absWorkingDir: fileURLToPath(new URL("../..", import.meta.url)),
  });
  return Object.keys(metafile.inputs);
}

test("[BUN1] a browser's bundle of protocol/mod.ts holds no zod and no schemas", async () => {
  const inputs = await bundled("protocol/mod.ts");
  expect(inputs).toContain("protocol/decode_down.ts");
  expect(inputs.filter((path) => path.includes("node_modules") || path.includes("protocol/schemas"))).toEqual(
    [],
  );
});

test("[BUN2] the same look at the schemas' door finds zod: the test above can fail", async () => {
  const inputs = await bundled("protocol/schemas/mod.ts");
  expect(inputs.some((path) => path.startsWith("node_modules/zod/"))).toBe(true);
});
