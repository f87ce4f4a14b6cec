import { closeCodes, ok, type Problem, type Result, refuse } from "../../protocol/mod.ts";
import { presenceFrame, summaryOf } from "./channel_frames.ts";
import { ChannelLog } from "./channel_log.ts";
import type { CommandStore } from "./commands/command_store.ts";
import { type CommandPorts, Commands } from "./commands/commands.ts";
import type {
  AppendRequest,
  ChannelHead,
  ChannelSummary,
  CommandQuery,
  CommandRecord,
  CommandRequest,
  EndReceipt,
  EndRequest,
  Page,
  PageRequest,
  Renewal,
  SocketPlan,
} from "./contract.ts";
import { nextDue } from "./due.ts";
import { flushIntervalMs } from "./flush_interval.ts";
import { Inbox, type PeerRequest } from "./inbox.ts";
import type { Journal } from "./journal.ts";
import { pageFrom } from "./pages.ts";
import type { ChannelPorts, ChannelSettings } from "./ports.ts";
import { Readers } from "./readers.ts";
import { Retainer } from "./retainer.ts";
import type { Peer } from "./subscriber.ts";
import type { Settle } from "./waiting_batches.ts";
import { isAgent, isSubscriber, type WokenSocket } from "./woken.ts";

/** A socket that broke (RFC 6455). */
const lostCode = 1006;

/** What a channel keeps: entries, and commands. */
export interface ChannelStores {
  readonly journal: Journal;
  readonly commands: CommandStore;
}

/**
 * A channel without its platform: everything that must be serial, synchronous, with time passed in. The shell
 * gives it sockets, a journal and a timer.
 */
export class Channel {
  readonly #log: ChannelLog;
  readonly #journal: Journal;
  readonly #readers: Readers;
  readonly #commands: Commands;
  readonly #inbox: Inbox;
  readonly #retainer: Retainer;
  readonly #ports: ChannelPorts;
  #isFlushPending = false;

  constructor(
    { journal, commands }: ChannelStores,
    name: { readonly tenant: string; readonly channel: string },
    settings: ChannelSettings,
    ports: ChannelPorts,
    woken: readonly WokenSocket[] = [],
  ) {
    this.#journal = journal;
    this.#ports = ports;
    this.#log = new ChannelLog(journal, name.tenant, name.channel, ports.makeEpoch);
    const agents = () => this.#commands.agents;
    this.#readers = new Readers(this.#log, journal, settings, ports, woken.filter(isSubscriber), agents);
    this.#commands = new Commands(commands, this.#log, settings, this.#commandPorts(), woken.filter(isAgent));
    this.#inbox = new Inbox(this.#log, this.#readers, this.#commands, settings);
    this.#retainer = new Retainer(this.#log, settings.retention, (now) => this.#clear(now));
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
    return summaryOf(this.#log, this.viewers, this.#commands.agents);
  }

  /** When its oldest stored command came, in epoch milliseconds; null where there is none. */
  get commandedAt(): number | null {
    return this.#commands.since;
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
      this.#commands.channelEnded(now);
      this.#changed(now);
    }
    return ok(finished.value.receipt);
  }

  deleteJournal(now: number): Result<{ readonly existed: boolean }> {
    this.#flush(now);
    if (this.head.epoch === null && !this.#commands.isStored) return ok({ existed: false });
    try {
      this.#clear(now);
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

  /** Takes in a socket: one that reads, or an agent's. */
  subscribe(peer: Peer, plan: SocketPlan, now: number): void {
    if (plan.role === "agent") {
      this.#join(peer, plan, now);
      return;
    }
    this.#readers.subscribe(peer, plan, now);
    for (const text of this.#commands.repliesFor(plan.subject, now)) peer.send(text);
  }

  /** Stores a command and sends it to its agents; answers where it stands. */
  command(request: CommandRequest, now: number): Result<CommandRecord> {
    return this.#commands.command(request, now);
  }

  /** Where a command stands. */
  readCommand(query: CommandQuery): Result<CommandRecord> {
    return this.#commands.read(query);
  }

  /** Takes a frame of a peer. */
  receive(peer: Peer, text: string, now: number): PeerRequest {
    if (!this.#commands.isAgent(peer)) return this.#inbox.receive(peer, text, now);
    this.#commands.receive(peer, text, now);
    return { kind: "none" };
  }

  /** A socket is gone, by this close code. */
  drop(peer: Peer, now: number, code: number = lostCode): void {
    this.#readers.drop(peer, now, code);
    this.#commands.drop(peer, now);
  }

  /** Tells a peer why, and closes its socket. */
  reject(peer: Peer, problem: Problem, now: number): void {
    if (this.#commands.isAgent(peer)) this.#commands.reject(peer, problem, now);
    else this.#readers.reject(peer, problem, now);
  }

  /** A peer's token was renewed, or was not: then it is told and closed. */
  renew(peer: Peer, verdict: Result<Renewal>, now: number): void {
    const subscriber = this.#readers.find(peer);
    if (subscriber === undefined) return;
    if (verdict.ok) this.#readers.renew(subscriber, verdict.value, now);
    else this.#readers.reject(peer, verdict.problem, now, closeCodes.token.code);
  }

  /** Whose token a socket was opened with. */
  subjectOf(peer: Peer): string | null {
    return this.#readers.find(peer)?.state.subject ?? null;
  }

  /** Tells every subscriber and agent who is there; the shell spaces these out. */
  announce(now: number): void {
    const text = JSON.stringify(presenceFrame(this.#log, this.viewers, this.#commands.agents));
    this.#readers.tellAll(text, now);
    this.#commands.tellAgents(text);
  }

  /** Does what is due, and asks for the alarm again. */
  alarm(now: number): void {
    this.#readers.alarm(now);
    this.#commands.alarm(now);
    // What had nothing but commands goes when the last of them has gone; its cursor stays as that of any other.
    if (this.head.epoch === null && this.#commands.isLeftEmpty) this.deleteJournal(now);
    this.#retain(now);
    this.plan(now);
  }

  /** Begins after a wake: what went with the object's memory is noticed, and what is due asked for. */
  resume(now: number): void {
    this.#commands.resume(now);
    this.plan(now);
  }

  /** Asks for the alarm at the earliest due: after a wake nobody else may, for what was due before it. */
  plan(now: number): void {
    this.#wakeFor([this.#retainer.due(now), ...this.#readers.dues(now), ...this.#commands.dues(now)]);
  }

  #join(peer: Peer, plan: SocketPlan, now: number): void {
    const refused = this.#commands.join(peer, plan, this.viewers);
    if (refused !== null) this.#readers.reject(peer, refused, now);
  }

  /** Deletes the channel: all of it but its last cursors. */
  #clear(now: number): void {
    this.#commands.delete(now);
    this.#log.clear(this.#commands.cursor, now);
  }

  #commandPorts(): CommandPorts {
    return {
      tell: (subject, text, now) => this.#readers.tellReply(subject, text, now),
      endTask: (end, now) => {
        const { tenant, channel } = this.#log;
        this.end({ tenant, channel, ...end }, now);
      },
      agentsChanged: () => this.#ports.announceSoon(),
      listed: () => this.#ports.changed("status"),
      wakeAt: (due) => this.#ports.wakeAt(due),
    };
  }

  #wakeFor(dues: Iterable<number | null>): void {
    const due = nextDue(dues);
    if (due !== null) this.#ports.wakeAt(due);
  }

  #retain(now: number): void {
    this.#flush(now);
    const done = this.#retainer.step(now, this.viewers > 0 || this.#commands.isUsed);
    switch (done) {
      case "trimmed":
        this.#readers.trimmed();
        break;
      case "removed":
        this.#readers.deleted(now);
        this.#changed(now);
        break;
      case "erased":
        this.#commands.erased();
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
