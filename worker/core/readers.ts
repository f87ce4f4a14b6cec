import {
  closeCodes,
  type DownFrame,
  limits,
  ok,
  type Problem,
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
} from "./channel_frames.ts";
import type { ChannelLog } from "./channel_log.ts";
import type { SocketPlan } from "./contract.ts";
import { Delivery } from "./delivery.ts";
import { nextDue } from "./due.ts";
import type { Journal, JournalRow } from "./journal.ts";
import type { ChannelPorts, ChannelSettings } from "./ports.ts";
import { Segments } from "./segments.ts";
import { startOf } from "./start.ts";
import { Stranded } from "./stranded.ts";
import { type Peer, Subscriber, type SubscriberState } from "./subscriber.ts";
import { dueAction, duesOf } from "./subscriber_due.ts";

/** A socket that outlived the object's memory, with what was attached to it. */
export interface WokenPeer {
  readonly peer: Peer;
  readonly state: SubscriberState;
}

/** The reading half of a channel: who subscribes, what each is told, and when it is let go. */
export class Readers {
  readonly #log: ChannelLog;
  readonly #segments: Segments;
  readonly #delivery: Delivery;
  readonly #ports: ChannelPorts;
  readonly #settings: ChannelSettings;
  readonly #byPeer: Map<Peer, Subscriber>;
  readonly #stranded = new Stranded();

  constructor(
    log: ChannelLog,
    journal: Journal,
    settings: ChannelSettings,
    ports: ChannelPorts,
    woken: readonly WokenPeer[],
  ) {
    this.#log = log;
    this.#settings = settings;
    this.#ports = ports;
    this.#segments = new Segments(log.channel, journal);
    this.#byPeer = new Map(woken.map(({ peer, state }) => [peer, new Subscriber(peer, state)]));
    const subscribers = [...this.#byPeer.values()];
    this.#delivery = new Delivery(
      log.channel,
      this.#segments,
      { tail: log.place, trimmed: log.trimmed },
      settings.windowTotalBytes,
      subscribers,
      {
        level: (subscriber) => this.#sendEnd(subscriber),
        heldBack: (subscriber) => this.#wakeFor(subscriber),
      },
    );
  }

  get count(): number {
    return this.#delivery.subscribers.size;
  }

  find(peer: Peer): Subscriber | undefined {
    return this.#byPeer.get(peer);
  }

  /** Whether one more subscriber is taken. */
  admits(): Result<true> {
    const { maxDirectViewers } = this.#settings;
    if (this.count < maxDirectViewers) return ok(true);
    const message = `Channel ${this.#log.channel} has ${this.count} viewers and takes ${maxDirectViewers}. Try again in 30 seconds.`;
    return refuse("too_many_viewers", message, { retryAfterMs: 30_000 });
  }

  /** Begins a subscription: `subscribed`, a gap if one is due, `summary`, then the backlog, then live. */
  subscribe(peer: Peer, plan: SocketPlan, now: number): void {
    const start = startOf(this.#log.head, plan);
    const subscriber = this.#place(peer, plan, start.after);
    this.#byPeer.set(peer, subscriber);
    this.#tellSubscribed(subscriber, start.after, start.isResumed);
    if (start.gap !== null) this.tell(subscriber, { type: "gap", channel: this.#log.channel, ...start.gap });
    this.#delivery.add(subscriber);
    this.tell(subscriber, summaryFrame(this.#log, this.count));
    this.#delivery.catchUp(subscriber, now);
    this.#wakeFor(subscriber);
    this.#ports.announceSoon();
  }

  /** Takes an acknowledgement; false where it names what was never sent. */
  ack(subscriber: Subscriber, cursor: number, now: number): boolean {
    return this.#delivery.ack(subscriber, cursor, now);
  }

  /** Sends what was just stored to all who are level; answers how many frames that were. */
  publish(rows: readonly JournalRow[], now: number): number {
    return this.#delivery.publish(this.#segments.add(rows), this.#log.place, now);
  }

  /** An epoch begins: who waited for it is told. */
  epochBegan(): void {
    for (const subscriber of this.#delivery.subscribers) {
      this.#tellSubscribed(subscriber, subscriber.state.sent.cursor, false);
    }
    this.#ports.announceSoon();
  }

  /** The channel has ended: whoever has everything is told now, the others when they have. */
  ended(): void {
    for (const subscriber of this.#delivery.subscribers) {
      if (subscriber.state.sent.cursor !== this.#log.place.cursor) continue;
      this.#sendEnd(subscriber);
      subscriber.save();
    }
    this.#ports.announceSoon();
  }

  /** The oldest entries were trimmed: who has not read them is told when it reads on. */
  trimmed(): void {
    this.#delivery.trimmedTo(this.#log.trimmed);
  }

  /** The last cursor of a deleted journal was forgotten; nobody subscribes. */
  erased(): void {
    this.#delivery.restartAt(this.#log.place);
  }

  /** The journal was deleted: everyone gets a gap of reason `epoch`, and waits for what comes next. */
  deleted(): void {
    this.#segments.clear();
    for (const subscriber of this.#delivery.subscribers) {
      this.tell(subscriber, epochGapFrame(this.#log.channel, subscriber.state.sent.cursor + 1));
      this.#tellSubscribed(subscriber, this.#log.place.cursor, false);
    }
    this.#delivery.restartAt(this.#log.place);
    this.#ports.announceSoon();
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

  /** Tells a peer why, and closes its socket, with the problem's own close code unless another is given. */
  reject(peer: Peer, problem: Problem, now: number, code: number = problemTable[problem.code].close): void {
    peer.send(JSON.stringify(errorFrame(problem, this.#log.channel)));
    this.close(peer, code, problem.code, now);
  }

  /** Closes a socket from this side. */
  close(peer: Peer, code: number, reason: string, now: number): void {
    const subscriber = this.#byPeer.get(peer);
    this.#byPeer.delete(peer);
    peer.close(code, reason);
    if (subscriber === undefined) return;
    if (this.#stranded.add(peer, this.#delivery.remove(subscriber, now)) > limits.strandedBytes) {
      this.#ports.abort("Sockets that were closed and do not read hold too much memory");
    }
    this.#ports.announceSoon();
  }

  unsubscribe(peer: Peer, now: number): void {
    this.close(peer, closeCodes.normal.code, "unsubscribed", now);
  }

  /** A peer's token was renewed. */
  renew(subscriber: Subscriber, expiresAt: number): void {
    subscriber.update({ expiresAt, isWarned: false });
    subscriber.save();
    this.#wakeFor(subscriber);
  }

  /** Tells every subscriber who is there; the shell spaces these out. */
  announce(): void {
    const text = JSON.stringify(presenceFrame(this.#log, this.count));
    for (const subscriber of this.#delivery.subscribers) subscriber.peer.send(text);
  }

  /** Does what is due: warns of tokens, closes whose token expired or who owes an acknowledgement. */
  alarm(now: number): void {
    for (const subscriber of [...this.#delivery.subscribers]) {
      const action = dueAction(subscriber.state, now);
      if (action.kind === "close") this.reject(subscriber.peer, action.problem, now);
      if (action.kind !== "warn") continue;
      this.tell(subscriber, { type: "expiring", inMs: action.inMs });
      subscriber.update({ isWarned: true });
      subscriber.save();
    }
  }

  /** When the alarm is due for each subscriber, in epoch milliseconds. */
  get dues(): readonly (number | null)[] {
    return [...this.#delivery.subscribers].flatMap(({ state }) => duesOf(state));
  }

  tell(subscriber: Subscriber, frame: DownFrame): void {
    subscriber.peer.send(JSON.stringify(frame));
  }

  tellProblem(subscriber: Subscriber, problem: Problem): void {
    this.tell(subscriber, errorFrame(problem, this.#log.channel));
  }

  #place(peer: Peer, plan: SocketPlan, after: number): Subscriber {
    const askedWindowBytes = plan.maxWindowBytes ?? null;
    const border = this.#segments.borderUpTo(after) ?? this.#log.place;
    return new Subscriber(peer, {
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
  }

  #tellSubscribed(subscriber: Subscriber, cursor: number, isResumed: boolean): void {
    this.tell(subscriber, subscribedFrame(this.#log.head, cursor, isResumed, subscriber.state.windowBytes));
  }

  #sendEnd(subscriber: Subscriber): void {
    const end = this.#log.end;
    if (end === undefined || subscriber.state.hasEnd) return;
    this.tell(subscriber, endFrame(end));
    subscriber.update({ hasEnd: true });
  }

  #wakeFor(subscriber: Subscriber): void {
    const due = nextDue(duesOf(subscriber.state));
    if (due !== null) this.#ports.wakeAt(due);
  }
}
