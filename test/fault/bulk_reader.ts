import { RawSubscriber, type SeenFrame } from "../bench/raw_subscriber.ts";
import type { Access } from "../e2e/send_lines.ts";
import { bulkLineChars } from "./bulk.ts";

/** A direct subscriber of bulk that can stop reading; it acknowledges what it has read, and nothing else. */
export class BulkReader {
  readonly faults: string[] = [];
  /** Close codes it was given. */
  readonly closes: number[] = [];
  readonly #access: Access;
  readonly #channel: string;
  #subscriber: RawSubscriber | null = null;
  #cursor = 0;
  #moved: () => void = () => undefined;

  private constructor(access: Access, channel: string) {
    this.#access = access;
    this.#channel = channel;
  }

  /** Subscribes after a cursor. */
  static async open(access: Access, channel: string, after = 0): Promise<BulkReader> {
    const reader = new BulkReader(access, channel);
    reader.#cursor = after;
    await reader.#connect();
    return reader;
  }

  get cursor(): number {
    return this.#cursor;
  }

  /** The window it was last told of. */
  get windowBytes(): number {
    return this.#subscriber?.windowBytes ?? 0;
  }

  pause(): void {
    this.#subscriber?.pause();
  }

  resume(): void {
    this.#subscriber?.resume();
  }

  close(): void {
    this.#subscriber?.close();
    this.#subscriber = null;
  }

  /** Resolves when it has read so far; rejects when nothing has come for so long. */
  async reaches(cursor: number, quietMs = 20_000): Promise<void> {
    while (this.#cursor < cursor) {
      const moved = Promise.withResolvers<boolean>();
      this.#moved = () => moved.resolve(true);
      const timer = setTimeout(() => moved.resolve(false), quietMs);
      const hasMoved = await moved.promise;
      clearTimeout(timer);
      if (!hasMoved) throw new Error(`A reader stayed at ${this.#cursor} of ${cursor} for ${quietMs} ms`);
      // Frames come by the hundred in one turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #connect(): Promise<void> {
    const { url, token } = this.#access;
    const options = { query: `?cursor=${this.#cursor}`, lineChars: bulkLineChars };
    const subscriber = await RawSubscriber.open(new URL(url), this.#channel, token, options, (frame) =>
      this.#see(frame),
    );
    this.#subscriber = subscriber;
    void subscriber.closed.then((code) => this.#lost(subscriber, code));
  }

  /** Goes on after the last cursor, as a client does that was closed and may retry. */
  #lost(subscriber: RawSubscriber, code: number): void {
    if (this.#subscriber !== subscriber) return;
    this.closes.push(code);
    this.#connect().catch((error: unknown) => this.faults.push(String(error)));
  }

  #see({ first, last }: SeenFrame): void {
    // A resumed reader drops what it has: its first frame may begin before the cursor asked for.
    if (first > this.#cursor + 1 || last <= this.#cursor)
      this.faults.push(`Entries ${first} to ${last} came after ${this.#cursor}`);
    this.#cursor = last;
    this.#moved();
  }
}
