/** Items of one call: some hundred KiB of audit events, and a few milliseconds of writing. */
export const callItems = 1_000;

/** Of these a store keeps the newest in one row: as many as a channel has viewers, unless a setting says otherwise. */
export const storedItems = 2_000;

/** What waits at most; a channel's viewers that leave together are fewer. */
const maxWaiting = 10_000;

/** What waits to be sent, bounded: past the bound the oldest are dropped and counted. */
export class Unsent<Item> {
  #items: Item[] = [];
  #dropped = 0;

  get count(): number {
    return this.#items.length;
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#bound();
  }

  /** Takes out the oldest, as many as one call takes. */
  take(): Item[] {
    return this.#items.splice(0, callItems);
  }

  /** The newest, as many as are stored; they stay. */
  newest(): readonly Item[] {
    return this.#items.slice(-storedItems);
  }

  /** What could not be sent waits again, before what came since. */
  putBack(items: readonly Item[]): void {
    this.#items = [...items, ...this.#items];
    this.#bound();
  }

  /** How many were dropped since this was last asked. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  #bound(): void {
    const over = this.#items.length - maxWaiting;
    if (over <= 0) return;
    this.#items.splice(0, over);
    this.#dropped += over;
  }
}
