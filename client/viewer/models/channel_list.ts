import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import type { ChannelQuery, DirectoryEntry, Gateway, Refusal } from "../gateway.ts";

/** Between two looks at the list while the page is in view. */
export const refreshMs = 3_000;

/** The list of channels, newest first, by kind, status and text. */
export class ChannelList {
  readonly #gateway: Gateway;
  readonly #unauthorized: () => void;
  readonly #query = signal<ChannelQuery>({ kind: "", status: "", text: "" });
  readonly #channels = signal<readonly DirectoryEntry[] | null>(null);
  readonly #more = signal<string | null>(null);
  readonly #refusal = signal<Refusal | null>(null);
  /** Numbers the questions, so that a late answer to an older one is dropped. */
  #asked = 0;
  /** Further pages are shown: a refresh would fold them up, so it waits for the reader to come back. */
  #isPaged = false;

  readonly query: ReadonlySignal<ChannelQuery> = this.#query;
  /** Null until the first answer. */
  readonly channels: ReadonlySignal<readonly DirectoryEntry[] | null> = this.#channels;
  readonly hasMore: ReadonlySignal<boolean> = computed(() => this.#more.value !== null);
  readonly refusal: ReadonlySignal<Refusal | null> = this.#refusal;

  constructor(gateway: Gateway, unauthorized: () => void) {
    this.#gateway = gateway;
    this.#unauthorized = unauthorized;
  }

  async ask(change: Partial<ChannelQuery>): Promise<void> {
    this.#query.value = { ...this.#query.value, ...change };
    this.#isPaged = false;
    await this.#load();
  }

  async refresh(): Promise<void> {
    if (!this.#isPaged) await this.#load();
  }

  async showMore(): Promise<void> {
    const before = this.#more.value;
    if (before === null) return;
    this.#isPaged = true;
    await this.#load(before);
  }

  async #load(before?: string): Promise<void> {
    const number = ++this.#asked;
    const answer = await this.#gateway.channels(this.#query.value, before);
    if (number !== this.#asked) return;
    if (!answer.ok) {
      if (answer.refusal.status === 401) this.#unauthorized();
      this.#refusal.value = answer.refusal;
      return;
    }
    batch(() => {
      const shown = before === undefined ? [] : (this.#channels.value ?? []);
      this.#channels.value = [...shown, ...answer.value.channels];
      this.#more.value = answer.value.next;
      this.#refusal.value = null;
    });
  }
}
