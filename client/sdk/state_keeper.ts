import { encodeSavedRead, parseSavedRead, type SavedRead, type StateStorage } from "./saved_read.ts";
import { type StartTimer, TimerSlot } from "./timers.ts";

/** A place is saved at the latest so long after it was reached, in milliseconds: a killed process reads that again. */
export const maxUnsavedMs = 1_000;

/** Keeps one reading in a storage: one save at a time, and of those that wait only the newest. */
export class StateKeeper {
  readonly #storage: StateStorage;
  readonly #key: string;
  readonly #onFailure: (thrown: unknown) => void;
  readonly #soon: TimerSlot;
  #newest: SavedRead | null = null;
  #next: SavedRead | null = null;
  #saving: Promise<void> | null = null;

  constructor(
    storage: StateStorage,
    key: string,
    onFailure: (thrown: unknown) => void,
    startTimer: StartTimer,
  ) {
    this.#storage = storage;
    this.#key = key;
    this.#onFailure = onFailure;
    this.#soon = new TimerSlot(startTimer);
  }

  /** What was saved last; null without it, or where it cannot be read. */
  async load(): Promise<SavedRead | null> {
    try {
      const text = await this.#storage.load(this.#key);
      return text === null ? null : parseSavedRead(text);
    } catch (thrown) {
      this.#onFailure(thrown);
      return null;
    }
  }

  /** Saves this or something newer within {@link maxUnsavedMs}. */
  saveSoon(saved: SavedRead): void {
    this.#newest = saved;
    if (!this.#soon.isSet) this.#soon.set(() => void this.save(this.#newest ?? saved), maxUnsavedMs);
  }

  /** Resolves when this or something newer is saved, or failed to be. */
  save(saved: SavedRead): Promise<void> {
    this.#soon.clear();
    this.#next = saved;
    this.#saving ??= this.#saveAll();
    return this.#saving;
  }

  async #saveAll(): Promise<void> {
    for (let saved = this.#next; saved !== null; saved = this.#next) {
      this.#next = null;
      try {
        await this.#storage.save(this.#key, encodeSavedRead(saved));
      } catch (thrown) {
        this.#onFailure(thrown);
      }
    }
    this.#saving = null;
  }
}
