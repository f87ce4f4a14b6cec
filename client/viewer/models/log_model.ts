import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Entry, GapFrame, RedactFrame, SubscribedFrame } from "../../../protocol/mod.ts";
import type { ClientProblem, ConnectionState, LogListener, StopReason } from "../../sdk/mod.ts";
import type { FrameClock, LogSource, OpenLog } from "../adapter.ts";
import { ChannelFacts } from "./channel_facts.ts";
import { LogBuffer } from "./log_buffer.ts";
import { LogView, type Unseen } from "./log_view.ts";

/** Why the gateway ended the connection for good. */
export type ChannelRefusal = Extract<StopReason, { readonly kind: "refused" }>;

/** Entries that wait for a frame: a page in the background gets no frames and takes them in without one. */
const maxWaiting = 5_000;

/**
 * One channel on a page: what arrives waits for the next frame and is then taken in at once, so that a page
 * draws at most once a frame however fast lines come.
 */
export class LogModel {
  readonly channel: string;
  readonly buffer: LogBuffer;
  readonly facts = new ChannelFacts();
  readonly view: LogView;
  readonly #connection = signal<ConnectionState>({ name: "idle" });
  readonly #problem = signal<ClientProblem | null>(null);
  readonly #nextFrame: FrameClock;
  readonly #open: OpenLog;
  #waiting: (() => Unseen)[] = [];
  #waitingEntries = 0;
  #cancelFrame: (() => void) | null = null;
  /** The newest cursor when reading began: what comes up to it is not new. Null before. */
  #begunAt: number | null = null;

  readonly connection: ReadonlySignal<ConnectionState> = this.#connection;
  /** The newest trouble, until the connection is proved again. */
  readonly problem: ReadonlySignal<ClientProblem | null> = this.#problem;
  /** Why there will be no retry; null while there may be one. */
  readonly stop: ReadonlySignal<ChannelRefusal | null> = computed(() => {
    const state = this.#connection.value;
    return state.name === "stopped" && state.reason.kind === "refused" ? state.reason : null;
  });
  /** Why nothing of the channel may be shown; null where some of it was, or will be. */
  readonly refusal: ReadonlySignal<ChannelRefusal | null> = computed(() =>
    this.facts.subscribed.value === null ? this.stop.value : null,
  );

  constructor(channel: string, source: LogSource, nextFrame: FrameClock, buffer = new LogBuffer()) {
    this.channel = channel;
    this.buffer = buffer;
    this.view = new LogView(buffer);
    this.#nextFrame = nextFrame;
    this.#open = source.open(channel, this.#listener(), (state) => this.#connected(state));
  }

  reconnect(): void {
    this.#open.reconnect();
  }

  close(): void {
    this.#open.close();
    this.#cancelFrame?.();
    this.#cancelFrame = null;
    this.#waiting = [];
  }

  setKeyword(keyword: string): void {
    this.view.setKeyword(keyword);
    if (this.view.isSearching) this.#askForFrame();
  }

  #listener(): LogListener {
    return {
      onSubscribed: (frame) => this.#take(0, () => this.#subscribed(frame)),
      onEntries: (first, entries) => this.#take(entries.length, () => this.#entries(first, entries)),
      onGap: (frame) => this.#take(1, () => this.#gap(frame)),
      onSummary: (frame) => this.#take(0, () => this.#told(() => this.facts.takeSummary(frame))),
      onEnd: (frame, proof) =>
        this.#take(0, () => this.#told(() => this.facts.takeEnd(frame, proof, this.buffer.lastTs))),
      onRedact: (frame) => this.#take(0, () => this.#redact(frame)),
      onProblem: (problem) => {
        this.#problem.value = problem;
      },
    };
  }

  #connected(state: ConnectionState): void {
    batch(() => {
      this.#connection.value = state;
      if (state.name === "ready") this.#problem.value = null;
    });
  }

  /** Everything waits in one line, so that a gap stands where it belongs. */
  #take(entries: number, job: () => Unseen): void {
    this.#waiting.push(job);
    this.#waitingEntries += entries;
    if (this.#waitingEntries >= maxWaiting) this.#takeIn();
    else this.#askForFrame();
  }

  #askForFrame(): void {
    this.#cancelFrame ??= this.#nextFrame(() => {
      this.#cancelFrame = null;
      this.#takeIn();
    });
  }

  #takeIn(): void {
    const jobs = this.#waiting;
    this.#waiting = [];
    this.#waitingEntries = 0;
    batch(() => {
      this.view.change(() => {
        const came = { lines: 0, errors: 0 };
        for (const job of jobs) {
          const { lines, errors } = job();
          came.lines += lines;
          came.errors += errors;
        }
        return came;
      });
      this.facts.publish();
    });
    if (this.view.isSearching) this.#askForFrame();
  }

  #subscribed(frame: SubscribedFrame): Unseen {
    this.facts.takeSubscribed(frame);
    if (this.#begunAt === null && frame.ended) this.view.stay();
    this.#begunAt ??= frame.tail;
    return nothing;
  }

  #entries(first: number, entries: readonly Entry[]): Unseen {
    let lines = 0;
    let errors = 0;
    for (const [i, entry] of entries.entries()) {
      this.buffer.add(entry, first + i);
      this.facts.takeEntry(entry, first + i);
      if (entry.kind === "event" || entry.more || first + i <= (this.#begunAt ?? 0)) continue;
      lines += 1;
      if (entry.level === "error" || entry.level === "fatal") errors += 1;
    }
    return { lines, errors };
  }

  #gap(frame: GapFrame): Unseen {
    this.buffer.addGap(frame);
    return nothing;
  }

  #redact(frame: RedactFrame): Unseen {
    this.buffer.store.redact(frame.from, frame.to);
    this.facts.takeRedact();
    return nothing;
  }

  #told(tell: () => void): Unseen {
    tell();
    return nothing;
  }
}

const nothing: Unseen = { lines: 0, errors: 0 };
