import type { Peer } from "./subscriber.ts";

/**
 * Bytes that went to sockets this side closed. They stay in memory until the peer reads them, and the platform
 * does not say when: a peer that answers the close has read.
 */
export class Stranded {
  readonly #bytes = new Map<Peer, number>();
  #total = 0;

  /** Counts what was in flight to a socket as it was closed; answers the total. */
  add(peer: Peer, bytes: number): number {
    this.release(peer);
    if (bytes > 0) this.#bytes.set(peer, bytes);
    this.#total += bytes;
    return this.#total;
  }

  /** The peer answered the close, or is gone. */
  release(peer: Peer): void {
    this.#total -= this.#bytes.get(peer) ?? 0;
    this.#bytes.delete(peer);
  }
}
