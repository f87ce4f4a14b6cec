import { describe, expect, test } from "vitest";
import { readTree, topNames, treePaths } from "./files.ts";
import { importsOf } from "./imports.ts";
import { layerViolations } from "./layers.ts";

describe("the tree", () => {
  test("[LAY1] keeps its layers", async () => {
    const files = readTree(treePaths().filter((path) => /\.(?:tsx?|mjs)$/.test(path)));
    expect(files.length).toBeGreaterThan(20);
    expect(await layerViolations(files)).toEqual([]);
  });

  test("[LAY2] has at its top the user's names, and what tools force", () => {
    const users = [
      "worker",
      "client",
      "protocol",
      "docs",
      "test",
      "wrangler.toml",
      "package.json",
      "README.md",
    ];
    const forced = [
      ".ci",
      ".github",
      ".gitignore",
      ".npmrc",
      "LICENSE",
      "biome.json",
      "package-lock.json",
      "tsconfig.base.json",
      "vitest.config.ts",
    ];
    const allowed = new Set([...users, ...forced]);
    expect(topNames().filter((name) => !allowed.has(name))).toEqual([]);
  });
});

describe("the look at imports", () => {
  test("[LAY3] sees every form, with types, and nothing in comments and strings", async () => {
    const source = [
      'import a from "./a.ts";',
      'import type { B } from "./b.ts";',
      'import type C from "./c.ts";',
      'import { type D } from "./d.ts";',
      'import "./e.ts";',
      'export * from "./f.ts";',
      'export type { G } from "./g.ts";',
      'export type * from "./h.ts";',
      'export const i = import("./i.ts");',
      'export type J = import("./j.ts").J;',
      'import {\n  k,\n  type K,\n} from "./k.ts";',
      'import type * as l from "./l.ts";',
      '// import m from "./m.ts";',
      '/*\nimport n from "./n.ts";\n*/',
      "export const text = `\nimport o from './o.ts';\n`;",
      "type P = B; export type { P };",
    ].join("\n");
    const found = await importsOf([{ path: "client/sdk/x.ts", source }]);
    const names = [...new Set(found.map(({ to }) => to))].sort();
    expect(names).toEqual([..."abcdefghijkl"].map((name) => `client/sdk/${name}.ts`));
  });
});

describe("a violation is found", () => {
  test.each([
    ["protocol/x.ts", 'import { z } from "zod";', "imports zod"],
    ["protocol/x.ts", 'import { entry } from "./schemas/entry.ts";', "imports protocol/schemas/entry.ts"],
    [
      "protocol/x.ts",
      'export type { Env } from "../worker/objects/env.ts";',
      "imports worker/objects/env.ts",
    ],
    ["protocol/frames/x.ts", 'import { ok } from "../mod.ts";', "the door of its own folder"],
    ["protocol/schemas/x.ts", 'import { Hono } from "hono";', "imports hono"],
    ["worker/core/x.ts", 'import { env } from "cloudflare:workers";', "imports cloudflare:workers"],
    ["worker/core/x.ts", 'import { readFile } from "node:fs";', "imports node:fs"],
    ["worker/core/x.ts", 'import type { Env } from "../objects/env.ts";', "imports worker/objects/env.ts"],
    ["worker/core/x.ts", 'type Env = import("../objects/env.ts").Env;', "imports worker/objects/env.ts"],
    [
      "worker/core/x.ts",
      'import { entry } from "../../protocol/schemas/mod.ts";',
      "imports protocol/schemas/mod.ts",
    ],
    ["worker/objects/x.ts", 'import { app } from "../routes/mod.ts";', "imports worker/routes/mod.ts"],
    ["worker/objects/x.ts", 'import { z } from "zod";', "imports zod"],
    ["worker/routes/x.ts", 'import "../../client/sdk/mod.ts";', "imports client/sdk/mod.ts"],
    ["worker/routes/x.ts", 'import { x } from "zodiac";', "imports zodiac"],
    ["worker/tools/x.ts", "export const x = 1;", "lies in no room"],
    ["client/sdk/x.ts", 'import { join } from "node:path";', "imports node:path"],
    ["client/sdk/x.ts", 'export const x = import("../cli/main.ts");', "imports client/cli/main.ts"],
    ["client/sdk/x.ts", 'import { ok } from "./mod.ts";', "the door of its own folder"],
    ["client/viewer/x.tsx", 'import { z } from "zod";\nexport const X = () => <p>don\'t</p>;', "imports zod"],
    [
      "client/viewer/x.ts",
      'import type { R } from "../../worker/core/contract.ts";',
      "imports worker/core/contract.ts",
    ],
    ["client/cli/x.ts", 'import { app } from "../viewer/app.ts";', "imports client/viewer/app.ts"],
    ["client/cli/x.ts", 'import app from "../../worker/mod.ts";', "imports worker/mod.ts"],
    ["client/cli/x.mjs", 'import "../../test/tree/files.ts";', "imports test/tree/files.ts"],
    ["worker/core/x.ts", "export const x = Date.now();", "reads a clock: Date.now"],
    ["worker/core/x.ts", "export const x = new Date();", "reads a clock: new Date()"],
    ["worker/core/x.ts", "export const x = performance.now();", "reads a clock: performance"],
    ["worker/core/x.ts", `export const x = \`\${Date.now()} ms\`;`, "reads a clock: Date.now"],
    ["worker/core/x.ts", "export const x = Math.random();", "takes chance: Math.random"],
    ["worker/core/x.ts", "export const x = crypto.randomUUID();", "takes chance: crypto"],
    ["worker/core/x.ts", "setTimeout(() => {}, 1);", "sets a timer: setTimeout"],
    ["protocol/x.ts", "export async function x() {}", "waits (async, await): async"],
    ["protocol/x.ts", "export const x = await y;", "waits (async, await): await"],
    ["protocol/x.ts", "export const x = Buffer.from('');", "reaches for the platform: Buffer"],
  ])("[LAY4] %s: %s", async (path, source, sentence) => {
    const violations = await layerViolations([{ path, source }]);
    expect(violations).toEqual([expect.stringContaining(sentence)]);
    expect(violations[0]).toContain(path);
  });

  test.each([
    ["protocol/x.ts", 'import { ok } from "./codes.ts";\n// await Date.now()\nexport const x = "await";'],
    ["protocol/schemas/x.ts", 'import { z } from "zod";\nimport { limits } from "../limits.ts";'],
    ["worker/core/x.ts", 'import { ok } from "../../protocol/mod.ts";\nexport const at = new Date(5);'],
    ["worker/core/x.ts", "export interface Calls { read(): Promise<void>; fetch: string }"],
    ["worker/objects/x.ts", 'import { DurableObject } from "cloudflare:workers";\nawait 1;'],
    ["worker/routes/x.ts", 'import { createFactory } from "hono/factory";'],
    ["worker/mod.ts", 'export { default } from "./routes/mod.ts";'],
    ["client/viewer/build.ts", 'import { build } from "esbuild";\nimport "node:fs/promises";'],
    [
      "client/viewer/components/X.tsx",
      'import { useRef } from "preact/hooks";\nexport const X = () => <p>a</p>;',
    ],
    [
      "client/cli/x.ts",
      'import { buildAssets } from "../viewer/build.ts";\nimport { join } from "node:path";',
    ],
    ["test/core/x.ts", 'import { DurableObject } from "anything";'],
  ])("[LAY5] and what is allowed is none: %s: %s", async (path, source) => {
    expect(await layerViolations([{ path, source }])).toEqual([]);
  });
});
