import {
  type AckFrame,
  type DownFrame,
  type ErrorFrame,
  problemTable,
  quote,
  reactionTo,
  type SubscribeFrame,
} from "../../protocol/mod.ts";
import { AckWindow } from "./ack_window.ts";
import { backoffMs } from "./backoff.ts";
import { Inbox, type Received } from "./inbox.ts";
import type { LogListener, Taken } from "./listener.ts";
import { type ClientProblem, isProblemCode, problemOfFrame, sentenceOf } from "./problem.ts";
import { ReadPosition, type Step } from "./read_position.ts";
import type { SavedRead } from "./saved_read.ts";
import type { StateKeeper } from "./state_keeper.ts";
import { type SubscribeOptions, startOf } from "./subscribe_options.ts";
import { type StartTimer, TimerSlot } from "./timers.ts";

/** The socket a reader reads from. */
export interface ReaderHost {
  send(frame: SubscribeFrame | AckFrame): void;
  /** What arrives cannot be read on from: the socket is given up and reading resumes from the own cursor. */
  breakOff(problem: ClientProblem, attempt: number): void;
  /** The subscription has ended by itself. */
  drop(reader: ChannelReader): void;
}

export interface ReaderSettings {
  readonly maxBufferedEntries: number;
  readonly startTimer: StartTimer;
  readonly random: () => number;
  /** Keeps the place; null where nobody does. */
  readonly keeper: StateKeeper | null;
  /** The subscription has ended by itself, with a final problem. */
  readonly onFinish: () => void;
}

/** `refused`: the gateway reads nothing for it, whether or not it will be asked again. */
export type SubscribeAnswer = "none" | "subscribed" | "refused";

/** So many sockets in a row may break off before the subscription is given up. */
export const breaksInARow = 8;

/** One subscription: reads a channel's frames exactly once and in order, over as many sockets as it takes. */
export class ChannelReader {
  readonly channel: string;
  readonly #options: SubscribeOptions;
  readonly #listener: LogListener;
  readonly #settings: ReaderSettings;
  readonly #inbox: Inbox;
  readonly #retry: TimerSlot;
  #position: ReadPosition;
  #host: ReaderHost | null = null;
  /** Of the socket in use, from its `subscribed` on. */
  #window: AckWindow | null = null;
  /** The place after the newest frame that the listener has taken: what is acknowledged and stored. */
  #takenRead: SavedRead | null = null;
  #breaks = 0;
  #attempt = 0;
  #answer: SubscribeAnswer = "none";
  #isClosed = false;

  constructor(channel: string, options: SubscribeOptions, listener: LogListener, settings: ReaderSettings) {
    this.channel = channel;
    this.#options = options;
    this.#listener = listener;
    this.#settings = settings;
    this.#retry = new TimerSlot(settings.startTimer);
    this.#inbox = new Inbox(
      settings.maxBufferedEntries,
      (received) => this.#handle(received),
      (thrown) => this.#failListener(thrown),
    );
    this.#position = new ReadPosition(startOf(options), options.filter !== undefined);
  }

  get cursor(): number | null {
    return this.#position.cursor;
  }

  get epoch(): string | null {
    return this.#position.epoch;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What the gateway has answered to the newest `subscribe`. */
  get answer(): SubscribeAnswer {
    return this.#answer;
  }

  /** Goes on from a stored place, before the first socket. */
  restore(saved: SavedRead): void {
    this.#position = new ReadPosition(saved, this.#options.filter !== undefined);
  }

  attach(host: ReaderHost): void {
    this.#host = host;
  }

  /** A new socket: what waits of the old one is read again. Answers how to subscribe on the new one. */
  begin(): SubscribeFrame {
    this.#inbox.clear();
    this.#window = null;
    this.#answer = "none";
    this.#retry.clear();
    const { filter, maxWindowBytes } = this.#options;
    return {
      type: "subscribe",
      channel: this.channel,
      ...this.#place(),
      ...(filter !== undefined && { filter }),
      ...(maxWindowBytes !== undefined && { maxWindowBytes }),
    };
  }

  /** A frame of this channel. */
  receive(received: Received): void {
    const { frame } = received;
    if (this.#isClosed) return;
    if (frame.type === "subscribed") this.#answer = "subscribed";
    if (frame.type === "error" && this.#answer === "none") this.#answer = "refused";
    if (frame.type === "error") this.#refused(frame);
    else if (frame.type === "window") this.#resize(frame.windowBytes);
    else this.#queue(received);
  }

  report(problem: ClientProblem): void {
    this.#listener.onProblem?.({ channel: this.channel, ...problem });
  }

  /** Ends it from the outside; resolves when the place after what the listener has taken is stored. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#retry.clear();
    this.#inbox.close();
    await this.#save();
  }

  /** Before the socket's `subscribed` nothing can be meant for this reader. */
  #queue(received: Received): void {
    if (received.frame.type === "subscribed") this.#open(received.frame.windowBytes);
    if (this.#window !== null && !this.#inbox.push(received)) this.#overflow();
  }

  #place(): Pick<SubscribeFrame, "cursor" | "epoch" | "last"> {
    const place = this.#position.saved;
    if (place !== null) return { cursor: place.cursor, ...(place.epoch !== null && { epoch: place.epoch }) };
    return this.#options.last === undefined ? {} : { last: this.#options.last };
  }

  #open(windowBytes: number): void {
    this.#attempt = 0;
    if (this.#window === null) this.#window = new AckWindow(windowBytes);
    else this.#window.resize(windowBytes);
  }

  #handle(received: Received): Taken {
    const window = this.#window;
    const delivered = this.#deliver(received.frame);
    if (delivered === undefined) return this.#taken(received, window);
    return delivered.then(() => this.#taken(received, window));
  }

  #deliver(frame: DownFrame): Taken {
    switch (frame.type) {
      case "subscribed":
        this.#position.subscribed(frame);
        return this.#listener.onSubscribed?.(frame);
      case "entries":
        return this.#step(this.#position.entries(frame), ({ first, entries }) =>
          this.#listener.onEntries?.(first, entries),
        );
      case "gap":
        return this.#step(this.#position.gap(frame), (gap) => this.#listener.onGap?.(gap));
      case "skipped":
        return this.#step(this.#position.skipped(frame), (skip) => this.#listener.onSkipped?.(skip));
      case "end":
        return this.#step(this.#position.end(frame), (proof) => this.#listener.onEnd?.(frame, proof));
      case "redact":
        this.#position.redact(frame);
        return this.#listener.onRedact?.(frame);
      case "summary":
        return this.#listener.onSummary?.(frame);
      default:
        return undefined;
    }
  }

  #step<T>(step: Step<T>, deliver: (value: T) => Taken): Taken {
    if (step.kind === "known") return undefined;
    if (step.kind === "hole") return this.#missing(step.expected, step.found);
    this.#breaks = 0;
    return deliver(step.value);
  }

  /** The listener has taken a frame that came while `window` was in use: of an older socket nothing is owed. */
  #taken({ frame, bytes }: Received, window: AckWindow | null): void {
    this.#takenRead = this.#position.saved;
    if (frame.type === "end") void this.#save();
    else if (frame.type !== "summary") this.#saveSoon();
    if (frame.type !== "entries" || window === null || window !== this.#window) return;
    if (window.take(bytes)) this.#ack(window);
  }

  #resize(windowBytes: number): void {
    this.#window?.resize(windowBytes);
    if (this.#window !== null) this.#ack(this.#window);
  }

  #ack(window: AckWindow): void {
    const cursor = this.#takenRead?.cursor;
    if (cursor === undefined || this.#isClosed) return;
    window.acked();
    this.#host?.send({ type: "ack", channel: this.channel, cursor });
    void this.#save();
  }

  /** Not after a close: that has saved the place, and no timer may outlive it. */
  #saveSoon(): void {
    if (this.#takenRead !== null && !this.#isClosed) this.#settings.keeper?.saveSoon(this.#takenRead);
  }

  async #save(): Promise<void> {
    if (this.#takenRead !== null) await this.#settings.keeper?.save(this.#takenRead);
  }

  #missing(expected: number, found: number): void {
    const message = `Cursors ${expected} to ${found - 1} are missing and no gap was announced; reading again after ${expected - 1}.`;
    this.#breakOff({ code: "entries_missing", message });
  }

  #overflow(): void {
    const message = `More than ${this.#settings.maxBufferedEntries} entries wait for the listener; they are read again later.`;
    this.#breakOff({ code: "buffer_full", message });
  }

  #breakOff(problem: ClientProblem): void {
    this.#breaks += 1;
    if (this.#breaks > breaksInARow) {
      this.#finish(problem);
      return;
    }
    this.report(problem);
    this.#inbox.clear();
    this.#window = null;
    this.#host?.breakOff(problem, this.#breaks);
  }

  /** An `error` frame about this channel: the socket stays open for the others. */
  #refused(frame: ErrorFrame): void {
    const problem = problemOfFrame(frame);
    const reaction = reactionTo(isProblemCode(frame.code) ? problemTable[frame.code].close : 0);
    const isOver = frame.code === "forbidden" || this.#window === null;
    if (reaction !== "retry" && isOver) {
      this.#finish(problem);
      return;
    }
    this.report(problem);
    if (reaction === "retry") this.#subscribeLater(frame.retryAfterMs);
  }

  #subscribeLater(retryAfterMs: number | undefined): void {
    this.#attempt += 1;
    const delayMs = backoffMs(this.#attempt, this.#settings.random(), retryAfterMs);
    this.#retry.set(() => this.#host?.send(this.begin()), delayMs);
  }

  #failListener(thrown: unknown): void {
    const message = `The listener of ${quote(this.channel)} failed: ${sentenceOf(thrown)}`;
    this.#finish({ code: "listener_failed", message });
  }

  #finish(problem: ClientProblem): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#retry.clear();
    this.#inbox.close();
    void this.#save();
    this.#host?.drop(this);
    this.#settings.onFinish();
    this.report({ ...problem, final: true });
  }
}

/** Which channel a frame is about; null for one about the whole connection. */
export function channelOf(frame: DownFrame): string | null {
  return "channel" in frame && typeof frame.channel === "string" ? frame.channel : null;
}
