import { crc32, crc32Combine } from "./crc32.ts";
import type { Entry } from "./entry.ts";

/**
 * What proves that a text is whole: the number of its lines, its bytes in UTF-8 and its CRC-32. The text of
 * a channel is, in cursor order, each log entry's line and `\n` (none after `more: true`); events are left out.
 */
export interface TextSum {
  readonly lines: number;
  readonly bytes: number;
  /** Unsigned 32 bits. */
  readonly crc: number;
}

export const emptySum: TextSum = { lines: 0, bytes: 0, crc: 0 };

/** The sum of a text AB from those of A and B. */
export function combineSums(a: TextSum, b: TextSum): TextSum {
  if (b.bytes === 0) return a;
  return { lines: a.lines + b.lines, bytes: a.bytes + b.bytes, crc: crc32Combine(a.crc, b.crc, b.bytes) };
}

export function sameSum(a: TextSum, b: TextSum): boolean {
  return a.lines === b.lines && a.bytes === b.bytes && a.crc === b.crc;
}

/** What an entry adds to its channel's text: nothing for an event. */
export function textOf(entry: Entry): string {
  if (entry.kind === "event") return "";
  return entry.more ? entry.line : `${entry.line}\n`;
}

const encoder = new TextEncoder();

/** Sums a text up line by line, in one reused buffer that grows to the longest line. */
export class TextSummer {
  #lines = 0;
  #bytes = 0;
  #crc = 0;
  #buffer = new Uint8Array(1024);

  constructor(from: TextSum = emptySum) {
    this.#lines = from.lines;
    this.#bytes = from.bytes;
    this.#crc = from.crc;
  }

  add(entry: Entry): void {
    if (entry.kind === "event") return;
    const text = textOf(entry);
    const need = text.length * 3;
    if (need > this.#buffer.length) this.#buffer = new Uint8Array(need * 2);
    const { written } = encoder.encodeInto(text, this.#buffer);
    this.#crc = crc32(this.#buffer, this.#crc, written);
    this.#bytes += written;
    if (!entry.more) this.#lines += 1;
  }

  get sum(): TextSum {
    return { lines: this.#lines, bytes: this.#bytes, crc: this.#crc };
  }
}
