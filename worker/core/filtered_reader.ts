import { type EntriesFrame, type Entry, ok, type Result, utf8Bytes } from "../../protocol/mod.ts";
import { ackPastSent } from "./refusals.ts";

/** What to do after a frame or an ack: frames for the client, and how far to acknowledge to the object. */
export interface FilterStep {
  readonly frames: readonly string[];
  readonly ackTo: number | null;
}

interface Sent {
  readonly last: number;
  readonly bytes: number;
}

/**
 * Reads a channel for a client that wants a part of it, and is the object's reader in the client's place: it
 * acknowledges what it read, by the clients' rule, while at most half a window of what it let through is
 * unacknowledged. So the client holds the reading back as if it read all itself.
 */
export class FilteredReader {
  readonly #channel: string;
  readonly #passes: (entry: Entry) => boolean;
  #windowBytes: number;
  /** Read and not yet acknowledged to the object. */
  #readBytes = 0;
  #readTo = 0;
  /** The window has changed since the last acknowledgement, and what was read then is not acknowledged. */
  #owesAtOnce = false;
  /** Let through and not yet acknowledged by the client: at most a window and a half. */
  #sent: Sent[] = [];
  #sentBytes = 0;
  /** The last cursor that the client was told of, by whatever frame; null before it was told of any. */
  #toldTo: number | null = null;

  constructor(channel: string, passes: (entry: Entry) => boolean, windowBytes: number) {
    this.#channel = channel;
    this.#passes = passes;
    this.#windowBytes = windowBytes;
  }

  /** Takes an `entries` frame: `text` is its JSON as it was received. */
  read(text: string, { first, entries }: EntriesFrame): FilterStep {
    this.#readBytes += utf8Bytes(text);
    this.#readTo = first + entries.length - 1;
    this.#toldTo = this.#readTo;
    const frames: string[] = [];
    let passed = 0;
    for (const [start, end] of this.#runs(entries)) {
      frames.push(this.#letThrough(first + start, entries.slice(start, end)));
      passed = end;
    }
    if (passed < entries.length) {
      frames.push(JSON.stringify({ type: "skipped", channel: this.#channel, to: this.#readTo }));
    }
    return { frames, ackTo: this.#ackIfOwed() };
  }

  /** The client was told that reading goes on after `cursor`. */
  goOnAfter(cursor: number): void {
    this.#toldTo = cursor;
  }

  /** The client has received everything up to `cursor`; what it was not sent it cannot have. */
  ack(cursor: number): Result<FilterStep> {
    if (this.#toldTo !== null && cursor > this.#toldTo) {
      return { ok: false, problem: ackPastSent(cursor, this.#toldTo) };
    }
    let count = 0;
    for (const { last, bytes } of this.#sent) {
      if (last > cursor) break;
      this.#sentBytes -= bytes;
      count += 1;
    }
    this.#sent = this.#sent.slice(count);
    return ok({ frames: [], ackTo: this.#ackIfOwed() });
  }

  /**
   * The window changed: readers acknowledge at once, or here as soon as the client lets them. The object may have
   * held back by a smaller window, and goes on by an acknowledgement alone.
   */
  resize(windowBytes: number): FilterStep {
    this.#windowBytes = windowBytes;
    this.#owesAtOnce = this.#readBytes > 0;
    return { frames: [], ackTo: this.#ackIfOwed() };
  }

  /** Runs of entries that pass, as [start, end). */
  #runs(entries: readonly Entry[]): [number, number][] {
    const runs: [number, number][] = [];
    for (let i = 0; i < entries.length; i++) {
      if (!this.#passes(entries[i] as Entry)) continue;
      const run = runs.at(-1);
      if (run !== undefined && run[1] === i) run[1] = i + 1;
      else runs.push([i, i + 1]);
    }
    return runs;
  }

  #letThrough(first: number, entries: readonly Entry[]): string {
    const frame = JSON.stringify({ type: "entries", channel: this.#channel, first, entries });
    const bytes = utf8Bytes(frame);
    this.#sent.push({ last: first + entries.length - 1, bytes });
    this.#sentBytes += bytes;
    return frame;
  }

  #ackIfOwed(): number | null {
    const half = this.#windowBytes / 2;
    const isOwed = this.#owesAtOnce || this.#readBytes >= half;
    if (!isOwed || this.#sentBytes > half) return null;
    this.#owesAtOnce = false;
    this.#readBytes = 0;
    return this.#readTo;
  }
}
