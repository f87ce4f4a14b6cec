import { limits } from "../../protocol/mod.ts";
import { retentionGapFrame } from "./channel_frames.ts";
import type { Border, Frame, Segment } from "./segment.ts";
import type { Segments } from "./segments.ts";
import type { Subscriber } from "./subscriber.ts";
import { frameBytesFor, isWorthTelling, mayTake, windowFor } from "./windows.ts";

/** What delivery tells whoever owns it. */
export interface DeliveryEvents {
  /** A subscriber has everything up to the tail. */
  level(subscriber: Subscriber, now: number): void;
  /** A subscriber is held back until it acknowledges: it is closed when it does not for long. */
  heldBack(subscriber: Subscriber, now: number): void;
}

/**
 * Sends frames to subscribers while at most half a window is in flight to each, and lets the others lie until
 * they acknowledge: the journal is the backlog.
 */
export class Delivery {
  readonly #channel: string;
  readonly #segments: Segments;
  readonly #events: DeliveryEvents;
  readonly #totalWindowBytes: number;
  readonly #subscribers = new Set<Subscriber>();
  /** Who waits for room for a large frame, in turn. */
  readonly #inTurn = new Set<Subscriber>();
  #inFlightBytes = 0;
  #tail: Border;
  /** What is retained begins after it. */
  #trimmed: Border;
  /** The smallest window told to a subscriber that did not ask for a smaller one. */
  #sharedWindowBytes: number;

  constructor(
    channel: string,
    segments: Segments,
    { tail, trimmed }: { readonly tail: Border; readonly trimmed: Border },
    totalWindowBytes: number,
    subscribers: readonly Subscriber[],
    events: DeliveryEvents,
  ) {
    this.#channel = channel;
    this.#segments = segments;
    this.#tail = tail;
    this.#trimmed = trimmed;
    this.#totalWindowBytes = totalWindowBytes;
    this.#events = events;
    for (const subscriber of subscribers) {
      this.#subscribers.add(subscriber);
      this.#inFlightBytes += subscriber.inFlightBytes;
    }
    this.#sharedWindowBytes = this.#smallestSharedWindow();
  }

  get subscribers(): ReadonlySet<Subscriber> {
    return this.#subscribers;
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  /** The window that one more subscriber would get. */
  windowForNext(askedBytes: number | null): number {
    return windowFor(this.#totalWindowBytes, this.#subscribers.size + 1, askedBytes);
  }

  /** Takes a subscriber in. Others are told when their windows shrink by it; {@link catchUp} starts it. */
  add(subscriber: Subscriber, now: number): void {
    this.#subscribers.add(subscriber);
    this.#shareWindows(now);
  }

  /** Lets a subscriber go; whoever waited for its room comes next. Answers the bytes that were in flight to it. */
  remove(subscriber: Subscriber, now: number): number {
    if (!this.#subscribers.delete(subscriber)) return 0;
    this.#inTurn.delete(subscriber);
    this.#inFlightBytes -= subscriber.inFlightBytes;
    this.#shareWindows(now);
    this.#serveInTurn(now);
    return subscriber.inFlightBytes;
  }

  /**
   * Sends what was just stored to all who are level: the same strings for everybody. Answers how many frames
   * that were.
   */
  publish(segments: readonly Segment[], tail: Border, now: number): number {
    const levelAt = this.#tail.cursor;
    this.#tail = tail;
    const sharedFrameBytes = frameBytesFor(this.#sharedWindowBytes);
    const frames = segments.flatMap((segment) => segment.frames(sharedFrameBytes));
    let sent = 0;
    for (const subscriber of this.#subscribers) {
      if (subscriber.state.sent.cursor !== levelAt) continue;
      sent += this.#takesShared(subscriber)
        ? this.#sendAll(subscriber, frames, now)
        : this.catchUp(subscriber, now);
    }
    return sent;
  }

  /** Takes an acknowledgement; false where it names a cursor that was never sent. */
  ack(subscriber: Subscriber, cursor: number, now: number): boolean {
    const { sent, acked } = subscriber.state;
    if (cursor > sent.cursor) return false;
    if (cursor <= acked.cursor) return true;
    const border = this.#ackedBorder(subscriber, cursor);
    this.#inFlightBytes -= border.offset - acked.offset;
    subscriber.update({ acked: border, owesSince: null });
    this.catchUp(subscriber, now);
    this.#serveInTurn(now);
    return true;
  }

  /** Sends the next frames while there is room, and says who is level then. Answers how many frames it sent. */
  catchUp(subscriber: Subscriber, now: number): number {
    let sent = 0;
    while (subscriber.state.sent.cursor < this.#tail.cursor) {
      this.#skipTrimmed(subscriber, now);
      const frame = this.#frameAfter(subscriber);
      if (frame === null || !this.#send(subscriber, frame, now)) break;
      sent += 1;
    }
    this.#settle(subscriber, now);
    return sent;
  }

  /** The journal was trimmed: whoever has not read so far is told when it reads on. */
  trimmedTo(trimmed: Border): void {
    this.#trimmed = trimmed;
  }

  /** Begins anew at a border, as after a delete: nothing before it counts as in flight. */
  restartAt(tail: Border): void {
    this.#tail = tail;
    this.#trimmed = tail;
    this.#inFlightBytes = 0;
    this.#inTurn.clear();
    for (const subscriber of this.#subscribers) {
      subscriber.update({ sent: tail, acked: tail, owesSince: null, hasEnd: false });
      subscriber.save();
    }
  }

  #sendAll(subscriber: Subscriber, frames: readonly Frame[], now: number): number {
    let sent = 0;
    for (const frame of frames) {
      if (!this.#send(subscriber, frame, now)) break;
      sent += 1;
    }
    this.#settle(subscriber, now);
    return sent;
  }

  #send(subscriber: Subscriber, frame: Frame, now: number): boolean {
    const verdict = mayTake(frame.bytes, {
      windowBytes: subscriber.state.windowBytes,
      inFlightBytes: subscriber.inFlightBytes,
      totalInFlightBytes: this.#inFlightBytes,
      totalWindowBytes: limits.windowTotalBytes,
    });
    if (verdict !== "now") {
      if (verdict === "inTurn") this.#inTurn.add(subscriber);
      else this.#holdBack(subscriber, now);
      return false;
    }
    subscriber.peer.send(frame.text);
    const offset = frame.offset + frame.bytes;
    this.#inFlightBytes += offset - subscriber.state.sent.offset;
    subscriber.update({ sent: { cursor: frame.last, offset }, sentAt: now });
    return true;
  }

  /** Says what was trimmed before it was sent. Both borders move by it, for it is not in flight. */
  #skipTrimmed(subscriber: Subscriber, now: number): void {
    const { sent, acked } = subscriber.state;
    const to = this.#trimmed;
    if (sent.cursor >= to.cursor) return;
    subscriber.send(JSON.stringify(retentionGapFrame(this.#channel, sent.cursor + 1, to.cursor)), now);
    const offset = acked.offset + to.offset - sent.offset;
    subscriber.update({ sent: to, acked: { cursor: acked.cursor, offset } });
  }

  /**
   * What an acknowledgement counts to. Chunks that were trimmed while they were in flight are not known any more:
   * an acknowledgement of one of them counts for all of them.
   */
  #ackedBorder({ state: { sent } }: Subscriber, cursor: number): Border {
    if (cursor === sent.cursor) return sent;
    if (cursor > this.#trimmed.cursor) return this.#segments.borderFrom(cursor) ?? sent;
    return sent.cursor < this.#trimmed.cursor ? sent : this.#trimmed;
  }

  #holdBack(subscriber: Subscriber, now: number): void {
    if (subscriber.state.owesSince !== null) return;
    subscriber.update({ owesSince: now });
    this.#events.heldBack(subscriber, now);
  }

  #settle(subscriber: Subscriber, now: number): void {
    if (subscriber.state.sent.cursor === this.#tail.cursor) this.#events.level(subscriber, now);
    subscriber.save();
  }

  #serveInTurn(now: number): void {
    for (const subscriber of this.#inTurn) {
      if (this.#inFlightBytes > limits.windowTotalBytes) return;
      this.#inTurn.delete(subscriber);
      this.catchUp(subscriber, now);
    }
  }

  #frameAfter(subscriber: Subscriber): Frame | null {
    const { sent, windowBytes } = subscriber.state;
    return this.#takesShared(subscriber)
      ? this.#segments.frameAfter(sent.cursor, frameBytesFor(this.#sharedWindowBytes))
      : this.#segments.ownFrameAfter(sent.cursor, frameBytesFor(windowBytes));
  }

  #takesShared(subscriber: Subscriber): boolean {
    return subscriber.state.windowBytes >= this.#sharedWindowBytes;
  }

  /**
   * Tells whose windows changed by half or more, before the new size counts. Who was held back by a smaller one
   * goes on by itself: the acknowledgement that it owed may not be due by the larger.
   */
  #shareWindows(now: number): void {
    const share = windowFor(this.#totalWindowBytes, this.#subscribers.size, null);
    if (share < this.#sharedWindowBytes) this.#sharedWindowBytes = share;
    const changed = [...this.#subscribers].filter((each) => this.#isToldWrong(each));
    if (changed.length === 0) return;
    const grown: Subscriber[] = [];
    for (const subscriber of changed) if (this.#changeWindow(subscriber, now)) grown.push(subscriber);
    this.#sharedWindowBytes = this.#smallestSharedWindow();
    for (const subscriber of grown) this.#goOn(subscriber, now);
  }

  #goOn(subscriber: Subscriber, now: number): void {
    if (subscriber.state.owesSince === null) return;
    subscriber.update({ owesSince: null });
    this.catchUp(subscriber, now);
  }

  /** Tells a subscriber its window; true when it is larger than before. */
  #changeWindow(subscriber: Subscriber, now: number): boolean {
    const before = subscriber.state.windowBytes;
    const windowBytes = this.#dueWindow(subscriber);
    subscriber.send(JSON.stringify({ type: "window", channel: this.#channel, windowBytes }), now);
    subscriber.update({ windowBytes });
    subscriber.save();
    return windowBytes > before;
  }

  #isToldWrong(subscriber: Subscriber): boolean {
    return isWorthTelling(subscriber.state.windowBytes, this.#dueWindow(subscriber));
  }

  #dueWindow(subscriber: Subscriber): number {
    return windowFor(this.#totalWindowBytes, this.#subscribers.size, subscriber.state.askedWindowBytes);
  }

  #smallestSharedWindow(): number {
    const share = windowFor(this.#totalWindowBytes, this.#subscribers.size, null);
    let smallest = share;
    for (const { state } of this.#subscribers) {
      const askedForLess = state.askedWindowBytes !== null && state.askedWindowBytes < share;
      if (!askedForLess && state.windowBytes < smallest) smallest = state.windowBytes;
    }
    return smallest;
  }
}
