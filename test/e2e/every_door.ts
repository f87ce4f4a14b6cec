import { crc32 } from "node:zlib";
import { expect } from "vitest";
import type { EndReceipt, HistoryEntry, SubscribeOptions } from "../../client/sdk/mod.ts";
import { limits } from "../../protocol/mod.ts";
import { linesByBytes, textOfLines } from "./line_oracle.ts";
import {
  download,
  entriesOfNdjson,
  type LineOfA,
  type OpenReading,
  readDialectA,
  readHistory,
  readHistoryAs,
  readHistoryBack,
  readNative,
  type SocketReading,
} from "./read_back.ts";
import type { Access } from "./send_lines.ts";

/** One channel read by every door, live and late, and what must be the same at all of them. */

/** Which doors are open to so much text. Dialect A is paced: a live reader of megabytes is told gaps. */
export interface Doors {
  /** Entries a page of history. */
  readonly pageLimit: number;
  readonly hasDialectA?: boolean;
}

interface Readings {
  readonly natives: readonly SocketReading[];
  readonly linesOfA: readonly LineOfA[] | null;
}

/** What was read while it came, and how it ended. */
export interface Live extends Readings {
  readonly end: EndReceipt;
}

function openReaders(
  access: Access,
  channel: string,
  { hasDialectA = true }: Doors,
  options: SubscribeOptions = {},
) {
  const natives = [
    readNative(access, channel, "shared", options),
    readNative(access, channel, "direct", options),
  ];
  const dialect = hasDialectA ? readDialectA(access, channel) : null;
  const all: readonly OpenReading<unknown>[] = dialect === null ? natives : [...natives, dialect];
  const done = async (): Promise<Readings> => ({
    natives: await Promise.all(natives.map((each) => each.done)),
    linesOfA: dialect === null ? null : (await dialect.done).lines,
  });
  return { all, done };
}

/** Fills a channel while its readers wait, and takes what they have got at its end. */
export async function withLiveReaders(
  access: Access,
  channel: string,
  doors: Doors,
  fill: () => Promise<EndReceipt>,
): Promise<Live> {
  const { all, done } = openReaders(access, channel, doors);
  return closing(all, async () => {
    await Promise.all(all.map(({ begun }) => begun));
    const end = await fill();
    return { end, ...(await done()) };
  });
}

/** Sockets that come after the end; the small window makes pages and acknowledgements of it. */
async function readLate(access: Access, channel: string, doors: Doors): Promise<Readings> {
  const { all, done } = openReaders(access, channel, doors, { maxWindowBytes: limits.windowMinBytes });
  return closing(all, done);
}

async function closing<T>(open: readonly OpenReading<unknown>[], use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } finally {
    for (const each of open) each.close();
  }
}

/** Every door gives these lines, exactly, and a proof that is that of the text. */
export async function checkEveryDoor(
  access: Access,
  channel: string,
  lines: readonly string[],
  live: Live,
  doors: Doors,
): Promise<void> {
  const text = await download(access, channel, "text");
  expectSameBytes(text, textOfLines(lines));
  const proof = { lines: lines.length, bytes: text.length, crc32: crcOf(text) };
  expect(live.end).toMatchObject(proof);
  const entries = entriesOfNdjson(await download(access, channel, "ndjson"));
  expectWhole(entries, lines);
  for (const readings of [live, await readLate(access, channel, doors)]) {
    for (const native of readings.natives) {
      expectSameEntries(native.entries, entries);
      expect(native.proof).toEqual({ state: "verified" });
      expect(native.end).toMatchObject({ cursor: entries.length, ...proof });
    }
    if (readings.linesOfA !== null) expectSameEntries(readings.linesOfA, entries.map(asLineOfA));
  }
  await checkHistory(access, channel, entries, text, doors.pageLimit);
}

async function checkHistory(
  access: Access,
  channel: string,
  entries: readonly HistoryEntry[],
  text: Buffer,
  limit: number,
): Promise<void> {
  expectSameEntries(await readHistory(access, channel, limit), entries);
  expectSameEntries(await readHistoryBack(access, channel, limit), entries);
  const ndjson = await readHistoryAs(access, channel, limit, "application/x-ndjson");
  expectSameEntries(entriesOfNdjson(ndjson), entries);
  expectSameBytes(await readHistoryAs(access, channel, limit, "text/plain"), text);
}

/** Cursors 1 to n, no entry past its limits, and the parts of a line joined are the line. */
function expectWhole(entries: readonly HistoryEntry[], lines: readonly string[]): void {
  expect(entries.map(({ cursor }) => cursor)).toEqual(entries.map((_, i) => i + 1));
  const joined = [""];
  for (const { cursor, ...entry } of entries) {
    if (entry.kind !== "log") throw new Error(`Cursor ${cursor} is an event`);
    expect(Buffer.byteLength(entry.line)).toBeLessThanOrEqual(limits.lineBytes);
    expect(Buffer.byteLength(JSON.stringify(entry))).toBeLessThanOrEqual(limits.entryBytes);
    joined.push(`${joined.pop()}${entry.line}`);
    if (entry.more !== true) joined.push("");
  }
  expect(joined.pop()).toBe("");
  expectSameEntries(joined, lines);
}

/** The first difference, and not megabytes of them. */
function expectSameEntries(found: readonly unknown[], expected: readonly unknown[]): void {
  const differs = expected.findIndex((each, i) => JSON.stringify(each) !== JSON.stringify(found[i]));
  if (differs >= 0)
    expect({ at: differs, is: found[differs] }).toEqual({ at: differs, is: expected[differs] });
  expect(found).toHaveLength(expected.length);
}

export function expectSameBytes(found: Buffer, expected: Buffer): void {
  if (!found.equals(expected)) expectSameEntries(linesByBytes(found), linesByBytes(expected));
  expect(Buffer.compare(found, expected)).toBe(0);
}

/** A part of a split line is a line of its own there: the dialect has no field that says more. */
function asLineOfA(entry: HistoryEntry): LineOfA {
  if (entry.kind !== "log") throw new Error(`Cursor ${entry.cursor} is an event`);
  const { ts, level, stage = "", line, cursor } = entry;
  return { ts, level, stage, line, cursor };
}

function crcOf(bytes: Buffer): string {
  return crc32(bytes).toString(16).padStart(8, "0");
}
