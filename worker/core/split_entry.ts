import {
  codePointBytes,
  type Entry,
  jsonCodePointBytes,
  type LogEntry,
  limits,
  ok,
  type Result,
  refuse,
  splitLines,
  utf8Bytes,
} from "../../protocol/mod.ts";

/** Bytes of UTF-8 that no UTF-16 unit exceeds, in text and as JSON.stringify writes it. */
const maxUnitBytes = 3;
const maxJsonUnitBytes = 6;

/**
 * Whether an entry fits as it is, when its JSON has `jsonBytes`. Short lines are told apart without counting.
 */
export function fitsWhole(entry: Entry, jsonBytes: number): boolean {
  if (jsonBytes > limits.entryBytes) return false;
  if (entry.kind === "event" || entry.line.length * maxUnitBytes <= limits.lineBytes) return true;
  return utf8Bytes(entry.line) <= limits.lineBytes;
}

/**
 * The lines that an entry's text is, as entries: one that ends its line with `\n` or `\r\n`, or holds several,
 * says what as many entries say. Fields, progress and step stay with the first.
 */
export function* linesOf(entry: Entry): Iterable<Entry> {
  if (entry.kind === "event" || !entry.line.includes("\n")) {
    yield entry;
    return;
  }
  const lines = splitLines(entry.line);
  const isCutOff = entry.more === true && !entry.line.endsWith("\n");
  const { more: _, ...first } = entry;
  // One at a time: a body may hold millions of them, and the batch's limit ends that.
  for (const [i, line] of lines.entries()) {
    const goesOn = isCutOff && i === lines.length - 1;
    yield { ...(i === 0 ? first : continuationOf(entry)), line, ...(goesOn && { more: true as const }) };
  }
}

/**
 * Splits an entry whose line is too long into entries that fit, between code points, all but the last with
 * `more: true` (the last too, where the whole one had it). Fields, progress and step stay with the first.
 */
export function splitEntry(entry: Entry, where: string): Result<LogEntry[]> {
  const head = entry.kind === "log" ? { ...entry, line: "", more: true as const } : entry;
  const headBytes = utf8Bytes(JSON.stringify(head));
  if (head.kind === "event" || headBytes + maxJsonUnitBytes * 2 > limits.entryBytes) {
    return refuse(
      "entry_too_large",
      `${where} has ${headBytes.toLocaleString("en")} bytes of JSON ${head.kind === "log" ? "beside its line " : ""}and the limit is ${limits.entryBytes.toLocaleString("en")}.`,
      { expected: limits.entryBytes, received: headBytes },
    );
  }
  return ok(cutLine(entry as LogEntry, headBytes));
}

function cutLine(entry: LogEntry, headBytes: number): LogEntry[] {
  const { line } = entry;
  const parts: LogEntry[] = [];
  let rest = { ...entry, line: "" };
  let jsonBytes = limits.entryBytes - headBytes;
  for (let start = 0; start < line.length; ) {
    const end = pieceEnd(line, start, limits.lineBytes, jsonBytes);
    parts.push(partOf(rest, line.slice(start, end), end < line.length || entry.more === true));
    start = end;
    rest = continuationOf(entry);
    // Long stage names and escapes cost less than a line's worst case, so a continuation always has room.
    jsonBytes = limits.entryBytes - utf8Bytes(JSON.stringify({ ...rest, more: true }));
  }
  return parts;
}

function continuationOf({ kind, ts, level, stage, stream }: LogEntry): LogEntry {
  return {
    kind,
    ts,
    level,
    line: "",
    ...(stage !== undefined && { stage }),
    ...(stream !== undefined && { stream }),
  };
}

function partOf({ more: _, ...rest }: LogEntry, line: string, goesOn: boolean): LogEntry {
  return { ...rest, line, ...(goesOn && { more: true }) };
}

/** Where the piece that begins at `start` ends: as far as both its UTF-8 and its JSON fit. */
function pieceEnd(line: string, start: number, maxBytes: number, maxJsonBytes: number): number {
  let bytes = 0;
  let jsonBytes = 0;
  let end = start;
  while (end < line.length) {
    const codePoint = line.codePointAt(end) ?? 0;
    bytes += codePointBytes(codePoint);
    jsonBytes += jsonCodePointBytes(codePoint);
    if (bytes > maxBytes || jsonBytes > maxJsonBytes) break;
    end += codePoint > 0xffff ? 2 : 1;
  }
  return end;
}
