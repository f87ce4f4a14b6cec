import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { appendEventEntry, appendLogEntry, downFrame, upFrame } from "../../protocol/schemas/mod.ts";
import { directSocketQuery } from "../../protocol/schemas/rest/socket.ts";
import { readTree, root, treePaths } from "../tree/files.ts";
import { blockNames, generated, reserved, withTables } from "./doc_tables.ts";
import { document, rowsOf, told } from "./document.ts";

/** The fields of an object's schema, those that may be left out with `?`. */
function fieldsOf(schema: z.ZodType): string[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return Object.keys(properties)
    .map((name) => (required.includes(name) ? name : `${name}?`))
    .filter((name) => name !== "type");
}

/** `name field` of each row; a name alone for what has no fields. */
function documented(rows: readonly string[][]): string[] {
  return rows.map(([name, field]) => `${name} ${field}`.trim());
}

describe("docs/PROTOCOL.md", () => {
  test("[DOC1] has its generated tables as the code has them (npx node test/protocol/doc_tables.ts --write)", () => {
    expect(blockNames(document).toSorted()).toEqual(Object.keys(generated).toSorted());
    expect(withTables(document)).toBe(document);
  });

  test("[DOC2] a table that differs by a digit is noticed", () => {
    const changed = document.replace("| `batchEntries` | 5,000 |", "| `batchEntries` | 5,001 |");
    expect(changed).not.toBe(document);
    expect(withTables(changed)).toBe(document);
  });

  test.each([
    { heading: "Frames up", frames: upFrame.options, left: reserved["frames up"] },
    { heading: "Frames down", frames: downFrame.options, left: reserved["frames down"] },
  ])("[DOC3] names under $heading exactly the frames that are spoken, with their fields", (table) => {
    const spoken = table.frames.filter(({ shape }) => !table.left.includes(shape.type.value));
    const expected = spoken.flatMap((frame) => told(frame.shape.type.value, fieldsOf(frame)));
    expect(documented(rowsOf(table.heading)).toSorted()).toEqual(expected.toSorted());
  });

  test("[DOC4] names exactly the fields of entries as producers send them", () => {
    const expected = [...told("log", fieldsOf(appendLogEntry)), ...told("event", fieldsOf(appendEventEntry))];
    expect(documented(rowsOf("Entries"))).toEqual(expected);
  });

  test("[DOC6] names exactly the query of a direct socket", () => {
    const row = rowsOf("Endpoints").find(([route]) => route === "GET /ws/channels/:kind/:id");
    expect(row?.[2]?.split(", ")).toEqual(Object.keys(directSocketQuery.shape));
  });
});

const rules = [...document.matchAll(/^- \*\*\[([A-Z]+\d+)\]\*\* ([\s\S]*?)(?=\n- |\n\n)/gm)].map(
  ([, id = "", text = ""]) => ({ id, text }),
);

/** The tests that a rule names: their ids, and files. */
function testsOf(text: string): { ids: string[]; files: string[] } {
  const list = /Tests: ([^\n]*(?:\n {2}[^\n]*)*)\.$/.exec(text)?.[1] ?? "";
  const names = list.split(/,\s+/).filter((name) => name !== "");
  return {
    ids: names.filter((name) => !name.startsWith("`")),
    files: names.filter((name) => name.startsWith("`")).map((name) => name.replaceAll("`", "")),
  };
}

describe("the rules of docs/PROTOCOL.md", () => {
  const sources = readTree(treePaths("test").filter((path) => path.endsWith(".ts")));
  const testIds = new Set(
    sources.flatMap(({ source }) => [...source.matchAll(/["'`]\[([A-Z]+\d+)\] /g)].map(([, id]) => id)),
  );

  test("[DOC7] each has an id of its own, which is no test's", () => {
    const ids = rules.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(60);
    expect(ids.length).toBe([...document.matchAll(/\*\*\[[A-Z]+\d+\]\*\*/g)].length);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => testIds.has(id))).toEqual([]);
  });

  test("[DOC8] the tests that they name exist", () => {
    const named = rules.map(({ text }) => testsOf(text));
    const ids = named.flatMap((tests) => tests.ids);
    expect(ids.length).toBeGreaterThan(60);
    expect(ids.filter((id) => !testIds.has(id))).toEqual([]);
    const files = named.flatMap((tests) => tests.files);
    expect(files.filter((path) => !existsSync(`${root}/${path}`))).toEqual([]);
  });

  test("[DOC9] links lead to sections, and every rule names a test", () => {
    const anchors = [...document.matchAll(/^## (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/g, "")
        .replaceAll(" ", "-"),
    );
    const links = [...document.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((anchor) => anchor === undefined || !anchors.includes(anchor))).toEqual([]);
    const bare = rules.filter(({ text }) => !text.includes("Tests: ")).map(({ id }) => id);
    expect(bare).toEqual([]);
  });
});

describe("every document", () => {
  const documents = treePaths().filter((path) => path.endsWith(".md"));

  test.each(readTree(documents))("[DOC12] $path has no table rows without their head", ({ source }) => {
    const tables = source
      .replaceAll(/^```[\s\S]*?^```$/gm, "")
      .split(/\n(?!\|)/)
      .map((block) => block.split("\n").filter((line) => line.startsWith("|")))
      .filter((rows) => rows.length > 0);
    expect(tables.filter(([, rule = ""]) => !/^\|[-| :]+\|$/.test(rule))).toEqual([]);
  });
});
