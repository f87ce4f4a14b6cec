import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import {
  agentFrameRules,
  auditActions,
  closeCodes,
  closeMeanings,
  gapReasons,
  type Limit,
  limitTable,
  pongText,
  problemTable,
  problemTitles,
  producerFrameRules,
  viewerFrameRules,
} from "../../protocol/mod.ts";
import { downFrame, upFrame } from "../../protocol/schemas/mod.ts";
import { settingTable } from "../../worker/core/settings.ts";
import { readTree, root, treePaths } from "../tree/files.ts";

/** The tables of `docs/PROTOCOL.md` that are made from the code, by the name in their marks. */

export const documentPath = `${root}/docs/PROTOCOL.md`;

/** The gateway's source without the tables and schemas, which name things that nothing does. */
const gatewaySource = [
  pongText,
  ...readTree(treePaths().filter((path) => /^(?:worker|protocol)\/.*\.ts$/.test(path) && !isTable(path))).map(
    ({ source }) => source,
  ),
].join("\n");

function isTable(path: string): boolean {
  const tables = [
    "protocol/audit.ts",
    "protocol/codes.ts",
    "protocol/code_texts.ts",
    "protocol/decode_down.ts",
    "protocol/frames/",
    "protocol/schemas/",
  ];
  return tables.some((table) => path.startsWith(table));
}

function isInSource(pattern: string): boolean {
  return new RegExp(pattern).test(gatewaySource);
}

type Row = readonly (string | number)[];

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string =>
    `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

const code = (text: string | number): string => `\`${text}\``;
/** The entries of a table whose names the types know. */
function entriesOf<Name extends string, Value>(record: Readonly<Record<Name, Value>>): [Name, Value][] {
  return Object.entries(record) as [Name, Value][];
}
const grouped = (value: number): string => value.toLocaleString("en");

function closeCodeTable(): string {
  const rows = entriesOf(closeCodes).map(([name, close]) => [close.code, closeMeanings[name], close.client]);
  return table(["code", "meaning", "a client does"], rows);
}

function problemTableText(): string {
  const rows = entriesOf(problemTable).map(([name, { status, close }]) => [
    code(name),
    status,
    close,
    problemTitles[name],
  ]);
  return table(["code", "HTTP status", "close code", "title"], rows);
}

function limitTableText(): string {
  const rows = Object.entries<Limit>(limitTable).map(([name, { value, unit, reason }]) => [
    code(name),
    grouped(value),
    unit,
    reason,
  ]);
  return table(["limit", "value", "unit", "reason"], rows);
}

function auditTableText(): string {
  const rows = Object.entries(auditActions).map(([name, meaning]) => [code(name), meaning]);
  return table(["action", "recorded when"], rows);
}

type Setting = (typeof settingTable)[keyof typeof settingTable];

function settingTableText(): string {
  const rows = Object.entries<Setting>(settingTable).map(([name, setting]) => [
    code(name),
    setting.default === "" ? "empty" : code(String(setting.default)),
    allowedFor(setting),
    setting.meaning,
  ]);
  return table(["setting", "default", "allowed", "meaning"], rows);
}

function allowedFor(setting: Setting): string {
  switch (setting.type) {
    case "number":
      return `an integer from ${grouped(setting.min)} to ${grouped(setting.max)} (${setting.unit})`;
    case "flag":
      return "`true` or `false`";
    case "text":
      return setting.allowed;
  }
}

export const upTypes: readonly string[] = upFrame.options.map((frame) => frame.shape.type.value);
export const downTypes: readonly string[] = downFrame.options.map((frame) => frame.shape.type.value);

function isTaken(type: string): boolean {
  return [viewerFrameRules, producerFrameRules, agentFrameRules].some((rules) => Object.hasOwn(rules, type));
}

/** What the tables and schemas name and the gateway never does, by how its source would say it. */
export const reserved = {
  "frames up": upTypes.filter((type) => !isTaken(type)),
  "frames down": downTypes.filter((type) => !isInSource(`(?:type|"type"): ?"${type}"`)),
  "gap reasons": gapReasons.filter((reason) => !isInSource(`reason: "${reason}"`)),
  "problem codes": Object.keys(problemTable).filter(
    (name) => !isInSource(`(?:refuse(?:<\\w+>)?\\(\\s*|code: )"${name}"`),
  ),
  "audit actions": Object.keys(auditActions).filter((name) => !isInSource(`"${name}"`)),
  // Read as a property; their own table has them as keys.
  settings: Object.keys(settingTable).filter((name) => !isInSource(`(?:\\.|[{,] )${name}\\b`)),
} as const;

function reservedText(): string {
  const line = ([what, names]: [string, readonly string[]]): string =>
    `- ${what}: ${names.length === 0 ? "none" : names.map(code).join(", ")}`;
  return Object.entries<readonly string[]>(reserved).map(line).join("\n");
}

export const generated: Readonly<Record<string, () => string>> = {
  "close codes": closeCodeTable,
  "problem codes": problemTableText,
  "audit actions": auditTableText,
  limits: limitTableText,
  settings: settingTableText,
  reserved: reservedText,
};

const block = /<!-- generated: ([a-z ]+) -->\n[\s\S]*?<!-- end -->/g;

/** The names in a document's marks. */
export function blockNames(document: string): string[] {
  return [...document.matchAll(block)].map(([, name = ""]) => name);
}

/** The document with its generated tables as the code has them now. */
export function withTables(document: string): string {
  return document.replace(block, (_, name: string) => {
    const make = generated[name];
    if (make === undefined) throw new Error(`No table is called ${name}.`);
    return `<!-- generated: ${name} -->\n\n${make()}\n\n<!-- end -->`;
  });
}

const isRun = process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href;
if (isRun) {
  const text = withTables(readFileSync(documentPath, "utf8"));
  if (process.argv.includes("--write")) writeFileSync(documentPath, text);
  else process.stdout.write(text);
}
