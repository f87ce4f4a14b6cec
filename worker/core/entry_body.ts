import {
  decodeEntry,
  type Entry,
  type EntryDefaults,
  limits,
  ok,
  parseObject,
  quote,
  type Result,
  refuse,
  splitLines,
} from "../../protocol/mod.ts";

/** The forms in which a producer may send entries over HTTP. */
export type BodyForm = "ndjson" | "json" | "text";

/** What each media type holds; also the list that a refusal names. */
export const bodyForms: Readonly<Record<string, BodyForm>> = {
  "application/x-ndjson": "ndjson",
  "application/json": "json",
  "text/plain": "text",
};

const decoders = {
  keepMark: new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }),
  dropMark: new TextDecoder("utf-8"),
};

/**
 * A body's text. Invalid UTF-8 becomes U+FFFD. A byte order mark belongs to a plain text's first line, and is
 * no part of JSON.
 */
export function decodeBody(bytes: Uint8Array, form: BodyForm): string {
  return (form === "text" ? decoders.keepMark : decoders.dropMark).decode(bytes);
}

/** The entries of a body, in order, each checked and with its defaults. At least one, at most a batch's. */
export function readEntries(text: string, form: BodyForm, defaults: EntryDefaults): Result<Entry[]> {
  switch (form) {
    case "ndjson":
      return readNdjson(text, defaults);
    case "json":
      return readJsonBody(text, defaults);
    case "text":
      return readLines(text, defaults);
  }
}

function readNdjson(text: string, defaults: EntryDefaults): Result<Entry[]> {
  const lines = splitLines(text).filter((line) => line !== "");
  const count = checkCount(lines.length);
  if (!count.ok) return count;
  const entries: Entry[] = [];
  for (const line of lines) {
    const where = `Entry ${entries.length + 1}`;
    const value = parseLine(line, where);
    if (!value.ok) return value;
    const entry = decodeEntry(value.value, defaults, where);
    if (!entry.ok) return entry;
    entries.push(entry.value);
  }
  return ok(entries);
}

function parseLine(line: string, where: string): Result<unknown> {
  try {
    return ok(JSON.parse(line));
  } catch {
    return refuse("malformed_json", `${where} is not JSON: it begins with ${quote(line.slice(0, 40))}.`);
  }
}

function readJsonBody(text: string, defaults: EntryDefaults): Result<Entry[]> {
  const body = parseObject(text, "The body");
  if (!body.ok) return body;
  const unknown = Object.keys(body.value).find((name) => name !== "entries");
  if (unknown !== undefined) {
    return refuse("unknown_field", `The body has an unknown field ${quote(unknown)}. Known fields: entries.`);
  }
  const sent = body.value["entries"];
  if (sent === undefined)
    return refuse("missing_field", "The body has no entries. Needed: a list of entries.");
  if (!Array.isArray(sent)) {
    return refuse("invalid_field", `The body has entries: ${quote(sent)}. Allowed: a list of entries.`);
  }
  return decodeEntries(sent, defaults);
}

/** Checks a list of entries that is parsed already: that of a JSON body or of an `append` frame. */
export function decodeEntries(sent: readonly unknown[], defaults: EntryDefaults): Result<Entry[]> {
  const count = checkCount(sent.length);
  if (!count.ok) return count;
  const entries: Entry[] = [];
  for (const value of sent) {
    const entry = decodeEntry(value, defaults, `Entry ${entries.length + 1}`);
    if (!entry.ok) return entry;
    entries.push(entry.value);
  }
  return ok(entries);
}

function readLines(text: string, { ts, level, stage }: EntryDefaults): Result<Entry[]> {
  const lines = splitLines(text);
  const count = checkCount(lines.length);
  if (!count.ok) return count;
  return ok(
    lines.map((line) => ({ kind: "log", ts, level, line, ...(stage !== undefined && { stage }) }) as const),
  );
}

const most = limits.batchEntries.toLocaleString("en");

/** The limit counts entries as they were sent, before long lines are split. */
function checkCount(entries: number): Result<true> {
  if (entries === 0) {
    return refuse("batch_empty", `The batch has no entries. Allowed: 1 to ${most}.`);
  }
  if (entries > limits.batchEntries) {
    const found = entries.toLocaleString("en");
    return refuse("too_many_entries", `The batch has ${found} entries and the limit is ${most}.`, {
      expected: limits.batchEntries,
      received: entries,
    });
  }
  return ok(true);
}
