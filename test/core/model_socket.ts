import {
  compileFilter,
  type DownFrame,
  decodeDownFrame,
  type Entry,
  type Filter,
  type LogEntry,
  type SubscribedFrame,
  type WindowFrame,
} from "../../protocol/mod.ts";
import type { SocketPlan } from "../../worker/core/contract.ts";
import { FilteredLeg } from "../../worker/routes/ws/filtered_leg.ts";
import { channelName, type TestChannel, TestPeer } from "./channel_harness.ts";

/** What lies between a consumer of the model and the channel. */
export interface ModelSocket {
  /** The object's end. */
  readonly peer: TestPeer;
  /** Lets so many more frames come through to the consumer. */
  relay(frames: number): void;
  /** The frames that have come through since the last call. */
  take(): DownFrame[];
  ack(cursor: number): void;
}

/** The object's own socket. */
export class DirectSocket implements ModelSocket {
  readonly peer: TestPeer;
  readonly #it: TestChannel;

  constructor(it: TestChannel, plan: Partial<SocketPlan>) {
    this.#it = it;
    this.peer = it.subscribe(plan);
  }

  relay(): void {}

  take(): DownFrame[] {
    return this.peer.take();
  }

  ack(cursor: number): void {
    if (this.peer.closed === null) this.#it.ack(this.peer, cursor);
  }
}

/**
 * A socket on `/ws` with a filter: the Worker's reader stands in it, is late as it likes, and is held to the rule
 * by which it acknowledges. The count here is of its own: what was let through and when the client has it.
 */
export class FilteredSocket implements ModelSocket {
  readonly peer: TestPeer;
  readonly #it: TestChannel;
  readonly #leg: FilteredLeg;
  readonly #client = new TestPeer();
  readonly #faults: string[];
  #windowBytes = 0;
  /** Of `entries` frames, read and not acknowledged to the object. */
  #readBytes = 0;
  /** A new window was told, and what was read before is not acknowledged to the object. */
  #owesAtOnce = false;
  /** Of `entries` frames, let through and not acknowledged by the client. */
  #unacked: { readonly last: number; readonly bytes: number }[] = [];

  constructor(it: TestChannel, plan: Partial<SocketPlan>, filter: Filter, faults: string[]) {
    this.#it = it;
    this.#faults = faults;
    this.#leg = new FilteredLeg(channelName, compileFilter(filter), (text) => this.#pass(text));
    this.peer = it.subscribe(plan);
  }

  relay(frames: number): void {
    for (const text of this.peer.texts.splice(0, frames)) {
      if (frameOf(text).type === "entries") this.#readBytes += text.length;
      this.#leg.take(text, this.#object);
      this.#expectAcked();
    }
  }

  take(): DownFrame[] {
    return this.#client.take();
  }

  ack(cursor: number): void {
    this.#unacked = this.#unacked.filter(({ last }) => last > cursor);
    const taken = this.#leg.ack(cursor, this.#object);
    if (!taken.ok) this.#faults.push(taken.problem.message);
    this.#expectAcked();
  }

  readonly #object = {
    ack: (_: string, cursor: number): void => {
      if (this.#unackedBytes > this.#windowBytes / 2)
        this.#faults.push(
          `${cursor} was acknowledged while ${this.#unackedBytes} bytes let through were not`,
        );
      this.#readBytes = 0;
      this.#owesAtOnce = false;
      if (this.peer.closed === null) this.#it.ack(this.peer, cursor);
    },
  };

  get #unackedBytes(): number {
    return this.#unacked.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** On its way to the client. */
  #pass(text: string): void {
    const frame = frameOf(text);
    if (frame.type === "entries")
      this.#unacked.push({ last: frame.first + frame.entries.length - 1, bytes: text.length });
    if (tellsWindow(frame)) {
      this.#windowBytes = frame.windowBytes;
      this.#owesAtOnce = this.#readBytes > 0;
    }
    this.#client.send(text);
  }

  /** Nobody else can acknowledge what the client never sees. */
  #expectAcked(): void {
    const half = this.#windowBytes / 2;
    const isOwed = this.#owesAtOnce || (this.#readBytes > 0 && this.#readBytes >= half);
    if (isOwed && this.#unackedBytes <= half)
      this.#faults.push(
        `${this.#readBytes} bytes were read, with half a window of ${half}, and not acknowledged`,
      );
  }
}

function frameOf(text: string): DownFrame {
  const frame = decodeDownFrame(text);
  if (!frame.ok) throw new Error(`${frame.problem.message} ${text}`);
  return frame.value;
}

function tellsWindow(frame: DownFrame): frame is SubscribedFrame | WindowFrame {
  return frame.type === "subscribed" || frame.type === "window";
}

/** Filters that consumers ask for: hardly anything, nothing, most, a part by each of their fields, all. */
export const askedFilters: readonly [Filter, ...Filter[]] = [
  { levels: ["error"], events: [] },
  { levels: [], events: [] },
  { levels: [], events: ["step"] },
  { levels: ["info", "warn"] },
  { stages: ["build"] },
  { stages: ["test", "deploy"], levels: ["warn", "error"], events: ["step"] },
  { search: "ONE " },
  { search: ".7 ", stages: ["build", "test"] },
  { search: "" },
];

/** What a filter is said to let through, put as plainly as can be. */
export function isWanted({ levels, stages, events, search = "" }: Filter, entry: Entry): boolean {
  const text = entry.kind === "log" ? entry.line : `${entry.event} ${JSON.stringify(entry.data)}`;
  const isFound = text.toLowerCase().includes(search.toLowerCase());
  if (entry.kind === "event") return isFound && (events?.includes(entry.event) ?? true);
  return isFound && (levels?.includes(entry.level) ?? true) && isOfStage(stages, entry);
}

function isOfStage(stages: readonly string[] | undefined, { stage }: LogEntry): boolean {
  return stages === undefined || (stage !== undefined && stages.includes(stage));
}
