import type { Problem } from "../../../protocol/mod.ts";
import type { WatchFrame } from "../../core/watch.ts";
import { ObjectLink } from "./object_link.ts";
import { lostTooOften, Reopening } from "./reopening.ts";

export interface WatchEvents {
  /** Channels that match and have not ended, some of them told before; `hasMore`: others are not named. */
  found(channels: readonly string[], hasMore: boolean): void;
  /** The directory does not tell, or could not be reached too often. */
  refused(problem: Problem): void;
}

/** A joined pattern: a socket to the directory, opened again where it is lost, for then all is told anew. */
export class Watch {
  readonly #pattern: string;
  readonly #connect: () => Promise<Response>;
  readonly #events: WatchEvents;
  readonly #reopening = new Reopening();
  #link: ObjectLink | null = null;

  constructor(pattern: string, connect: () => Promise<Response>, events: WatchEvents) {
    this.#pattern = pattern;
    this.#connect = connect;
    this.#events = events;
    this.open();
  }

  /** Opens it, or asks anew for what is there. */
  open(): void {
    this.close();
    this.#reopening.opens();
    this.#link = new ObjectLink(`the directory for ${this.#pattern}`, this.#connect, {
      taken: () => {},
      frame: (text) => this.#take(text),
      refused: (problem) => this.#events.refused(problem),
      lost: () => this.#lost(),
    });
  }

  close(): void {
    this.#reopening.stop();
    this.#link?.close();
    this.#link = null;
  }

  #take(text: string): void {
    // What an object of this gateway sends is believed.
    const { channels, hasMore = false } = JSON.parse(text) as WatchFrame;
    this.#events.found(channels, hasMore);
  }

  #lost(): void {
    this.#link = null;
    if (!this.#reopening.again(() => this.open())) this.#events.refused(lostTooOften(`the directory`));
  }
}
