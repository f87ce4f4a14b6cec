import { readFileSync } from "node:fs";
import { documentPath } from "./doc_tables.ts";

/** `docs/PROTOCOL.md`, and what its tables say. */

export const document = readFileSync(documentPath, "utf8");

/** The text under a heading, up to the next one of its level. */
function section(heading: string): string {
  const start = document.indexOf(`\n## ${heading}\n`);
  if (start < 0) throw new Error(`The document has no section ${heading}.`);
  const end = document.indexOf("\n## ", start + 1);
  return document.slice(start, end < 0 ? undefined : end);
}

/** The cells of a section's table rows without its head, back quotes taken off. */
export function rowsOf(heading: string): string[][] {
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

/** `name field` of each field; the name alone for what has none. */
export function told(name: string, fields: readonly string[]): string[] {
  return fields.length === 0 ? [name] : fields.map((field) => `${name} ${field}`);
}
