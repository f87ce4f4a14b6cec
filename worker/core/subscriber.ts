import type { Bucket } from "./bucket.ts";
import type { AgentState } from "./commands/agent.ts";
import type { SocketPlan } from "./contract.ts";
import type { Border } from "./segment.ts";
import { firstWarningAt } from "./token_warning.ts";

/** What a socket keeps for a wake: a subscriber's state, or an agent's. */
export type PeerState = SubscriberState | AgentState;

/** A socket, as the core sees it. Neither call throws: a dead socket is told of by its close. */
export interface Peer {
  send(text: string): void;
  close(code: number, reason: string): void;
  /** Keeps what a wake needs; at most some hundred bytes. */
  attach(state: PeerState): void;
  /** When the platform last answered its ping, in epoch milliseconds; null: never. */
  lastPingAt(): number | null;
}

/** All that must survive a wake, as a socket's attachment. */
export interface SubscriberState {
  readonly tenant: string;
  readonly channel: string;
  readonly subject: string;
  /** Its token grants `command`. */
  readonly commands: boolean;
  /** When its token expires, in epoch milliseconds; null for a Worker's own leg. */
  readonly expiresAt: number | null;
  /** When it is told that its token expires, in epoch milliseconds; null once it was, or where none expires. */
  readonly warnAt: number | null;
  readonly askedWindowBytes: number | null;
  /** The window it was told of, which is the one that counts. */
  readonly windowBytes: number;
  readonly sent: Border;
  readonly acked: Border;
  /** Since when it holds itself back by an acknowledgement it owes, in epoch milliseconds. */
  readonly owesSince: number | null;
  /** It was sent the `end` of this epoch. */
  readonly hasEnd: boolean;
  /** When it subscribed; when it last sent anything but a ping, was last sent anything, in epoch milliseconds. */
  readonly joinedAt: number;
  readonly heardAt: number;
  readonly sentAt: number;
  /** The newest ping that was noticed, and the longest time between two, in milliseconds. */
  readonly pingedAt: number | null;
  readonly longestPingMs: number;
  /** Replies that it was sent since it last sent anything, in bytes, and when the newest was, in epoch milliseconds. */
  readonly repliedBytes: number;
  readonly repliedAt: number;
  /** What it may send: frames. */
  readonly frames: Bucket;
}

/** What a subscriber is as it begins to read after a border. */
export function firstState(
  plan: SocketPlan,
  start: { readonly border: Border; readonly windowBytes: number; readonly frames: Bucket },
  now: number,
): SubscriberState {
  const { tenant, channel, subject } = plan;
  const expiresAt = plan.expiresAt ?? null;
  return {
    tenant,
    channel,
    subject,
    commands: plan.commands === true,
    expiresAt,
    warnAt: expiresAt === null ? null : firstWarningAt(expiresAt),
    askedWindowBytes: plan.maxWindowBytes ?? null,
    windowBytes: start.windowBytes,
    sent: start.border,
    acked: start.border,
    owesSince: null,
    hasEnd: false,
    joinedAt: now,
    heardAt: now,
    sentAt: now,
    pingedAt: null,
    longestPingMs: 0,
    repliedBytes: 0,
    repliedAt: 0,
    frames: start.frames,
  };
}

/** One socket reading the channel: two cursors, and no queue. */
export class Subscriber {
  readonly peer: Peer;
  #state: SubscriberState;

  constructor(peer: Peer, state: SubscriberState) {
    this.peer = peer;
    this.#state = state;
  }

  get state(): SubscriberState {
    return this.#state;
  }

  get inFlightBytes(): number {
    return this.#state.sent.offset - this.#state.acked.offset;
  }

  /** Sends it a text. {@link save} follows, at the end of what is sent. */
  send(text: string, now: number): void {
    this.peer.send(text);
    if (this.#state.sentAt !== now) this.update({ sentAt: now });
  }

  /** Changes its state in memory; {@link save} keeps it. */
  update(change: Partial<SubscriberState>): void {
    this.#state = { ...this.#state, ...change };
  }

  save(): void {
    this.peer.attach(this.#state);
  }
}
