/**
 * When to acknowledge (the window rule of the wire): when half the newest window is unacknowledged, and at once
 * when the gateway tells a new window. Bytes are those of whole `entries` frames in UTF-8, as received, so never
 * fewer than the gateway counts: whoever is held back owes an acknowledgement, and no timer is needed.
 */
export class AckWindow {
  #windowBytes: number;
  #unackedBytes = 0;

  /** A new socket begins with nothing in flight. */
  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
  }

  /** A frame was taken by the listener. True when an acknowledgement is due. */
  take(bytes: number): boolean {
    this.#unackedBytes += bytes;
    return this.#unackedBytes * 2 >= this.#windowBytes;
  }

  /** The gateway's newest window counts from now; it is acknowledged at once. */
  resize(windowBytes: number): void {
    this.#windowBytes = windowBytes;
  }

  /** Everything taken so far is acknowledged. */
  acked(): void {
    this.#unackedBytes = 0;
  }
}
