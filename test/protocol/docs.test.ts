import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { dialectA } from "../../protocol/dialects/a.ts";
import { type EndFrame, type ErrorFrame, type GapFrame, pongText } from "../../protocol/mod.ts";
import { appendEventEntry, appendLogEntry, downFrame, upFrame } from "../../protocol/schemas/mod.ts";
import { directSocketQuery } from "../../protocol/schemas/rest/socket.ts";
import { readTree, root, treePaths } from "../tree/files.ts";
import { blockNames, documentPath, generated, reserved, withTables } from "./doc_tables.ts";

const document = readFileSync(documentPath, "utf8");

/** The text under a heading, up to the next one of its level. */
function section(heading: string): string {
  const start = document.indexOf(`\n## ${heading}\n`);
  if (start < 0) throw new Error(`The document has no section ${heading}.`);
  const end = document.indexOf("\n## ", start + 1);
  return document.slice(start, end < 0 ? undefined : end);
}

/** The cells of a section's table rows without its head, back quotes taken off. */
function rowsOf(heading: string): string[][] {
  const lines = section(heading)
    .split("\n")
    .filter((line) => line.startsWith("| "));
  return lines.slice(1).map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

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

function told(name: string, fields: readonly string[]): string[] {
  return fields.length === 0 ? [name] : fields.map((field) => `${name} ${field}`);
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

  test("[DOC5] names exactly the fields of dialect A's frames", () => {
    const rows = rowsOf("Dialect A: build logs").filter(([direction]) => direction === "down");
    const names = rows.map(([, frame, field = ""]) => `${frame} ${field.replace("?", "")}`.trim());
    expect(names.toSorted()).toEqual(framesOfA().toSorted());
  });

  test("[DOC6] names exactly the query of a direct socket", () => {
    const row = rowsOf("Endpoints").find(([route]) => route === "GET /ws/channels/:kind/:id");
    expect(row?.[2]?.split(", ")).toEqual(Object.keys(directSocketQuery.shape));
  });
});

/** `frame field` of everything that dialect A can send, with every optional field there. */
function framesOfA(): string[] {
  const channel = "build/1";
  const gap: GapFrame = { type: "gap", channel, from: 1, to: 2, count: 2, reason: "slow" };
  const end: EndFrame = {
    type: "end",
    channel,
    cursor: 2,
    status: "failure",
    lines: 2,
    bytes: 4,
    crc32: "00000000",
    exitCode: 2,
    signal: "SIGTERM",
    message: "ended",
  };
  const error: ErrorFrame = { type: "error", code: "forbidden", message: "No.", expected: "read:build/1" };
  const speech = dialectA.speak({}, () => 0);
  if (!speech.ok) throw new Error(speech.problem.message);
  const reading = speech.value.read("1", channel);
  const line = { kind: "log", ts: 1, level: "info", line: "a", stage: "s", fields: {} } as const;
  const event = { kind: "event", ts: 1, event: "e", data: null, nodeId: "n" } as const;
  const parts = [reading.encode(line, 1), reading.encode(event, 2)].map((piece) => piece?.part);
  const texts = [
    ...reading.frames(parts),
    ...reading.gap(gap),
    ...reading.end(end).frames,
    speech.value.encodeError(error, "1"),
    pongText,
  ];
  const names = texts.flatMap((text) => {
    const { type, ...fields } = JSON.parse(text) as { type: string };
    return told(type, Object.keys(fields));
  });
  return [...new Set(names)];
}

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
