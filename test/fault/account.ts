import type { GapFrame } from "../../protocol/mod.ts";

/**
 * What one subscriber has got of a channel, held to promises 3 and 4: each cursor once, in order, and what is
 * missing announced.
 */
export class Account {
  readonly name: string;
  /** The text at each cursor from 1 on; null where a gap was announced. */
  readonly texts: (string | null)[] = [];
  readonly gaps: GapFrame[] = [];
  /** Whatever broke a promise, in sentences. */
  readonly faults: string[] = [];
  readonly ended: Promise<void>;
  readonly #end = Promise.withResolvers<void>();
  readonly #waiting = new Map<number, () => void>();

  constructor(name: string) {
    this.name = name;
    this.ended = this.#end.promise;
  }

  get cursor(): number {
    return this.texts.length;
  }

  took(cursor: number, text: string): void {
    this.#expect(cursor, "an entry");
    this.texts.push(text);
    this.#tell();
  }

  missed(gap: GapFrame): void {
    this.gaps.push(gap);
    this.#expect(gap.from, "a gap");
    if (gap.to === null || gap.count !== gap.to - gap.from + 1) {
      this.faults.push(`${this.name}: a gap that does not add up: ${JSON.stringify(gap)}`);
      return;
    }
    for (let cursor = gap.from; cursor <= gap.to; cursor++) this.texts.push(null);
    this.#tell();
  }

  failed(sentence: string): void {
    this.faults.push(`${this.name}: ${sentence}`);
  }

  finish(): void {
    this.#end.resolve();
  }

  /** Resolves when everything up to the cursor has come or was announced as missing. */
  reaches(cursor: number): Promise<void> {
    if (this.cursor >= cursor) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(cursor, resolve));
  }

  #expect(cursor: number, what: string): void {
    const expected = this.cursor + 1;
    if (cursor !== expected) this.failed(`${what} at cursor ${cursor} came where ${expected} was due`);
  }

  #tell(): void {
    for (const [cursor, resolve] of this.#waiting) {
      if (cursor > this.cursor) continue;
      this.#waiting.delete(cursor);
      resolve();
    }
  }
}
