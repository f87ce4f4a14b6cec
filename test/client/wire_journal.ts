import { crc32Hex, type EndFrame, type Entry, TextSummer } from "../../protocol/mod.ts";

/** A channel's entries as the test gateway keeps them. */
export class WireJournal {
  readonly channel: string;
  readonly epoch = "epoch-1";
  readonly entries: Entry[] = [];
  end: EndFrame | null = null;

  constructor(channel: string) {
    this.channel = channel;
  }

  get tail(): number {
    return this.entries.length;
  }

  append(lines: readonly string[]): void {
    for (const line of lines) this.entries.push({ kind: "log", ts: this.tail, level: "info", line });
  }

  finish(): void {
    const summer = new TextSummer();
    for (const entry of this.entries) summer.add(entry);
    const { lines, bytes, crc } = summer.sum;
    const { channel, tail: cursor } = this;
    this.end = { type: "end", channel, cursor, status: "success", lines, bytes, crc32: crc32Hex(crc) };
  }
}
