import { combineSums, emptySum, limits } from "../../protocol/mod.ts";
import { type BatchText, chunkFields } from "./contract.ts";
import type { JournalPlace, JournalRow, RowMeta } from "./journal.ts";

/** The bytes of a batch's chunks, without the commas between them. */
export function batchBytes(batch: BatchText): number {
  let bytes = 0;
  for (let i = 1; i < batch.chunks.length; i += chunkFields) bytes += batch.chunks[i] ?? 0;
  return bytes;
}

/** Cuts the batches of a flush into rows of whole chunks, each at most `limits.rowBytes` or one chunk. */
export class RowBuilder {
  readonly #now: number;
  readonly #rows: JournalRow[] = [];
  #place: JournalPlace;
  #texts: string[] = [];
  #chunks: number[] = [];
  #entries = 0;
  #bytes = 0;
  #sum = emptySum;

  constructor(place: JournalPlace, now: number) {
    this.#place = place;
    this.#now = now;
  }

  add(batch: BatchText): void {
    let start = 0;
    let from = 0;
    for (let i = 0; i < batch.chunks.length; i += chunkFields) {
      const [entries = 0, bytes = 0, units = 0, lines = 0, textBytes = 0, crc = 0] = batch.chunks.slice(
        i,
        i + chunkFields,
      );
      if (this.#bytes > 0 && this.#bytes + bytes > limits.rowBytes) {
        if (start > from) this.#texts.push(batch.text.slice(from, start - 1));
        this.#close();
        from = start;
      }
      this.#chunks.push(entries, bytes, units);
      this.#entries += entries;
      this.#bytes += bytes;
      this.#sum = combineSums(this.#sum, { lines, bytes: textBytes, crc });
      start += units + 1;
    }
    this.#texts.push(from === 0 ? batch.text : batch.text.slice(from));
  }

  /** The rows, the last of which carries what belongs to the whole flush. */
  finish(flush: NonNullable<RowMeta["flush"]>): {
    readonly rows: readonly JournalRow[];
    readonly place: JournalPlace;
  } {
    this.#close();
    const last = this.#rows.pop();
    if (last !== undefined) this.#rows.push({ ...last, meta: { ...last.meta, flush } });
    return { rows: this.#rows, place: this.#place };
  }

  #close(): void {
    if (this.#entries === 0) return;
    const { cursor, offset, total } = this.#place;
    const running = combineSums(total, this.#sum);
    const last = cursor + this.#entries;
    this.#rows.push({
      first: cursor + 1,
      last,
      offset,
      bytes: this.#bytes,
      text: this.#texts.length === 1 ? (this.#texts[0] ?? "") : this.#texts.join(","),
      chunks: this.#chunks,
      meta: { at: this.#now, sum: this.#sum, total: running },
    });
    this.#place = { cursor: last, offset: offset + this.#bytes, total: running };
    this.#texts = [];
    this.#chunks = [];
    this.#entries = 0;
    this.#bytes = 0;
    this.#sum = emptySum;
  }
}
