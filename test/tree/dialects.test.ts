import { expect, test } from "vitest";
import { readTree, treePaths } from "./files.ts";
import { importsOf } from "./imports.ts";

test.each([
  { type: "Dialect", table: "protocol/dialects/dialects.ts", least: 5 },
  { type: "AgentDialect", table: "protocol/dialects/agent_dialects.ts", least: 1 },
])(
  "[LAY6] a $type is one file and one line in the table: nothing else names it",
  async ({ type, table, least }) => {
    const declared = new RegExp(`^export const \\w+: ${type} = `, "m");
    const files = readTree(treePaths().filter((path) => /^(?:worker|protocol|client)\/.*\.tsx?$/.test(path)));
    const own = files.filter(({ source }) => declared.test(source)).map(({ path }) => path);
    expect(own.length).toBeGreaterThanOrEqual(least);
    expect(own.filter((path) => !path.startsWith("protocol/dialects/"))).toEqual([]);
    const imports = (await importsOf(files)).filter(({ to }) => own.includes(to));
    expect(new Set(imports.map(({ from }) => from))).toEqual(new Set([table]));
    expect(new Set(imports.map(({ to }) => to))).toEqual(new Set(own));
  },
);
