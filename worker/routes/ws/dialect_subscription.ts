import type { Ending, Reading, ReadingStart, Speech } from "../../../protocol/dialects/dialect.ts";
import {
  type DownFrame,
  type EntriesFrame,
  limits,
  type Problem,
  type SubscribedFrame,
  utf8Bytes,
} from "../../../protocol/mod.ts";
import { type DialectItem, type DialectPaced, type Note, rateGap, speakNote } from "./dialect_queue.ts";
import { isForCause, type Leg } from "./leg.ts";
import { lostTooOften, Reopening } from "./reopening.ts";
import { legWindow, type SessionPorts } from "./session.ts";

interface Subscribed {
  readonly id: string;
  readonly channel: string;
  readonly start: ReadingStart;
  /** Queues it in its turn, or drops it and announces that; its socket's channels share the queue. */
  readonly queue: (item: DialectItem) => void;
  /** The reading does not want this entry. */
  readonly hide: (cursor: number) => void;
  /** A frame has been queued whole. */
  readonly pump: () => void;
  /** How many channels the socket reads. */
  readonly legs: () => number;
  /** The object did not take it. */
  readonly refused: (problem: Problem) => void;
  /** The object ended it for a cause; what it said of that is queued. */
  readonly ended: (code: number) => void;
}

/**
 * One channel in a dialect. Until it is first level it acknowledges what its client was sent, so that the rest
 * waits in the journal; from then on what it read, so that it stays level, and lines past the client's rate are
 * dropped. Its client knows no lost leg: it is opened again after the last cursor taken, until it was closed for
 * a cause, too many failed in a row, or the client left.
 */
export class DialectSubscription {
  readonly #speech: Speech;
  readonly #reading: Reading;
  readonly #ports: SessionPorts;
  readonly #about: Subscribed;
  readonly #reopening = new Reopening();
  #leg: Leg | null = null;
  /** The last cursor taken from a leg, and its epoch: where a new leg goes on. */
  #cursor: number | null;
  #epoch: string | null = null;
  /** The epoch whose end was told: a new leg is told it again, and its client is not. */
  #endedEpoch: string | null = null;
  #windowBytes: number = limits.windowMinBytes;
  #isLevel = false;
  /** The tail on subscribing, until the reading was told that it has all up to there. */
  #backlogTail: number | null = Number.POSITIVE_INFINITY;
  /** Of this leg, received and not acknowledged; and of that what the client was sent, and up to where. */
  #unackedBytes = 0;
  #sentBytes = 0;
  #sentCursor = 0;
  /** Bytes in flight as the object counts them while a probe is under way: what was acknowledged since is not off. */
  #probedBytes: number | null = null;

  constructor(speech: Speech, ports: SessionPorts, about: Subscribed) {
    this.#speech = speech;
    this.#reading = speech.read(about.id, about.channel);
    this.#ports = ports;
    this.#about = about;
    this.#cursor = about.start.cursor ?? null;
  }

  /** The channel as the client calls it. */
  get id(): string {
    return this.#about.id;
  }

  get channel(): string {
    return this.#about.channel;
  }

  /** What the client gets of what its turn has come for. */
  speak(item: DialectPaced): Ending {
    if (item.kind === "run") return { frames: this.#reading.frames(item.lines.map(({ part }) => part)) };
    if (item.kind === "gap") return { frames: this.#reading.gap(rateGap(this.channel, item)) };
    if (item.note.type === "error") return { frames: [this.#speech.encodeError(item.note, this.id)] };
    return speakNote(this.#reading, item.note);
  }

  open(): void {
    this.#reopening.opens();
    this.#unackedBytes = 0;
    this.#sentBytes = 0;
    this.#probedBytes = null;
    this.#leg = this.#ports.openLeg(
      {
        channel: this.#about.channel,
        ...(this.#cursor !== null ? { cursor: this.#cursor } : this.#about.start),
        ...(this.#cursor !== null && this.#epoch !== null && { epoch: this.#epoch }),
        maxWindowBytes: legWindow(this.#about.legs()),
      },
      {
        taken: () => this.#ports.audit.subscribed(this.id, this.channel),
        frame: (text) => this.#take(text),
        refused: (problem) => this.#refused(problem),
        lost: (code) => this.#lost(code),
      },
    );
  }

  close(): void {
    this.#reopening.stop();
    this.#leg?.close();
    this.#leg = null;
  }

  #take(text: string): void {
    // What an object of this gateway sends is believed.
    const frame = JSON.parse(text) as DownFrame;
    if (frame.type === "entries") this.#deliver(text, frame);
    else this.#hear(frame, utf8Bytes(text));
    this.#about.pump();
  }

  #hear(frame: Exclude<DownFrame, EntriesFrame>, bytes: number): void {
    switch (frame.type) {
      case "subscribed":
        if (this.#reading.subscribed !== undefined) this.#note(frame, bytes);
        this.#begin(frame);
        return;
      case "window":
        this.#windowBytes = frame.windowBytes;
        this.#ack();
        return;
      case "pong":
        this.#probed();
        return;
      case "gap":
        this.#note(frame, bytes);
        if (frame.to !== null) this.#moveTo(frame.to);
        return;
      case "end":
        if (this.#endedEpoch === this.#epoch) return;
        this.#endedEpoch = this.#epoch;
        this.#note(frame, bytes);
        return;
      case "error":
        this.#note(frame, bytes);
        return;
      case "summary":
        if (this.#reading.summary !== undefined) this.#note(frame, bytes);
        return;
      case "reply":
        if (this.#reading.reply !== undefined) this.#note(frame, bytes);
        return;
      default:
        // Redactions and the like have no frame in a dialect.
        return;
    }
  }

  #begin({ epoch, cursor, tail, windowBytes }: SubscribedFrame): void {
    this.#epoch = epoch;
    this.#windowBytes = windowBytes;
    if (this.#backlogTail !== null) this.#backlogTail = tail;
    this.#moveTo(cursor);
    if (cursor === tail) this.#isLevel = true;
    this.#probe();
  }

  /** Goes on after `cursor`; the reading is told when that is all there was on subscribing. */
  #moveTo(cursor: number): void {
    this.#cursor = cursor;
    if (this.#backlogTail === null || cursor < this.#backlogTail) return;
    this.#backlogTail = null;
    if (this.#reading.level !== undefined) this.#note({ type: "level" }, 0);
  }

  /** Queues what is new; pages are cut at chunks and may begin before the cursor asked for. */
  #deliver(text: string, { first, entries }: EntriesFrame): void {
    const frameBytes = utf8Bytes(text);
    this.#unackedBytes += frameBytes;
    if (this.#probedBytes !== null) this.#probedBytes += frameBytes;
    const last = first + entries.length - 1;
    const leg = this.#leg;
    for (let cursor = Math.max(first, (this.#cursor ?? 0) + 1); cursor <= last; cursor++) {
      const entry = entries[cursor - first];
      if (entry === undefined) break;
      const piece = this.#reading.encode(entry, cursor);
      if (piece === null) this.#about.hide(cursor);
      else this.#about.queue({ kind: "line", reader: this, cursor, ...piece, isLive: this.#isLevel });
      this.#moveTo(cursor);
    }
    if (this.#isLevel) this.#ackIfOwed(this.#unackedBytes);
    else this.#note({ type: "passed", sent: () => this.#sent(leg, frameBytes, last) }, 0);
  }

  /** The client was sent all of a frame, which came by `leg`. */
  #sent(leg: Leg | null, frameBytes: number, cursor: number): void {
    if (this.#isLevel || leg !== this.#leg) return;
    this.#sentBytes += frameBytes;
    this.#sentCursor = cursor;
    this.#ackIfOwed(this.#sentBytes);
  }

  #ackIfOwed(bytes: number): void {
    if (bytes >= this.#windowBytes / 2) this.#ack();
  }

  #ack(): void {
    const bytes = this.#isLevel ? this.#unackedBytes : this.#sentBytes;
    const cursor = this.#isLevel ? this.#cursor : this.#sentCursor;
    if (bytes === 0 || cursor === null) return;
    this.#unackedBytes -= bytes;
    this.#sentBytes = 0;
    this.#leg?.ack(this.#about.channel, cursor);
    this.#probe();
  }

  /** Asks whether there is more than what is in flight; one question at a time. */
  #probe(): void {
    if (this.#isLevel || this.#probedBytes !== null) return;
    this.#probedBytes = this.#unackedBytes;
    this.#leg?.probe();
  }

  /** Whoever has at most half a window in flight is held back by nothing: all there is was sent to it. */
  #probed(): void {
    if (this.#isLevel || this.#probedBytes === null) return;
    const hasAll = this.#probedBytes <= this.#windowBytes / 2;
    const hasAcked = this.#unackedBytes < this.#probedBytes;
    this.#probedBytes = null;
    if (hasAll) {
      this.#isLevel = true;
      this.#ack();
    } else if (hasAcked) {
      this.#probe();
    }
  }

  #note(note: Note, bytes: number): void {
    this.#about.queue({ kind: "other", reader: this, note, bytes });
  }

  #refused(problem: Problem): void {
    this.#leg = null;
    this.#about.refused(problem);
  }

  #lost(code: number): void {
    this.#leg = null;
    if (isForCause(code)) {
      this.#ports.audit.ended(this.id, code);
      this.#about.ended(code);
      return;
    }
    if (!this.#reopening.again(() => this.open())) this.#ports.fail(lostTooOften(this.#about.channel));
  }
}
