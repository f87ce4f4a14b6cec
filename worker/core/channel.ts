import { closeCodes, ok, type Problem, type Result, refuse } from "../../protocol/mod.ts";
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
import { Inbox, type PeerRequest } from "./inbox.ts";
import type { Journal } from "./journal.ts";
import { pageFrom } from "./pages.ts";
import type { ChannelPorts, ChannelSettings } from "./ports.ts";
import { Readers, type WokenPeer } from "./readers.ts";
import { Retainer } from "./retainer.ts";
import type { Peer } from "./subscriber.ts";
import type { Settle } from "./waiting_batches.ts";

/**
 * A channel without its platform: everything that must be serial, synchronous, with time passed in. The shell
 * gives it sockets, a journal and a timer.
 */
export class Channel {
  readonly #log: ChannelLog;
  readonly #journal: Journal;
  readonly #readers: Readers;
  readonly #inbox: Inbox;
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
    this.#inbox = new Inbox(this.#log, this.#readers, settings.framesPerSecond);
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
    this.#log.append(request, now, settle);
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
      if (begins) this.#readers.epochBegan(now);
      this.#readers.ended(now);
      this.#changed(now);
    }
    return ok(finished.value.receipt);
  }

  deleteJournal(now: number): Result<{ readonly existed: boolean }> {
    this.#flush(now);
    try {
      if (!this.#log.clear(now).existed) return ok({ existed: false });
    } catch {
      return refuse("storage_failed", "The journal could not be deleted. Send it again.", {
        retryAfterMs: 1_000,
      });
    }
    this.#readers.deleted(now);
    this.#changed(now);
    return ok({ existed: true });
  }

  /** Whole chunks of the journal, for a Worker that reads history. */
  read(request: PageRequest): { readonly head: ChannelHead; readonly page: Page | null } {
    const head = this.head;
    return { head, page: pageFrom(this.#journal, head, request) };
  }

  /** Whether one more socket of a subject is taken; it counts as one that was opened. */
  admits(subject: string, now: number): Result<true> {
    return this.#readers.admits(subject, now);
  }

  subscribe(peer: Peer, plan: SocketPlan, now: number): void {
    this.#readers.subscribe(peer, plan, now);
  }

  /** Takes a frame of a peer. */
  receive(peer: Peer, text: string, now: number): PeerRequest {
    return this.#inbox.receive(peer, text, now);
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
    if (verdict.ok) this.#readers.renew(subscriber, verdict.value.expiresAt, now);
    else this.#readers.reject(peer, verdict.problem, now, closeCodes.token.code);
  }

  /** Whose token a socket was opened with. */
  subjectOf(peer: Peer): string | null {
    return this.#readers.find(peer)?.state.subject ?? null;
  }

  announce(now: number): void {
    this.#readers.announce(now);
  }

  /** Does what is due, and asks for the alarm again. */
  alarm(now: number): void {
    this.#readers.alarm(now);
    this.#retain(now);
    this.plan(now);
  }

  /** Asks for the alarm at the earliest due: after a wake nobody else may, for what was due before it. */
  plan(now: number): void {
    this.#wakeFor([this.#retainer.due(now), ...this.#readers.dues(now)]);
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
        this.#readers.deleted(now);
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
    if (begins) this.#readers.epochBegan(now);
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
}
