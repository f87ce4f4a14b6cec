import {
  closeCodes,
  type DownFrame,
  decodeViewerFrame,
  limits,
  ok,
  type Problem,
  pongText,
  problemTable,
  type Result,
  refuse,
} from "../../protocol/mod.ts";
import {
  endFrame,
  epochGapFrame,
  errorFrame,
  presenceFrame,
  subscribedFrame,
  summaryFrame,
  summaryOf,
} from "./channel_frames.ts";
import { ChannelLog } from "./channel_log.ts";
import type {
  AppendRequest,
  ChannelHead,
  ChannelSummary,
  EndReceipt,
  EndRequest,
  Page,
  PageRequest,
  SocketPlan,
} from "./contract.ts";
import { Delivery } from "./delivery.ts";
import { nextDue } from "./due.ts";
import { flushIntervalMs } from "./flush_interval.ts";
import type { Journal } from "./journal.ts";
import { pageFrom } from "./pages.ts";
import { Segments } from "./segments.ts";
import { startOf } from "./start.ts";
import { Stranded } from "./stranded.ts";
import { type Peer, Subscriber, type SubscriberState } from "./subscriber.ts";
import { dueAction, duesOf } from "./subscriber_due.ts";
import type { Settle } from "./waiting_batches.ts";

/** What a channel asks of the shell around it. */
export interface ChannelPorts {
  /** A name for a new journal. */
  makeEpoch(): string;
  /** Calls `flushDue` after so many milliseconds; asked for only when no such call is pending. */
  flushAfter(delayMs: number): void;
  /** Calls `announce` soon; asked for as often as something changes. */
  announceSoon(): void;
  /** Wants the alarm at this time (epoch milliseconds) or earlier. */
  wakeAt(due: number): void;
  /** The tail moved, or the channel ended: whoever waits for it may look. */
  moved(): void;
  /** The status changed, or lines were stored: the directory wants to know. */
  changed(what: "status" | "lines"): void;
  /** Too much memory is held by sockets that were closed and do not read: give the object up. */
  abort(reason: string): void;
}

/** The settings a channel needs. */
export interface ChannelSettings {
  readonly windowTotalBytes: number;
  readonly maxDirectViewers: number;
}

/** What a peer's frame asks of the shell, if anything. */
export type PeerRequest = { readonly kind: "none" } | { readonly kind: "auth"; readonly token: string };

const nothing: PeerRequest = { kind: "none" };

/**
 * A channel without its platform: everything that must be serial, synchronous, with time passed in. The shell
 * gives it sockets, a journal and a timer.
 */
export class Channel {
  readonly #log: ChannelLog;
  readonly #journal: Journal;
  readonly #segments: Segments;
  readonly #delivery: Delivery;
  readonly #ports: ChannelPorts;
  readonly #settings: ChannelSettings;
  readonly #byPeer = new Map<Peer, Subscriber>();
  readonly #stranded = new Stranded();
  #isFlushPending = false;

  constructor(
    journal: Journal,
    name: { readonly tenant: string; readonly channel: string },
    settings: ChannelSettings,
    ports: ChannelPorts,
    woken: readonly { readonly peer: Peer; readonly state: SubscriberState }[] = [],
  ) {
    this.#journal = journal;
    this.#settings = settings;
    this.#ports = ports;
    this.#log = new ChannelLog(journal, name.tenant, name.channel, ports.makeEpoch);
    this.#segments = new Segments(this.#log.channel, journal);
    for (const { peer, state } of woken) this.#byPeer.set(peer, new Subscriber(peer, state));
    this.#delivery = new Delivery(
      this.#log.channel,
      this.#segments,
      this.#log.place,
      settings.windowTotalBytes,
      [...this.#byPeer.values()],
      {
        level: (subscriber) => this.#sendEnd(subscriber),
        heldBack: (subscriber) => this.#wakeFor(subscriber),
      },
    );
  }

  get tenant(): string {
    return this.#log.tenant;
  }

  get head(): ChannelHead {
    return this.#log.head;
  }

  get viewers(): number {
    return this.#delivery.subscribers.size;
  }

  // Writing

  /** Takes a batch; `settle` is called once, at once or after the flush. */
  append(request: AppendRequest, now: number, settle: Settle): void {
    this.#log.append(request, settle);
    if (!this.#log.hasWaiting) return;
    if (!this.#isFlushPending || this.#log.isFull) this.#flush(now);
  }

  /** The flush interval has ended: what came meanwhile is stored; if nothing did, the channel is quiet. */
  flushDue(now: number): void {
    this.#isFlushPending = false;
    if (this.#log.hasWaiting) this.#flush(now);
  }

  end(request: EndRequest, now: number): Result<EndReceipt> {
    this.#flush(now);
    const finished = this.#log.finish(request, now);
    if (!finished.ok) return finished;
    if (finished.value.isNew) {
      for (const subscriber of this.#delivery.subscribers) this.#sendEndIfLevel(subscriber);
      this.#ports.changed("status");
      this.#ports.moved();
      this.#ports.announceSoon();
    }
    return ok(finished.value.receipt);
  }

  /** Deletes the journal. Every subscriber is told by a gap of reason `epoch`, and waits for what comes next. */
  deleteJournal(now: number): { readonly existed: boolean } {
    this.#flush(now);
    const cleared = this.#log.clear(now);
    if (!cleared.existed) return cleared;
    this.#segments.clear();
    this.#delivery.restartAt(this.#log.place);
    for (const subscriber of this.#delivery.subscribers) {
      this.#tell(subscriber, epochGapFrame(this.head));
      this.#tell(subscriber, this.#subscribed(subscriber, this.#log.place.cursor, false));
    }
    this.#ports.changed("status");
    this.#ports.moved();
    return cleared;
  }

  #flush(now: number): void {
    const done = this.#log.flush(now);
    if (done === null) return;
    const { rows, begins } = done;
    if (begins) this.#tellBegin();
    const framesSent = this.#delivery.publish(this.#segments.add(rows), this.#log.place, now);
    done.settle();
    this.#ports.changed(begins ? "status" : "lines");
    this.#ports.moved();
    const delayMs = flushIntervalMs(framesSent);
    if (delayMs === 0 || this.#isFlushPending) return;
    this.#isFlushPending = true;
    this.#ports.flushAfter(delayMs);
  }

  #tellBegin(): void {
    for (const subscriber of this.#delivery.subscribers) {
      this.#tell(subscriber, this.#subscribed(subscriber, subscriber.state.sent.cursor, false));
    }
    this.#ports.announceSoon();
  }

  // Reading

  /** Whether one more subscriber is taken. */
  admits(): Result<true> {
    if (this.viewers < this.#settings.maxDirectViewers) return ok(true);
    return refuse(
      "too_many_viewers",
      `Channel ${this.#log.channel} has ${this.viewers} viewers and takes ${this.#settings.maxDirectViewers}. Try again in 30 seconds.`,
      { retryAfterMs: 30_000 },
    );
  }

  /** Begins a subscription: `subscribed`, a gap if one is due, `summary`, then the backlog, then live. */
  subscribe(peer: Peer, plan: SocketPlan, now: number): void {
    const start = startOf(this.head, plan);
    const border = this.#segments.borderUpTo(start.after) ?? this.#log.place;
    const askedWindowBytes = plan.maxWindowBytes ?? null;
    const subscriber = new Subscriber(peer, {
      tenant: plan.tenant,
      channel: plan.channel,
      subject: plan.subject,
      expiresAt: plan.expiresAt ?? null,
      isWarned: false,
      askedWindowBytes,
      windowBytes: this.#delivery.windowForNext(askedWindowBytes),
      sent: border,
      acked: border,
      owesSince: null,
      hasEnd: false,
    });
    this.#byPeer.set(peer, subscriber);
    this.#tell(subscriber, this.#subscribed(subscriber, start.after, start.isResumed));
    if (start.gap !== null) this.#tell(subscriber, { type: "gap", channel: this.#log.channel, ...start.gap });
    this.#delivery.add(subscriber);
    this.#tell(subscriber, summaryFrame(this.#log, this.viewers));
    this.#delivery.catchUp(subscriber, now);
    this.#wakeFor(subscriber);
    this.#ports.announceSoon();
  }

  /** Takes a frame of a peer. */
  receive(peer: Peer, text: string, now: number): PeerRequest {
    const subscriber = this.#byPeer.get(peer);
    if (subscriber === undefined) return nothing;
    if (text.length > limits.upFrameBytes) {
      const message = `The frame has ${text.length} characters. Allowed: ${limits.upFrameBytes} bytes.`;
      this.reject(peer, { code: "frame_too_large", message }, now);
      return nothing;
    }
    const decoded = decodeViewerFrame(text);
    if (!decoded.ok) {
      if (decoded.problem.code === "malformed_json") this.reject(peer, decoded.problem, now);
      else this.#tellProblem(subscriber, decoded.problem);
      return nothing;
    }
    const frame = decoded.value;
    switch (frame.type) {
      case "ping":
        peer.send(pongText);
        return nothing;
      case "auth":
        return { kind: "auth", token: frame.token };
      case "ack":
        this.#ack(subscriber, frame.channel, frame.cursor, now);
        return nothing;
      case "unsubscribe":
        this.#closePeer(peer, closeCodes.normal.code, "unsubscribed", now);
        return nothing;
      case "subscribe":
        this.#tellProblem(subscriber, {
          code: "unknown_frame",
          message:
            "This socket was subscribed by its address and takes no subscribe. Open another, or use /ws.",
        });
        return nothing;
    }
  }

  /** A socket is gone, by its peer's will or after this side closed it. */
  drop(peer: Peer, now: number): void {
    this.#stranded.release(peer);
    const subscriber = this.#byPeer.get(peer);
    if (subscriber === undefined) return;
    this.#byPeer.delete(peer);
    this.#delivery.remove(subscriber, now);
    this.#ports.announceSoon();
  }

  /** Tells a peer why, and closes its socket. */
  reject(peer: Peer, problem: Problem, now: number): void {
    peer.send(JSON.stringify(errorFrame(problem, this.#log.channel)));
    this.#closePeer(peer, problemTable[problem.code].close, problem.code, now);
  }

  /** A peer's token was renewed, or was not: then it is told and closed. */
  renew(peer: Peer, verdict: Result<{ readonly expiresAt: number }>, now: number): void {
    const subscriber = this.#byPeer.get(peer);
    if (subscriber === undefined) return;
    if (!verdict.ok) {
      this.reject(peer, verdict.problem, now);
      return;
    }
    subscriber.update({ expiresAt: verdict.value.expiresAt, isWarned: false });
    subscriber.save();
    this.#wakeFor(subscriber);
  }

  subjectOf(peer: Peer): string | null {
    return this.#byPeer.get(peer)?.state.subject ?? null;
  }

  #ack(subscriber: Subscriber, channel: string, cursor: number, now: number): void {
    if (channel !== this.#log.channel) {
      this.#tellProblem(subscriber, {
        code: "not_subscribed",
        message: `This socket reads ${this.#log.channel} and was sent an ack for ${channel}.`,
      });
    } else if (!this.#delivery.ack(subscriber, cursor, now)) {
      this.#tellProblem(subscriber, {
        code: "invalid_field",
        message: `The ack names cursor ${cursor}, and nothing past ${subscriber.state.sent.cursor} was sent.`,
        expected: subscriber.state.sent.cursor,
        received: cursor,
      });
    }
  }

  /** Whole chunks of the journal, for a Worker that reads history. */
  read(request: PageRequest): { readonly head: ChannelHead; readonly page: Page | null } {
    const head = this.head;
    return { head, page: pageFrom(this.#journal, head, request) };
  }

  // What readers want to know

  get summary(): ChannelSummary {
    return summaryOf(this.#log, this.viewers);
  }

  /** Tells every subscriber who is there; the shell spaces these out. */
  announce(): void {
    const text = JSON.stringify(presenceFrame(this.#log, this.viewers));
    for (const subscriber of this.#delivery.subscribers) subscriber.peer.send(text);
  }

  // The alarm

  /** Does what is due: warns of tokens, closes whose token expired or who owes an acknowledgement. */
  alarm(now: number): void {
    for (const subscriber of [...this.#delivery.subscribers]) {
      const action = dueAction(subscriber.state, now);
      if (action.kind === "close") this.reject(subscriber.peer, action.problem, now);
      if (action.kind !== "warn") continue;
      this.#tell(subscriber, { type: "expiring", inMs: action.inMs });
      subscriber.update({ isWarned: true });
      subscriber.save();
    }
    const due = nextDue([...this.#delivery.subscribers].flatMap(({ state }) => duesOf(state)));
    if (due !== null) this.#ports.wakeAt(due);
  }

  #wakeFor(subscriber: Subscriber): void {
    const due = nextDue(duesOf(subscriber.state));
    if (due !== null) this.#ports.wakeAt(due);
  }

  // Frames

  #subscribed(subscriber: Subscriber, cursor: number, isResumed: boolean): DownFrame {
    return subscribedFrame(this.head, cursor, isResumed, subscriber.state.windowBytes);
  }

  #sendEndIfLevel(subscriber: Subscriber): void {
    if (subscriber.state.sent.cursor !== this.#log.place.cursor) return;
    this.#sendEnd(subscriber);
    subscriber.save();
  }

  #sendEnd(subscriber: Subscriber): void {
    const end = this.#log.end;
    if (end === undefined || subscriber.state.hasEnd) return;
    this.#tell(subscriber, endFrame(end));
    subscriber.update({ hasEnd: true });
  }

  #tellProblem(subscriber: Subscriber, problem: Problem): void {
    this.#tell(subscriber, errorFrame(problem, this.#log.channel));
  }

  #tell(subscriber: Subscriber, frame: DownFrame): void {
    subscriber.peer.send(JSON.stringify(frame));
  }

  #closePeer(peer: Peer, code: number, reason: string, now: number): void {
    const subscriber = this.#byPeer.get(peer);
    this.#byPeer.delete(peer);
    const bytes = subscriber === undefined ? 0 : this.#delivery.remove(subscriber, now);
    peer.close(code, reason);
    if (this.#stranded.add(peer, bytes) > limits.strandedBytes) {
      this.#ports.abort("Sockets that were closed and do not read hold too much memory");
    }
    this.#ports.announceSoon();
  }
}
