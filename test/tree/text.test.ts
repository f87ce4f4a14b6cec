import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readTree, root, type SourceFile, treePaths } from "./files.ts";

/** What no text of the tree may hold. Written so that this file does not hold it either. */
const unwanted: readonly (readonly [RegExp, string])[] = [
  [
    /\bregistry\.(?:npmjs|yarnpkg|npmmirror)\b|\b(?:artifactor[y]|verdacci[o]|jfro[g])\b/i,
    "names a package registry",
  ],
  [/(?<![\w.*])\/(?:root|work|home\/[\w.-]+|Users\/[\w.-]+)\//, "names a path of one machine"],
  [/\b(?:TO[D]O|FIX[M]E|XX[X])\b/, "leaves something undone"],
];

/** One sentence for each unwanted thing, with its line. */
function unwantedIn({ path, source }: SourceFile): string[] {
  return unwanted.flatMap(([pattern, what]) => {
    const found = pattern.exec(source);
    if (found === null) return [];
    const line = source.slice(0, found.index).split("\n").length;
    return [`${path}:${line} ${what}: ${found[0]}`];
  });
}

/** Real captures are kept to the byte, and pictures are no text. */
function isOurText(path: string): boolean {
  return !path.startsWith("test/fixtures/") && !/\.(?:png|jpe?g|gif|webp|ico|woff2?)$/.test(path);
}

describe("the tree's text", () => {
  test("[TXT1] names no registry, no machine's path and nothing undone", () => {
    const files = readTree(treePaths().filter(isOurText));
    expect(files.map(({ path }) => path)).toContain("package-lock.json");
    expect(files.flatMap(unwantedIn)).toEqual([]);
  });

  test.each([
    [`"resolved": "https://${"registry"}.npmjs.org/zod"`, "names a package registry"],
    [`cd ${"/ro"}ot/project`, "names a path of one machine"],
    [`const file = "${"/ho"}me/ada/x";`, "names a path of one machine"],
    [`in ${"/wo"}rk/main`, "names a path of one machine"],
    [`// ${"TO"}DO: later`, "leaves something undone"],
    [`// ${"FIX"}ME`, "leaves something undone"],
  ])("[TXT2] %s is found, with its line", (line, what) => {
    expect(unwantedIn({ path: "x.md", source: `first\n${line}\n` })).toEqual([
      expect.stringMatching(new RegExp(`^x\\.md:2 ${what}: `)),
    ]);
  });

  test.each(["https://example.com/home/ada/x", "client/work/x", "./root/x", "a todo list"])(
    "[TXT3] %s is none of these",
    (source) => {
      expect(unwantedIn({ path: "x.md", source })).toEqual([]);
    },
  );
});

describe("what is not ours, or must be exact", () => {
  test("[TXT4] every folder of fixtures has a licence, unless it is our own", () => {
    const folders = readdirSync(`${root}/test/fixtures`).filter((folder) => folder !== "conversations");
    expect(folders.length).toBeGreaterThan(0);
    for (const folder of folders) {
      expect(readdirSync(`${root}/test/fixtures/${folder}`), folder).toContain("LICENSE");
    }
  });

  test("[TXT5] package.json names exact versions", () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
    const all = Object.entries<string>({ ...dependencies, ...devDependencies });
    expect(all.length).toBeGreaterThan(10);
    const inexact = all.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version));
    expect(inexact).toEqual([]);
  });
});
