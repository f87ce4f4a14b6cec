import {
  crc32Hex,
  type EndFrame,
  type EntriesFrame,
  type Entry,
  type GapFrame,
  type RedactFrame,
  type SkippedFrame,
  type SubscribedFrame,
  sameSum,
  type TextSum,
  TextSummer,
} from "../../protocol/mod.ts";
import type { Lack } from "./lack.ts";
import type { SavedRead } from "./saved_read.ts";

/**
 * What the reader can say at the end (promise 5). `verified`: it read the whole text itself and lines, bytes and
 * CRC agree. `incomplete`: why it cannot say, by a stable code and in a sentence. `mismatch`: it read everything, and the text is not the one that
 * was ended.
 */
export type EndProof =
  | { readonly state: "verified" }
  | ({ readonly state: "incomplete" } & Lack)
  | { readonly state: "mismatch"; readonly expected: TextSum; readonly found: TextSum };

/** What a frame means to a reader at its position. */
export type Step<T> =
  | { readonly kind: "deliver"; readonly value: T }
  /** The reader has it already. */
  | { readonly kind: "known" }
  /** Entries between `expected` and the frame are missing, and no gap was announced. */
  | { readonly kind: "hole"; readonly expected: number; readonly found: number };

const known = { kind: "known" } as const;
const filtered: Lack = { code: "filtered", reason: "A filter chose what was read." };

/** Where a reader stands in a channel: its cursor, its epoch and the sum of the text read so far. */
export class ReadPosition {
  readonly #isFiltered: boolean;
  #cursor: number | null = null;
  #epoch: string | null = null;
  #summer = new TextSummer();
  /** Why the end cannot be proved; null while the sum is that of the whole text up to the cursor. */
  #lack: Lack | null = { code: "nothing_read", reason: "Nothing was read." };
  /** The `subscribed` frame, until something follows it. */
  #beginning: SubscribedFrame | null = null;
  /** The journal was deleted while it was read: where the next one begins is not known yet. */
  #isAdrift = false;
  /**
   * The place it was called away from by a `subscribed`, until what follows says why: a connection that breaks
   * between the two must not lose the gap.
   */
  #left: SavedRead | null = null;

  constructor(from: SavedRead | null, isFiltered = false) {
    this.#isFiltered = isFiltered;
    if (from === null) return;
    this.#cursor = from.cursor;
    this.#epoch = from.epoch;
    this.#lack = from.sum === null ? from.lack : null;
    if (from.sum !== null) this.#summer = new TextSummer(from.sum);
  }

  /** The newest cursor read, or null where reading has not begun. */
  get cursor(): number | null {
    return this.#cursor;
  }

  get epoch(): string | null {
    return this.#epoch;
  }

  /** What goes on from here later, in this process or another. Null where reading has not begun. */
  get saved(): SavedRead | null {
    if (this.#left !== null) return this.#left;
    if (this.#cursor === null) return null;
    const place = { cursor: this.#cursor, epoch: this.#epoch };
    return this.#lack === null
      ? { ...place, sum: this.#summer.sum }
      : { ...place, sum: null, lack: this.#lack };
  }

  subscribed(frame: SubscribedFrame): void {
    const goesOn = this.#cursor !== null && this.#epoch !== null && this.#epoch === frame.epoch;
    const before = this.#isAdrift ? null : this.saved;
    this.#left = goesOn || before?.cursor === frame.cursor ? null : before;
    this.#isAdrift = false;
    this.#beginning = frame;
    if (!goesOn) this.#begin(frame.cursor, frame);
    else if (this.#cursor === frame.first - 1) this.#begin(this.#cursor, frame);
  }

  entries(frame: EntriesFrame): Step<{ readonly first: number; readonly entries: readonly Entry[] }> {
    if (this.#isAdrift || this.#cursor === null) this.#land(frame.first);
    const expected = (this.#cursor ?? 0) + 1;
    if (this.#isHole(expected, frame.first)) return { kind: "hole", expected, found: frame.first };
    this.#beginning = null;
    this.#left = null;
    const first = Math.max(expected, frame.first);
    const entries = first === frame.first ? frame.entries : frame.entries.slice(first - frame.first);
    if (entries.length === 0) return known;
    this.#cursor = first + entries.length - 1;
    if (this.#lack === null) for (const entry of entries) this.#summer.add(entry);
    return { kind: "deliver", value: { first, entries } };
  }

  gap(frame: GapFrame): Step<GapFrame> {
    if (frame.to === null) return this.#loseJournal(frame);
    const expected = (this.#cursor ?? frame.from - 1) + 1;
    if (this.#isHole(expected, frame.from)) return { kind: "hole", expected, found: frame.from };
    const has = this.#left?.cursor ?? expected - 1;
    this.#left = null;
    if (frame.to <= has) return known;
    this.#cursor = Math.max(frame.to, expected - 1);
    const from = Math.max(has + 1, frame.from);
    this.#lack ??= {
      code: "not_delivered",
      reason: `Cursors ${from} to ${frame.to} were not delivered (${frame.reason}).`,
    };
    return { kind: "deliver", value: { ...frame, from, count: frame.to - from + 1 } };
  }

  skipped(frame: SkippedFrame): Step<SkippedFrame> {
    this.#left = null;
    if (this.#cursor !== null && frame.to <= this.#cursor) return known;
    this.#cursor = frame.to;
    this.#lack = filtered;
    return { kind: "deliver", value: frame };
  }

  redact(frame: RedactFrame): void {
    if (this.#lack !== null || this.#cursor === null || frame.from > this.#cursor) return;
    const reason = `Complete, redacted: cursors ${frame.from} to ${frame.to} were changed after they were read.`;
    this.#lack = { code: "redacted", reason };
  }

  end(frame: EndFrame): Step<EndProof> {
    const expected = (this.#cursor ?? frame.cursor) + 1;
    if (!this.#isAdrift && this.#isHole(expected, frame.cursor + 1)) {
      return { kind: "hole", expected, found: frame.cursor + 1 };
    }
    return { kind: "deliver", value: this.#prove(frame) };
  }

  #prove(frame: EndFrame): EndProof {
    if (this.#isFiltered) return { state: "incomplete", ...filtered };
    if (this.#lack !== null) return { state: "incomplete", ...this.#lack };
    const found = this.#summer.sum;
    const expected = { lines: frame.lines, bytes: frame.bytes, crc: Number.parseInt(frame.crc32, 16) };
    if (sameSum(expected, found) && frame.crc32 === crc32Hex(found.crc)) return { state: "verified" };
    return { state: "mismatch", expected, found };
  }

  /** Behind a filter what is hidden leaves holes of its own, and the Worker that filters watches for others. */
  #isHole(expected: number, found: number): boolean {
    return found > expected && !this.#isFiltered;
  }

  #begin(cursor: number, frame: SubscribedFrame): void {
    this.#cursor = cursor;
    this.#epoch = frame.epoch;
    this.#summer = new TextSummer();
    this.#lack =
      cursor === frame.first - 1
        ? null
        : {
            code: "began_late",
            reason: `Reading began after cursor ${cursor}, and the channel begins at ${frame.first}.`,
          };
  }

  /** After a deletion reading goes on from the oldest entry of what comes. */
  #loseJournal(frame: GapFrame): Step<GapFrame> {
    this.#left = null;
    if (this.#beginning !== null) {
      this.#begin(this.#beginning.oldest - 1, this.#beginning);
    } else {
      this.#isAdrift = true;
      this.#epoch = null;
      this.#lack = { code: "journal_deleted", reason: "The journal was deleted while it was read." };
    }
    return { kind: "deliver", value: frame };
  }

  #land(first: number): void {
    this.#isAdrift = false;
    this.#cursor = first - 1;
    this.#lack ??= { code: "began_late", reason: `Reading began at cursor ${first}.` };
  }
}
