import {
  closeCodes,
  decodeViewerFrame,
  limits,
  ok,
  type Problem,
  pongText,
  type Result,
  utf8Bytes,
} from "../../protocol/mod.ts";
import { summaryOf } from "./channel_frames.ts";
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
import { nextDue } from "./due.ts";
import { flushIntervalMs } from "./flush_interval.ts";
import type { Journal } from "./journal.ts";
import { pageFrom } from "./pages.ts";
import type { ChannelPorts, ChannelSettings } from "./ports.ts";
import { Readers, type WokenPeer } from "./readers.ts";
import { Retainer } from "./retainer.ts";
import type { Peer, Subscriber } from "./subscriber.ts";
import type { Settle } from "./waiting_batches.ts";

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
  readonly #readers: Readers;
  readonly #retainer: Retainer;
  readonly #ports: ChannelPorts;
  #isFlushPending = false;

  constructor(
    journal: Journal,
    name: { readonly tenant: string; readonly channel: string },
    settings: ChannelSettings,
    ports: ChannelPorts,
    woken: readonly WokenPeer[] = [],
  ) {
    this.#journal = journal;
    this.#ports = ports;
    this.#log = new ChannelLog(journal, name.tenant, name.channel, ports.makeEpoch);
    this.#readers = new Readers(this.#log, journal, settings, ports, woken);
    this.#retainer = new Retainer(this.#log, settings.retention);
  }

  get tenant(): string {
    return this.#log.tenant;
  }

  get head(): ChannelHead {
    return this.#log.head;
  }

  get viewers(): number {
    return this.#readers.count;
  }

  get summary(): ChannelSummary {
    return summaryOf(this.#log, this.viewers);
  }

  /** Takes a batch; `settle` is called once, at once or after the flush. */
  append(request: AppendRequest, now: number, settle: Settle): void {
    this.#log.append(request, settle);
    if (!this.#isFlushPending || this.#log.isFull) this.#flush(now);
  }

  /** The flush interval has ended: what came meanwhile is stored; if nothing did, the channel is quiet. */
  flushDue(now: number): void {
    this.#isFlushPending = false;
    this.#flush(now);
  }

  end(request: EndRequest, now: number): Result<EndReceipt> {
    this.#flush(now);
    const begins = this.head.epoch === null;
    const finished = this.#log.finish(request, now);
    if (!finished.ok) return finished;
    if (finished.value.isNew) {
      if (begins) this.#readers.epochBegan();
      this.#readers.ended();
      this.#changed(now);
    }
    return ok(finished.value.receipt);
  }

  deleteJournal(now: number): { readonly existed: boolean } {
    this.#flush(now);
    const cleared = this.#log.clear(now);
    if (!cleared.existed) return cleared;
    this.#readers.deleted();
    this.#changed(now);
    return cleared;
  }

  /** Whole chunks of the journal, for a Worker that reads history. */
  read(request: PageRequest): { readonly head: ChannelHead; readonly page: Page | null } {
    const head = this.head;
    return { head, page: pageFrom(this.#journal, head, request) };
  }

  /** Whether one more subscriber is taken. */
  admits(): Result<true> {
    return this.#readers.admits();
  }

  subscribe(peer: Peer, plan: SocketPlan, now: number): void {
    this.#readers.subscribe(peer, plan, now);
  }

  /** Takes a frame of a peer. */
  receive(peer: Peer, text: string, now: number): PeerRequest {
    const subscriber = this.#readers.find(peer);
    if (subscriber === undefined) return nothing;
    const bytes = utf8Bytes(text);
    if (bytes > limits.upFrameBytes) {
      const message = `The frame has ${bytes} bytes. Allowed: ${limits.upFrameBytes}.`;
      this.reject(peer, { code: "frame_too_large", message }, now);
      return nothing;
    }
    const decoded = decodeViewerFrame(text);
    if (!decoded.ok) {
      // What is no JSON at all is no frame of this protocol; a wrong frame is answered and costs nothing else.
      if (decoded.problem.code === "malformed_json") this.reject(peer, decoded.problem, now);
      else this.#readers.tellProblem(subscriber, decoded.problem);
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
        if (this.#isOwn(subscriber, frame)) this.#ack(subscriber, frame.cursor, now);
        return nothing;
      case "unsubscribe":
        if (this.#isOwn(subscriber, frame)) this.#readers.unsubscribe(peer, now);
        return nothing;
      case "subscribe":
        this.#readers.tellProblem(subscriber, {
          code: "unknown_frame",
          message:
            "This socket was subscribed by its address and takes no subscribe. Open another, or use /ws.",
        });
        return nothing;
    }
  }

  /** A socket is gone. */
  drop(peer: Peer, now: number): void {
    this.#readers.drop(peer, now);
  }

  /** Tells a peer why, and closes its socket. */
  reject(peer: Peer, problem: Problem, now: number): void {
    this.#readers.reject(peer, problem, now);
  }

  /** A peer's token was renewed, or was not: then it is told and closed. */
  renew(peer: Peer, verdict: Result<{ readonly expiresAt: number }>, now: number): void {
    const subscriber = this.#readers.find(peer);
    if (subscriber === undefined) return;
    if (verdict.ok) this.#readers.renew(subscriber, verdict.value.expiresAt);
    else this.#readers.reject(peer, verdict.problem, now, closeCodes.token.code);
  }

  /** Whose token a socket was opened with. */
  subjectOf(peer: Peer): string | null {
    return this.#readers.find(peer)?.state.subject ?? null;
  }

  announce(): void {
    this.#readers.announce();
  }

  /** Does what is due, and asks for the alarm again. */
  alarm(now: number): void {
    this.#readers.alarm(now);
    this.#retain(now);
    this.plan(now);
  }

  /** Asks for the alarm at the earliest due: after a wake nobody else may, for what was due before it. */
  plan(now: number): void {
    this.#wakeFor([this.#retainer.due(now), ...this.#readers.dues]);
  }

  #wakeFor(dues: Iterable<number | null>): void {
    const due = nextDue(dues);
    if (due !== null) this.#ports.wakeAt(due);
  }

  #retain(now: number): void {
    this.#flush(now);
    const done = this.#retainer.step(now, this.viewers);
    switch (done) {
      case "trimmed":
        this.#readers.trimmed();
        break;
      case "removed":
        this.#readers.deleted();
        this.#changed(now);
        break;
      case "erased":
        this.#readers.erased();
        break;
      case null:
        return;
    }
    // A step is bounded: what is left goes at once, not at the next full ten seconds.
    const due = this.#retainer.due(now);
    if (due !== null && due <= now) this.#ports.wakeAt(now);
  }

  #changed(now: number): void {
    this.#ports.changed("status");
    this.#ports.moved();
    this.plan(now);
  }

  #flush(now: number): void {
    const flushed = this.#log.flush(now);
    if (flushed === null) return;
    const { rows, begins, settle } = flushed;
    if (begins) this.#readers.epochBegan();
    const framesSent = this.#readers.publish(rows, now);
    settle();
    this.#ports.changed(begins ? "status" : "lines");
    this.#ports.moved();
    this.#wakeFor([this.#retainer.due(now)]);
    const delayMs = flushIntervalMs(framesSent);
    if (delayMs === 0 || this.#isFlushPending) return;
    this.#isFlushPending = true;
    this.#ports.flushAfter(delayMs);
  }

  /** Whether a frame names the one channel that its socket reads; if not, the peer is told. */
  #isOwn(
    subscriber: Subscriber,
    { type, channel }: { readonly type: string; readonly channel: string },
  ): boolean {
    if (channel === this.#log.channel) return true;
    const message = `This socket reads ${this.#log.channel} and was sent ${type} for ${channel}.`;
    this.#readers.tellProblem(subscriber, { code: "not_subscribed", message });
    return false;
  }

  #ack(subscriber: Subscriber, cursor: number, now: number): void {
    if (this.#readers.ack(subscriber, cursor, now)) return;
    const sent = subscriber.state.sent.cursor;
    const message = `The ack names cursor ${cursor}, and nothing past ${sent} was sent.`;
    this.#readers.tellProblem(subscriber, {
      code: "invalid_field",
      message,
      expected: sent,
      received: cursor,
    });
  }
}
