import { DurableObject } from "cloudflare:workers";
import type { Result } from "../../protocol/mod.ts";
import { pingText, pongText, problemTable } from "../../protocol/mod.ts";
import { Channel } from "../core/channel.ts";
import { channelSettings } from "../core/channel_settings.ts";
import { SqliteCommandStore } from "../core/commands/sqlite_command_store.ts";
import type {
  AppendReceipt,
  AppendRequest,
  ChannelCalls,
  ChannelHead,
  ChannelSummary,
  CommandCalls,
  CommandQuery,
  CommandRecord,
  CommandRequest,
  EndReceipt,
  EndRequest,
  Page,
  PageRequest,
  SocketPlan,
} from "../core/contract.ts";
import { socketPlanHeader } from "../core/contract.ts";
import { mustSet, nextDue } from "../core/due.ts";
import type { ChannelPorts } from "../core/ports.ts";
import { parseSettings } from "../core/settings.ts";
import { SqliteJournal } from "../core/sqlite_journal.ts";
import { AuditReporter, storedAudit } from "./audit_reporter.ts";
import { DirectoryReporter } from "./directory_reporter.ts";
import { type Env, tokenCheck } from "./env.ts";
import { SocketPeer } from "./socket_peer.ts";
import { TailWaiters } from "./tail_waiters.ts";

/** How long changes of who is there are gathered before subscribers are told, in milliseconds. */
const announceMs = 1_000;

/**
 * A channel on its platform: storage, sockets, alarm and the two timers. What it decides stands in
 * `core/channel.ts`; nothing here awaits between a write and its fan-out.
 */
export class ChannelObject extends DurableObject<Env> implements ChannelCalls, CommandCalls {
  readonly #peers = new Map<WebSocket, SocketPeer>();
  readonly #waiters = new TailWaiters();
  #channel: Channel | null = null;
  #reporter: DirectoryReporter | null = null;
  #audit: AuditReporter | null = null;
  #alarmAt: number | null = null;
  #announceTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    // Answered by the platform: a ping wakes nobody.
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(pingText, pongText));
    ctx.blockConcurrencyWhile(async () => {
      this.#alarmAt = await ctx.storage.getAlarm();
    });
    for (const socket of ctx.getWebSockets()) this.#peers.set(socket, new SocketPeer(ctx, socket));
  }

  append(request: AppendRequest): Promise<Result<AppendReceipt>> {
    const channel = this.#open(request.tenant, request.channel);
    return new Promise((resolve) => channel.append(request, Date.now(), resolve));
  }

  async end(request: EndRequest): Promise<Result<EndReceipt>> {
    return this.#open(request.tenant, request.channel).end(request, Date.now());
  }

  async deleteJournal(tenant: string, channel: string): Promise<Result<{ readonly existed: boolean }>> {
    return this.#open(tenant, channel).deleteJournal(Date.now());
  }

  async command(request: CommandRequest): Promise<Result<CommandRecord>> {
    return this.#open(request.tenant, request.channel).command(request, Date.now());
  }

  async readCommand(query: CommandQuery): Promise<Result<CommandRecord>> {
    return this.#open(query.tenant, query.channel).readCommand(query);
  }

  async head(tenant: string, channel: string): Promise<ChannelHead> {
    return this.#open(tenant, channel).head;
  }

  async summary(tenant: string, channel: string): Promise<ChannelSummary> {
    return this.#open(tenant, channel).summary;
  }

  async read(
    tenant: string,
    channel: string,
    request: PageRequest,
  ): Promise<{ readonly head: ChannelHead; readonly page: Page | null }> {
    return this.#open(tenant, channel).read(request);
  }

  async waitAfter(tenant: string, channel: string, after: number, waitMs: number): Promise<ChannelHead> {
    const opened = this.#open(tenant, channel);
    const until = Date.now() + waitMs;
    for (
      let left = waitMs;
      left > 0 && opened.head.tail <= after && !opened.head.ended;
      left = until - Date.now()
    ) {
      await this.#waiters.wait(left);
    }
    return opened.head;
  }

  /** A subscriber's upgrade; the Worker has authorized it and says so in the plan. */
  override async fetch(request: Request): Promise<Response> {
    const plan = JSON.parse(request.headers.get(socketPlanHeader) ?? "null") as SocketPlan | null;
    if (plan === null) return new Response(null, { status: 404 });
    const channel = this.#open(plan.tenant, plan.channel);
    const admitted = channel.admits(plan.subject, Date.now());
    if (!admitted.ok && plan.refusesByStatus) {
      return Response.json(admitted.problem, { status: problemTable[admitted.problem.code].status });
    }
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    const peer = new SocketPeer(this.ctx, server);
    if (admitted.ok) {
      this.#peers.set(server, peer);
      channel.subscribe(peer, plan, Date.now());
    } else {
      channel.reject(peer, admitted.problem, Date.now());
    }
    const headers = plan.protocol === undefined ? undefined : { "Sec-WebSocket-Protocol": plan.protocol };
    return new Response(null, { status: 101, webSocket: client, ...(headers && { headers }) });
  }

  /** Synchronous but for `auth`: handlers of one socket overlap where they await. */
  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const peer = this.#peers.get(socket);
    const channel = this.#wake();
    if (peer === undefined || channel === null) return;
    if (typeof message !== "string") {
      const problem = {
        code: "frame_invalid",
        message: "The frame is binary. Allowed: text frames of JSON.",
      } as const;
      channel.reject(peer, problem, Date.now());
      return;
    }
    const asked = channel.receive(peer, message, Date.now());
    if (asked.kind === "auth") this.ctx.waitUntil(this.#renew(channel, peer, asked.token));
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#drop(socket, code);
    // An unanswered close leaves the client waiting; 1005 and 1006 stand for no code and may not be sent.
    const isSendable = code === 1000 || (code >= 3000 && code <= 4999);
    try {
      socket.close(isSendable ? code : 1000);
    } catch {
      // It was closed from this side before.
    }
  }

  /** Comes for protocol errors, and alone for a frame of over 32 MiB, which the platform answers with 1009 itself. */
  override webSocketError(socket: WebSocket): void {
    this.#drop(socket);
  }

  override async alarm(): Promise<void> {
    // Waking asks for the alarm that is due, and that is this one.
    this.#alarmAt = 0;
    const channel = this.#wake();
    this.#alarmAt = null;
    if (channel === null) return;
    channel.alarm(Date.now());
    await Promise.all([this.#reporter?.alarm(Date.now()), this.#audit?.alarm(Date.now())]);
  }

  #drop(socket: WebSocket, code?: number): void {
    const peer = this.#peers.get(socket);
    this.#peers.delete(socket);
    const channel = this.#wake();
    if (peer !== undefined) channel?.drop(peer, Date.now(), code);
    // The close that wakes an object is of a socket that it does not know any more; but it was there.
    else if (channel !== null) this.#announceSoon();
  }

  async #renew(channel: Channel, peer: SocketPeer, token: string): Promise<void> {
    const { head, tenant } = channel;
    const subject = channel.subjectOf(peer);
    if (subject === null) return;
    const verdict = await tokenCheck(this.ctx).renew({
      token,
      tenant,
      channel: head.channel,
      ...(head.project !== undefined && { project: head.project }),
      subject,
    });
    channel.renew(peer, verdict, Date.now());
  }

  /** The channel, from what the sockets and the storage know; null where neither knows its name. */
  #wake(): Channel | null {
    if (this.#channel !== null) return this.#channel;
    for (const peer of this.#peers.values()) {
      const state = peer.attached();
      if (state !== null) return this.#open(state.tenant, state.channel);
    }
    const stored =
      new SqliteJournal(this.#sql).wake()?.snapshot ??
      new SqliteCommandStore(this.#sql).wake()?.place ??
      storedAudit(this.ctx);
    return stored === null ? null : this.#open(stored.tenant, stored.channel);
  }

  #open(tenant: string, channel: string): Channel {
    if (this.#channel !== null) return this.#channel;
    const woken = [...this.#peers.values()].flatMap((peer) => {
      const state = peer.attached();
      return state === null ? [] : [{ peer, state }];
    });
    const settings = parseSettings(this.env);
    if (!settings.ok) throw new Error(settings.problem.message);
    const opened = new Channel(
      { journal: new SqliteJournal(this.#sql), commands: new SqliteCommandStore(this.#sql) },
      { tenant, channel },
      channelSettings(settings.value, channel),
      this.#ports(),
      woken,
    );
    this.#channel = opened;
    const wakeAt = (due: number) => this.#wakeAt(nextDue([due]));
    this.#reporter = new DirectoryReporter(this.env, opened, wakeAt);
    this.#audit = new AuditReporter(this.ctx, this.env, opened, wakeAt);
    opened.resume(Date.now());
    return opened;
  }

  get #sql() {
    const { storage } = this.ctx;
    return {
      exec: (query: string, ...bindings: (string | number)[]) => storage.sql.exec(query, ...bindings),
      transaction: (run: () => void) => storage.transactionSync(run),
      erase: () => {
        this.#alarmAt = null;
        this.ctx.waitUntil(storage.deleteAll());
      },
    };
  }

  #ports(): ChannelPorts {
    return {
      makeEpoch: () => crypto.randomUUID().slice(0, 8),
      flushAfter: (delayMs) => {
        setTimeout(() => this.#channel?.flushDue(Date.now()), delayMs);
      },
      announceSoon: () => this.#announceSoon(),
      wakeAt: (due) => this.#wakeAt(due),
      moved: () => this.#waiters.wake(),
      changed: (what) => {
        const report = this.#reporter?.changed(what, Date.now());
        if (report) this.ctx.waitUntil(report);
      },
      left: (subject, code, now) => this.#audit?.left(subject, code, now),
      abort: (reason) => this.ctx.abort(reason),
    };
  }

  #announceSoon(): void {
    this.#announceTimer ??= setTimeout(() => {
      this.#announceTimer = null;
      this.#channel?.announce(Date.now());
    }, announceMs);
  }

  /** The one alarm is written only when it must come earlier: each setting is a billed row. */
  #wakeAt(due: number | null): void {
    if (!mustSet(this.#alarmAt, due)) return;
    this.#alarmAt = due;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(due));
  }
}
