import {
  crc32,
  type Entry,
  emptySummary,
  limits,
  ok,
  type Result,
  refuse,
  SummaryReducer,
  textOf,
  unboundedStages,
  utf8Bytes,
} from "../../protocol/mod.ts";
import type { BatchText } from "./contract.ts";
import { fitsWhole, linesOf, splitEntry } from "./split_entry.ts";

/**
 * How large a batch's canonical text may become. It grows beyond its body where control characters are
 * escaped or lines are short, or where one entry's text is many lines; the object's call takes 32 MiB, where a string counts up to 2 bytes a unit.
 */
const maxTextBytes = 2 * limits.batchBytes;

/** Makes of decoded entries what the channel object takes: long lines split, text in chunks, summed up. */
export function makeBatch(entries: readonly Entry[]): Result<BatchText> {
  const writer = new BatchWriter();
  for (let i = 0; i < entries.length; i++) {
    for (const entry of linesOf(entries[i] as Entry)) {
      const added = addEntry(writer, entry, i);
      if (!added.ok) return added;
      if (writer.bytes > maxTextBytes) return tooLarge();
    }
  }
  return ok(writer.finish());
}

function addEntry(writer: BatchWriter, entry: Entry, index: number): Result<true> {
  const json = JSON.stringify(entry);
  const bytes = utf8Bytes(json);
  if (fitsWhole(entry, bytes)) {
    writer.add(entry, json, bytes);
    return ok(true);
  }
  const parts = splitEntry(entry, `Entry ${index + 1}`);
  if (!parts.ok) return parts;
  for (const part of parts.value) {
    const partJson = JSON.stringify(part);
    writer.add(part, partJson, utf8Bytes(partJson));
  }
  return ok(true);
}

function tooLarge(): Result<BatchText> {
  const limit = maxTextBytes.toLocaleString("en");
  return refuse(
    "body_too_large",
    `The batch has more than ${limit} bytes once it is written as entries. Send it in parts.`,
    {
      expected: maxTextBytes,
    },
  );
}

const encoder = new TextEncoder();

/** Puts entries into chunks of at most `limits.chunkBytes`, or of one entry that is larger. */
class BatchWriter {
  readonly #reducer = new SummaryReducer(emptySummary(), unboundedStages);
  readonly #texts: string[] = [];
  readonly #chunks: number[] = [];
  #entries = 0;
  #totalBytes = 0;
  /** The open chunk: its JSON, the text it adds to the channel's, and their counts. */
  #json = "";
  #jsonBytes = 0;
  #text = "";
  #chunkEntries = 0;
  #lines = 0;
  #buffer = new Uint8Array(16 * 1024);

  get bytes(): number {
    return this.#totalBytes;
  }

  add(entry: Entry, json: string, bytes: number): void {
    if (this.#chunkEntries > 0 && this.#jsonBytes + 1 + bytes > limits.chunkBytes) this.#closeChunk();
    if (this.#chunkEntries > 0) {
      this.#json += ",";
      this.#jsonBytes += 1;
    }
    this.#json += json;
    this.#jsonBytes += bytes;
    this.#chunkEntries += 1;
    this.#text += textOf(entry);
    if (entry.kind === "log" && entry.more !== true) this.#lines += 1;
    this.#entries += 1;
    this.#reducer.apply(entry, this.#entries);
  }

  finish(): BatchText {
    if (this.#chunkEntries > 0) this.#closeChunk();
    return {
      text: this.#texts.join(","),
      chunks: this.#chunks,
      entries: this.#entries,
      delta: this.#reducer.delta,
    };
  }

  /** The text is encoded once a chunk, for its CRC and its bytes. */
  #closeChunk(): void {
    const room = this.#text.length * 3;
    if (room > this.#buffer.length) this.#buffer = new Uint8Array(room);
    const { written } = encoder.encodeInto(this.#text, this.#buffer);
    this.#chunks.push(
      this.#chunkEntries,
      this.#jsonBytes,
      this.#json.length,
      this.#lines,
      written,
      crc32(this.#buffer, 0, written),
    );
    this.#texts.push(this.#json);
    this.#totalBytes += this.#jsonBytes;
    this.#json = "";
    this.#jsonBytes = 0;
    this.#text = "";
    this.#chunkEntries = 0;
    this.#lines = 0;
  }
}
