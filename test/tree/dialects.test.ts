import { expect, test } from "vitest";
import { readTree, treePaths } from "./files.ts";
import { importsOf } from "./imports.ts";

const table = "protocol/dialects/dialects.ts";

test("[LAY6] a dialect is one file and one line in the table: nothing else names it", async () => {
  const files = readTree(treePaths().filter((path) => /^(?:worker|protocol|client)\/.*\.tsx?$/.test(path)));
  const own = files
    .filter(({ source }) => /^export const \w+: Dialect = /m.test(source))
    .map(({ path }) => path);
  expect(own.length).toBeGreaterThanOrEqual(4);
  expect(own.filter((path) => !path.startsWith("protocol/dialects/"))).toEqual([]);
  const imports = (await importsOf(files)).filter(({ to }) => own.includes(to));
  expect(new Set(imports.map(({ from }) => from))).toEqual(new Set([table]));
  expect(new Set(imports.map(({ to }) => to))).toEqual(new Set(own));
});
