import {
  type DownFrame,
  type EntriesFrame,
  type Entry,
  limits,
  ok,
  type Result,
  type SubscribedFrame,
  type WindowFrame,
} from "../../../protocol/mod.ts";
import { FilteredReader, type FilterStep } from "../../core/filtered_reader.ts";

/** Where acknowledgements go: the socket to the object. */
interface Acknowledged {
  ack(channel: string, cursor: number): void;
}

/** A leg whose frames are read here: entries pass a filter, all else passes through. */
export class FilteredLeg {
  readonly #channel: string;
  readonly #reader: FilteredReader;
  readonly #send: (text: string) => void;

  constructor(channel: string, passes: (entry: Entry) => boolean, send: (text: string) => void) {
    this.#channel = channel;
    this.#reader = new FilteredReader(channel, passes, limits.windowMinBytes);
    this.#send = send;
  }

  take(text: string, leg: Acknowledged): void {
    // What an object of this gateway sends is believed.
    const frame = JSON.parse(text) as DownFrame;
    if (frame.type === "entries") {
      this.#apply(this.#reader.read(text, frame satisfies EntriesFrame), leg);
      return;
    }
    this.#send(text);
    if (frame.type === "subscribed") this.#reader.goOnAfter(frame.cursor);
    if (frame.type === "gap" && frame.to !== null) this.#reader.goOnAfter(frame.to);
    if (frame.type === "subscribed" || frame.type === "window") this.#resize(frame, leg);
  }

  /** Takes the client's ack; one past what it was sent is refused and changes nothing. */
  ack(cursor: number, leg: Acknowledged): Result<true> {
    const step = this.#reader.ack(cursor);
    if (!step.ok) return step;
    this.#apply(step.value, leg);
    return ok(true);
  }

  #resize({ windowBytes }: SubscribedFrame | WindowFrame, leg: Acknowledged): void {
    this.#apply(this.#reader.resize(windowBytes), leg);
  }

  #apply({ frames, ackTo }: FilterStep, leg: Acknowledged): void {
    for (const frame of frames) this.#send(frame);
    if (ackTo !== null) leg.ack(this.#channel, ackTo);
  }
}
