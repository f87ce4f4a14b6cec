import type { SubscribeFrame } from "../../protocol/mod.ts";
import { utf8Bytes } from "../../protocol/mod.ts";
import type { WireFaults, WireSocket } from "./wire_gateway.ts";
import type { WireJournal } from "./wire_journal.ts";

/** One subscriber of the test gateway: two cursors and the window rule. */
export class WireSubscription {
  readonly #socket: WireSocket;
  readonly #journal: WireJournal;
  readonly #faults: WireFaults;
  readonly #windowBytes: number;
  #sent: number;
  #flights: { readonly last: number; readonly bytes: number }[] = [];
  #hasEnd = false;
  readonly acks: number[] = [];

  constructor(socket: WireSocket, journal: WireJournal, faults: WireFaults, asked: SubscribeFrame) {
    this.#socket = socket;
    this.#journal = journal;
    this.#faults = faults;
    this.#windowBytes = Math.min(asked.maxWindowBytes ?? faults.windowBytes, faults.windowBytes);
    const last = asked.last === undefined ? 0 : Math.max(0, journal.tail - asked.last);
    this.#sent = asked.cursor ?? last;
  }

  get sent(): number {
    return this.#sent;
  }

  get inFlightBytes(): number {
    return this.#flights.reduce((sum, flight) => sum + flight.bytes, 0);
  }

  /** It has all it may have until it acknowledges. */
  get isHeld(): boolean {
    return this.inFlightBytes * 2 > this.#windowBytes;
  }

  begin(): void {
    const { channel, epoch, tail, end } = this.#journal;
    this.#socket.send({
      type: "subscribed",
      channel,
      epoch,
      first: 1,
      cursor: this.#sent,
      tail,
      oldest: 1,
      ended: end !== null,
      resumed: this.#sent > 0,
      windowBytes: this.#windowBytes,
    });
    this.pump();
  }

  ack(cursor: number): void {
    this.acks.push(cursor);
    this.#flights = this.#flights.filter((flight) => flight.last > cursor);
    this.pump();
  }

  /** Sends pages while at most half the window is in flight, and the end after the last. */
  pump(): void {
    while (this.#sent < this.#journal.tail && this.#maySend) {
      if (this.#socket.isClosed || this.#socket.isSilent) return;
      this.#sendPage();
    }
    if (this.#hasEnd || this.#journal.end === null || this.#sent < this.#journal.tail) return;
    this.#hasEnd = true;
    this.#socket.send(this.#journal.end);
  }

  get #maySend(): boolean {
    return this.#faults.ignoresWindow || !this.isHeld;
  }

  #sendPage(): void {
    const { channel } = this.#journal;
    if (this.#faults.holes > 0 && this.#sent > 0) {
      this.#sent += this.#faults.holes;
      this.#faults.holes = 0;
    }
    // A page begins at a chunk's border, which may lie below what was sent.
    const first = Math.max(1, this.#sent + 1 - Math.floor(this.#faults.random() * 4));
    const last = Math.min(this.#journal.tail, this.#sent + 1 + Math.floor(this.#faults.random() * 20));
    const entries = this.#journal.entries.slice(first - 1, last);
    this.#sent = last;
    this.#flights.push({ last, bytes: utf8Bytes(JSON.stringify(entries)) });
    this.#socket.send({ type: "entries", channel, first, entries });
  }
}
