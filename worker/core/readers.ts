import {
  type About,
  closeCodes,
  type DownFrame,
  errorFrameOf,
  limits,
  ok,
  type Problem,
  problemTable,
  type Result,
  refuse,
  utf8Bytes,
} from "../../protocol/mod.ts";
import { fullBucket } from "./bucket.ts";
import { endFrame, epochGapFrame, subscribedFrame, summaryFrame } from "./channel_frames.ts";
import type { ChannelLog } from "./channel_log.ts";
import { ConnectRate } from "./connect_rate.ts";
import type { Renewal, SocketPlan } from "./contract.ts";
import { Delivery } from "./delivery.ts";
import { nextDue } from "./due.ts";
import { frameRule } from "./frame_count.ts";
import type { Journal, JournalRow } from "./journal.ts";
import type { ChannelPorts, ChannelSettings } from "./ports.ts";
import { withReply } from "./reply_bound.ts";
import { Segments } from "./segments.ts";
import { startOf } from "./start.ts";
import { Stranded } from "./stranded.ts";
import { firstState, type Peer, Subscriber, type SubscriberState } from "./subscriber.ts";
import { dueAction, duesOf } from "./subscriber_due.ts";
import { Sweeps } from "./sweeps.ts";
import { nextWarningAt } from "./token_warning.ts";

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
  readonly #connects: ConnectRate;
  readonly #sweeps: Sweeps;
  readonly #agents: () => number;

  /** `agents`: how many are there now. */
  constructor(
    log: ChannelLog,
    journal: Journal,
    settings: ChannelSettings,
    ports: ChannelPorts,
    woken: readonly WokenPeer[],
    agents: () => number,
  ) {
    this.#log = log;
    this.#agents = agents;
    this.#settings = settings;
    this.#ports = ports;
    this.#segments = new Segments(log.channel, journal);
    this.#byPeer = new Map(woken.map(({ peer, state }) => [peer, new Subscriber(peer, state)]));
    this.#connects = new ConnectRate(
      settings.connectsPerSecond,
      woken.map(({ state }) => state),
    );
    const subscribers = [...this.#byPeer.values()];
    this.#delivery = new Delivery(
      log.channel,
      this.#segments,
      { tail: log.place, trimmed: log.trimmed },
      settings.windowTotalBytes,
      subscribers,
      {
        level: (subscriber, now) => this.#sendEnd(subscriber, now),
        heldBack: (subscriber, now) => this.#wakeFor(subscriber, now),
      },
    );
    this.#sweeps = new Sweeps(this.#delivery.subscribers);
  }

  get count(): number {
    return this.#delivery.subscribers.size;
  }

  find(peer: Peer): Subscriber | undefined {
    return this.#byPeer.get(peer);
  }

  /** Whether one more socket of a subject is taken; it counts as one that was opened. */
  admits(subject: string, now: number): Result<true> {
    const paced = this.#connects.take(subject, now);
    if (!paced.ok) return paced;
    const { maxDirectViewers } = this.#settings;
    if (this.count < maxDirectViewers) return ok(true);
    const message = `Channel ${this.#log.channel} has ${this.count} viewers and takes ${maxDirectViewers}. Try again in 30 seconds.`;
    return refuse("too_many_viewers", message, { retryAfterMs: 30_000 });
  }

  /** Begins a subscription: `subscribed`, a gap if one is due, `summary`, then the backlog, then live. */
  subscribe(peer: Peer, plan: SocketPlan, now: number): void {
    const start = startOf(this.#log.head, plan);
    const subscriber = this.#place(peer, plan, start.after, now);
    this.#byPeer.set(peer, subscriber);
    this.#tellSubscribed(subscriber, start.after, start.isResumed, now);
    if (start.gap !== null) {
      this.tell(subscriber, { type: "gap", channel: this.#log.channel, ...start.gap }, now);
    }
    this.#delivery.add(subscriber, now);
    this.tell(subscriber, summaryFrame(this.#log, this.count, this.#agents()), now);
    this.#delivery.catchUp(subscriber, now);
    this.#wakeFor(subscriber, now);
    this.#ports.announceSoon();
  }

  /** Takes an acknowledgement; false where it names what was never sent. */
  ack(subscriber: Subscriber, cursor: number, now: number): boolean {
    return this.#delivery.ack(subscriber, cursor, now);
  }

  /** Sends what was just stored to all who are level; answers how many frames that were. */
  publish(rows: readonly JournalRow[], now: number): number {
    const framesSent = this.#delivery.publish(this.#segments.add(rows), this.#log.place, now);
    if (this.#sweeps.isLookDue(now)) this.alarm(now);
    return framesSent;
  }

  /** An epoch begins: who waited for it is told. */
  epochBegan(now: number): void {
    for (const subscriber of this.#delivery.subscribers) {
      this.#tellSubscribed(subscriber, subscriber.state.sent.cursor, false, now);
      subscriber.save();
    }
    this.#ports.announceSoon();
  }

  /** The channel has ended: whoever has everything is told now, the others when they have. */
  ended(now: number): void {
    for (const subscriber of this.#delivery.subscribers) {
      if (subscriber.state.sent.cursor !== this.#log.place.cursor) continue;
      this.#sendEnd(subscriber, now);
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
  deleted(now: number): void {
    this.#segments.clear();
    for (const subscriber of this.#delivery.subscribers) {
      this.tell(subscriber, epochGapFrame(this.#log.channel, subscriber.state.sent.cursor + 1), now);
      this.#tellSubscribed(subscriber, this.#log.place.cursor, false, now);
    }
    this.#delivery.restartAt(this.#log.place);
    this.#ports.announceSoon();
  }

  /** A socket is gone, by its peer's will (`code` is its close code) or after this side closed it. */
  drop(peer: Peer, now: number, code: number): void {
    this.#stranded.release(peer);
    const subscriber = this.#byPeer.get(peer);
    if (subscriber === undefined) return;
    this.#byPeer.delete(peer);
    this.#tellLeft(subscriber, code, now);
    this.#delivery.remove(subscriber, now);
    this.#ports.announceSoon();
  }

  /** Tells a peer why, and closes its socket, with the problem's own close code unless another is given. */
  reject(peer: Peer, problem: Problem, now: number, code: number = problemTable[problem.code].close): void {
    peer.send(JSON.stringify(errorFrameOf(problem, { channel: this.#log.channel })));
    this.close(peer, code, problem.code, now);
  }

  /** Closes a socket from this side. */
  close(peer: Peer, code: number, reason: string, now: number): void {
    const subscriber = this.#byPeer.get(peer);
    this.#byPeer.delete(peer);
    peer.close(code, reason);
    if (subscriber === undefined) return;
    this.#tellLeft(subscriber, code, now);
    if (this.#stranded.add(peer, this.#delivery.remove(subscriber, now)) > limits.strandedBytes) {
      this.#ports.abort("Sockets that were closed and do not read hold too much memory");
    }
    this.#ports.announceSoon();
  }

  unsubscribe(peer: Peer, now: number): void {
    this.close(peer, closeCodes.normal.code, "unsubscribed", now);
  }

  /** A peer's token was renewed. */
  renew(subscriber: Subscriber, { expiresAt, commands }: Renewal, now: number): void {
    subscriber.update({ expiresAt, commands, warnAt: nextWarningAt(expiresAt, now) });
    subscriber.save();
    this.#wakeFor(subscriber, now);
  }

  /** Tells every subscriber of a subject where a command of it stands. */
  tellReply(subject: string, text: string, now: number): void {
    for (const subscriber of [...this.#delivery.subscribers]) {
      if (subscriber.state.subject !== subject) continue;
      const replied = withReply(subscriber, utf8Bytes(text), now);
      if (replied.ok) {
        subscriber.update(replied.value);
        subscriber.send(text, now);
        subscriber.save();
      } else {
        this.reject(subscriber.peer, replied.problem, now);
      }
    }
  }

  /** Tells every subscriber the same. */
  tellAll(text: string, now: number): void {
    for (const subscriber of this.#delivery.subscribers) {
      subscriber.send(text, now);
      subscriber.save();
    }
  }

  /**
   * Does what is due: warns of tokens, closes whose token expired, who owes an acknowledgement or is silent. While
   * lines flow it does not wait for the alarm.
   */
  alarm(now: number): void {
    this.#sweeps.begin(now);
    for (const subscriber of [...this.#delivery.subscribers]) {
      const action = dueAction(subscriber.state, this.#settings.socketTimeoutMs, now);
      if (action.kind === "close") this.reject(subscriber.peer, action.problem, now);
      if (action.kind !== "warn") continue;
      this.tell(subscriber, { type: "expiring", inMs: action.inMs }, now);
      subscriber.update({ warnAt: null });
      subscriber.save();
    }
  }

  /** When the alarm is due for each subscriber, in epoch milliseconds; null: never. */
  dues(now: number): readonly (number | null)[] {
    return [...this.#delivery.subscribers].flatMap((subscriber) => this.#duesOf(subscriber, now));
  }

  tell(subscriber: Subscriber, frame: DownFrame, now: number): void {
    subscriber.send(JSON.stringify(frame), now);
  }

  tellProblem(subscriber: Subscriber, problem: Problem, now: number, about: Pick<About, "id"> = {}): void {
    this.tell(subscriber, errorFrameOf(problem, { channel: this.#log.channel, ...about }), now);
    subscriber.save();
  }

  #place(peer: Peer, plan: SocketPlan, after: number, now: number): Subscriber {
    const border = this.#segments.borderUpTo(after) ?? this.#log.place;
    const windowBytes = this.#delivery.windowForNext(plan.maxWindowBytes ?? null);
    const frames = fullBucket(frameRule(this.#settings.framesPerSecond), now);
    return new Subscriber(peer, firstState(plan, { border, windowBytes, frames }, now));
  }

  /** A Worker's leg is left to the Worker: it alone knows its client. */
  #tellLeft({ state: { subject, expiresAt } }: Subscriber, code: number, now: number): void {
    if (expiresAt !== null) this.#ports.left(subject, code, now);
  }

  #tellSubscribed(subscriber: Subscriber, cursor: number, isResumed: boolean, now: number): void {
    const frame = subscribedFrame(this.#log.head, cursor, isResumed, subscriber.state.windowBytes);
    this.tell(subscriber, frame, now);
  }

  #sendEnd(subscriber: Subscriber, now: number): void {
    const end = this.#log.end;
    if (end === undefined || subscriber.state.hasEnd) return;
    this.tell(subscriber, endFrame(end), now);
    subscriber.update({ hasEnd: true });
  }

  #duesOf({ state }: Subscriber, now: number): (number | null)[] {
    return [...duesOf(state), state.expiresAt === null ? null : this.#sweeps.next(now)];
  }

  #wakeFor(subscriber: Subscriber, now: number): void {
    const due = nextDue(this.#duesOf(subscriber, now));
    if (due !== null) this.#ports.wakeAt(due);
  }
}
