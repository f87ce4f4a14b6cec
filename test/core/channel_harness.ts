import {
  type DownFrame,
  decodeDownFrame,
  type Entry,
  type LogEntry,
  type Result,
} from "../../protocol/mod.ts";
import { makeBatch } from "../../worker/core/batch.ts";
import { Channel } from "../../worker/core/channel.ts";
import type { CommandStore } from "../../worker/core/commands/command_store.ts";
import { MemoryCommandStore } from "../../worker/core/commands/memory_command_store.ts";
import type {
  AppendReceipt,
  AppendRequest,
  CommandRecord,
  CommandRequest,
  ProducerSeq,
  SocketPlan,
} from "../../worker/core/contract.ts";
import type { Journal } from "../../worker/core/journal.ts";
import { MemoryJournal } from "../../worker/core/memory_journal.ts";
import type { ChannelPorts, ChannelSettings } from "../../worker/core/ports.ts";
import type { Peer, PeerState, SubscriberState } from "../../worker/core/subscriber.ts";

export const channelName = "build/1";
export const dayMs = 24 * 60 * 60 * 1000;

/** A peer's end in memory: what it was sent, as frames, and what a wake would find attached. */
export class TestPeer implements Peer {
  readonly texts: string[] = [];
  pingedAt: number | null = null;
  closed: { code: number; reason: string } | null = null;
  attached: PeerState | null = null;

  send(text: string): void {
    this.texts.push(text);
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  lastPingAt(): number | null {
    return this.pingedAt;
  }

  attach(state: PeerState): void {
    this.attached = structuredClone(state);
  }

  /** What is attached to it as a subscriber. */
  get reading(): SubscriberState | null {
    return this.attached === null || "role" in this.attached ? null : this.attached;
  }

  /** The frames since the last call. */
  take(): DownFrame[] {
    return this.texts.splice(0).map((text) => {
      const frame = decodeDownFrame(text);
      if (!frame.ok) throw new Error(`${frame.problem.message} ${text}`);
      return frame.value;
    });
  }

  /** The lines of the entries among the frames since the last call, with their cursors. */
  takeLines(): [number, string][] {
    return this.take().flatMap((frame) =>
      frame.type === "entries" ? numbered(frame.first, frame.entries) : [],
    );
  }
}

function numbered(first: number, entries: readonly Entry[]): [number, string][] {
  return entries.map((entry, i) => [first + i, entry.kind === "log" ? entry.line : entry.event]);
}

export function log(line: string, more: Partial<LogEntry> = {}): LogEntry {
  return { kind: "log", ts: 1_000, level: "info", line, ...more };
}

/** A channel around a journal, with a clock that stands still until told, as the deployed one does in a turn. */
export class TestChannel {
  readonly journal: Journal;
  readonly commands: CommandStore;
  readonly calls: {
    flushAfter: number[];
    wakeAt: number[];
    changed: string[];
    left: (readonly [subject: string, code: number])[];
    aborted: string[];
    announced: number;
  } = {
    flushAfter: [],
    wakeAt: [],
    changed: [],
    left: [],
    aborted: [],
    announced: 0,
  };
  now = 1_000_000;
  channel: Channel;
  #epochs = 0;
  readonly #name: { readonly tenant: string; readonly channel: string };
  readonly #settings: ChannelSettings;

  constructor(
    journal: Journal = new MemoryJournal(),
    settings: Partial<ChannelSettings> = {},
    commands: CommandStore = new MemoryCommandStore(),
    name = channelName,
  ) {
    this.journal = journal;
    this.commands = commands;
    this.#name = { tenant: "t", channel: name };
    this.#settings = {
      windowTotalBytes: 48 * 1024 * 1024,
      maxDirectViewers: 2_000,
      retention: { ageMs: 30 * dayMs, bytes: 1024 * 1024 * 1024, entries: 0 },
      socketTimeoutMs: 600_000,
      framesPerSecond: 200,
      connectsPerSecond: 200,
      commandsPerSecond: 20,
      commandTtlMs: 3_600_000,
      agentGraceMs: 60_000,
      allowsHostile: false,
      ...settings,
    };
    this.channel = this.#make([]);
  }

  /** Lets the object be evicted: only the journal and the sockets' attachments are left. */
  evict(peers: readonly TestPeer[] = []): void {
    const woken = peers.flatMap((peer) => {
      return peer.attached === null || peer.closed !== null
        ? []
        : [{ peer, state: structuredClone(peer.attached) }];
    });
    this.channel = this.#make(woken);
  }

  append(
    entries: readonly Entry[],
    producer?: ProducerSeq,
    more: Partial<AppendRequest> = {},
  ): Result<AppendReceipt>[] {
    const batch = makeBatch(entries);
    if (!batch.ok) throw new Error(batch.problem.message);
    const outcomes: Result<AppendReceipt>[] = [];
    const request = {
      ...this.#name,
      batch: batch.value,
      ...(producer && { producer }),
      ...more,
    };
    this.channel.append(request, this.now, (outcome) => outcomes.push(outcome));
    return outcomes;
  }

  subscribe(plan: Partial<SocketPlan> = {}): TestPeer {
    const peer = new TestPeer();
    this.channel.subscribe(peer, { ...this.#name, subject: "me", ...plan }, this.now);
    return peer;
  }

  ack(peer: TestPeer, cursor: number): void {
    const { channel } = this.#name;
    this.channel.receive(peer, JSON.stringify({ type: "ack", channel, cursor }), this.now);
  }

  end(status: "success" | "failure" = "success") {
    return this.channel.end({ ...this.#name, status }, this.now);
  }

  /** An agent joins. */
  join(group: string, plan: Partial<SocketPlan> = {}): TestPeer {
    return this.subscribe({ subject: `${group}-token`, role: "agent", group, ...plan });
  }

  /** A command as it comes from a Worker. */
  command(id: string, more: Partial<CommandRequest> = {}): Result<CommandRecord> {
    const request = { ...this.#name, subject: "me", id, name: "pause", data: "{}", ...more };
    return this.channel.command(request, this.now);
  }

  /** A frame of a peer. */
  frame(peer: TestPeer, frame: { readonly type: string } & Record<string, unknown>): void {
    const { channel } = this.#name;
    this.channel.receive(peer, JSON.stringify({ channel, ...frame }), this.now);
  }

  commandAck(peer: TestPeer, cursor: number): void {
    this.frame(peer, { type: "commandAck", cursor });
  }

  answer(peer: TestPeer, id: string, data: unknown, final = true): void {
    this.frame(peer, { type: "answer", id, data, final });
  }

  #make(woken: readonly { peer: Peer; state: PeerState }[]): Channel {
    const { calls } = this;
    const ports: ChannelPorts = {
      makeEpoch: () => `epoch-${++this.#epochs}`,
      flushAfter: (delayMs) => calls.flushAfter.push(delayMs),
      announceSoon: () => {
        calls.announced += 1;
      },
      wakeAt: (due) => calls.wakeAt.push(due),
      moved: () => undefined,
      changed: (what) => calls.changed.push(what),
      left: (subject, code) => calls.left.push([subject, code]),
      abort: (reason) => calls.aborted.push(reason),
    };
    const name = this.#name;
    const stores = { journal: this.journal, commands: this.commands };
    const channel = new Channel(stores, name, this.#settings, ports, woken);
    channel.resume(this.now);
    return channel;
  }
}
