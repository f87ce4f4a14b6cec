import {
  type CommandRecord,
  errorFrameOf,
  frameTooLarge,
  limits,
  ok,
  type Problem,
  problemTable,
  type Result,
  refuse,
  utf8Bytes,
} from "../../../protocol/mod.ts";
import { subscribedFrame, summaryFrame } from "../channel_frames.ts";
import type { ChannelLog } from "../channel_log.ts";
import type { CommandQuery, CommandRequest, SocketPlan } from "../contract.ts";
import { isDue, nextDue } from "../due.ts";
import type { ChannelSettings } from "../ports.ts";
import type { Peer } from "../subscriber.ts";
import { AgentInbox } from "./agent_inbox.ts";
import { Agents, type WokenAgent } from "./agents.ts";
import { CommandLog } from "./command_log.ts";
import { CommandRate } from "./command_rate.ts";
import { recordOf, replyText } from "./command_record.ts";
import type { CommandRow, CommandStore } from "./command_store.ts";
import { guarded } from "./guarded.ts";
import { type TaskPorts, TaskWatch } from "./task_watch.ts";

/** What commands ask of the channel around them. */
export interface CommandPorts extends Omit<TaskPorts, "tell"> {
  /** Tells every socket of a subject that reads the channel. */
  tell(subject: string, text: string, now: number): void;
  /** Agents came or went. */
  agentsChanged(): void;
  /** The first command of a channel without a journal came: the directory lists it. */
  listed(): void;
}

export type CommandSettings = Pick<
  ChannelSettings,
  "commandTtlMs" | "agentGraceMs" | "commandsPerSecond" | "retention"
>;

/** When a store that refused what was due is asked again, in milliseconds. */
const retryMs = 60_000;

/** The way upwards: senders' commands, the second journal, and the agents that take them. */
export class Commands {
  readonly #channel: ChannelLog;
  readonly #log: CommandLog;
  readonly #agents: Agents;
  readonly #rate: CommandRate;
  readonly #task: TaskWatch;
  readonly #inbox: AgentInbox;
  readonly #settings: CommandSettings;
  readonly #ports: CommandPorts;
  #retryAt: number | null = null;

  constructor(
    store: CommandStore,
    channel: ChannelLog,
    settings: CommandSettings,
    ports: CommandPorts,
    woken: readonly WokenAgent[],
  ) {
    const place = { tenant: channel.tenant, channel: channel.channel, cursor: channel.lastCommand };
    this.#channel = channel;
    this.#settings = settings;
    this.#ports = ports;
    this.#log = new CommandLog(store, place, settings.commandTtlMs);
    this.#agents = new Agents(this.#log, woken);
    this.#rate = new CommandRate(settings.commandsPerSecond);
    const tell = (row: CommandRow, now: number) => this.#tell(row, now);
    const { endTask, wakeAt } = ports;
    this.#task = new TaskWatch(this.#log, this.#agents, settings, { tell, endTask, wakeAt });
    this.#inbox = new AgentInbox(this.#log, this.#agents, this.#task, tell);
  }

  /** After a wake: agents may have gone with the object's memory, and nobody told of that. */
  resume(now: number): void {
    // Where the store refuses it, the alarm finds the same.
    guarded(() => ok(this.#task.findLost(now)));
    this.#agents.dispatchAll();
  }

  get agents(): number {
    return this.#agents.count;
  }

  /** The last command's cursor. */
  get cursor(): number {
    return this.#log.cursor;
  }

  get isStored(): boolean {
    return this.#log.isStored;
  }

  /** Commands are kept, or agents are there for them. */
  get isUsed(): boolean {
    return this.#log.count > 0 || this.#agents.count > 0;
  }

  /** Nothing is left of what it kept but its own books. */
  get isLeftEmpty(): boolean {
    return this.isStored && !this.isUsed;
  }

  /** When the oldest that is stored came, in epoch milliseconds; null: there is none. */
  get since(): number | null {
    return this.#log.since;
  }

  /** Stores a command or recognises it, tells its sender's sockets, and sends it to whom it is for. */
  command(request: CommandRequest, now: number): Result<CommandRecord> {
    const paced = this.#rate.take(request.subject, now);
    if (!paced.ok) return paced;
    const { end } = this.#channel;
    if (end !== undefined && this.#log.find(request.id, request.subject) === null) {
      const message = `Channel ${end.channel} ended as ${end.status} and takes no more commands.`;
      return refuse("channel_ended", message, { received: end.status });
    }
    const accepted = this.#log.accept(request, now);
    if (!accepted.ok) return accepted;
    const { row, isNew } = accepted.value;
    this.#tell(row, now);
    if (isNew) {
      if (this.#log.count === 1 && this.#channel.head.epoch === null) this.#ports.listed();
      this.#wakeFor(this.#log.expiresAt);
      this.#agents.dispatchAll();
    }
    return ok(recordOf(this.#log.channel, row));
  }

  /** Where a command stands. */
  read({ id, subject }: CommandQuery): Result<CommandRecord> {
    const row = this.#log.find(id, subject);
    if (row !== null) return ok(recordOf(this.#log.channel, row));
    const whose = subject === undefined ? "" : ` of ${subject}`;
    return refuse(
      "command_not_found",
      `Channel ${this.#log.channel} knows no command ${JSON.stringify(id)}${whose}.`,
    );
  }

  /** What a new subscriber of a subject is told. */
  repliesFor(subject: string, now: number): string[] {
    return this.#log.of(subject, now).map((row) => replyText(this.#log.channel, row));
  }

  isAgent(peer: Peer): boolean {
    return this.#agents.find(peer) !== undefined;
  }

  /** An agent begins: `subscribed`, `summary`, then commands; null, or why it may not. */
  join(peer: Peer, plan: SocketPlan, viewers: number): Problem | null {
    const joined = guarded(() => this.#agents.join(peer, plan));
    if (!joined.ok) return joined.problem;
    const { head } = this.#channel;
    peer.send(JSON.stringify(subscribedFrame(head, head.tail, false, 0)));
    peer.send(JSON.stringify(summaryFrame(this.#channel, viewers, this.agents)));
    this.#agents.dispatch(joined.value.state.group);
    this.#ports.agentsChanged();
    return null;
  }

  /** A socket is gone; one of an agent, or not. */
  drop(peer: Peer, now: number): void {
    const agent = this.#agents.drop(peer);
    if (agent === undefined) return;
    // Where the store refuses it, the alarm finds the task without an agent.
    if (agent.state.hasTask) guarded(() => ok(this.#task.lose(now)));
    this.#ports.agentsChanged();
  }

  /** Tells every agent the same. */
  tellAgents(text: string): void {
    for (const { peer } of this.#agents.all) peer.send(text);
  }

  /** Takes a frame of an agent. */
  receive(peer: Peer, text: string, now: number): void {
    const agent = this.#agents.find(peer);
    if (agent === undefined) return;
    const bytes = utf8Bytes(text);
    if (bytes > limits.upFrameBytes) this.reject(peer, frameTooLarge(bytes), now);
    else this.#inbox.receive(agent, text, now);
  }

  /** Tells an agent why, and closes its socket. */
  reject(peer: Peer, problem: Problem, now: number): void {
    peer.send(JSON.stringify(errorFrameOf(problem, { channel: this.#log.channel })));
    peer.close(problemTable[problem.code].close, problem.code);
    this.drop(peer, now);
  }

  /** The channel has ended: what nobody took expires. Where the store refuses that, it does so in its time. */
  channelEnded(now: number): void {
    const expired = guarded(() => ok(this.#log.expireAll("channel_ended", now)));
    if (expired.ok) for (const row of expired.value) this.#tell(row, now);
  }

  /** The channel is deleted: what nobody took expires, and everything goes. */
  delete(now: number): void {
    const expired = this.#log.expireAll("channel_deleted", now);
    this.#log.clear();
    this.#agents.restart();
    for (const row of expired) this.#tell(row, now);
  }

  /** The whole storage was emptied. */
  erased(): void {
    this.#log.erased();
    this.#agents.erased();
  }

  /** Does what is due. A store that refuses it is asked again later. */
  alarm(now: number): void {
    if (this.#retryAt !== null && !isDue(this.#retryAt, now)) return;
    const done = guarded(() => ok(this.#doDue(now)));
    this.#retryAt = done.ok ? null : now + retryMs;
  }

  /** When the alarm is due, in epoch milliseconds; null: never. */
  dues(now: number): readonly (number | null)[] {
    if (this.#retryAt !== null) return [this.#retryAt];
    return [this.#log.expiresAt, this.#log.trimAt(this.#settings.retention.ageMs), this.#task.due(now)];
  }

  #doDue(now: number): void {
    const expired = this.#log.expire(now);
    for (const row of expired) this.#tell(row, now);
    this.#log.trim(this.#settings.retention.ageMs, now);
    this.#task.alarm(expired, now);
  }

  #tell(row: CommandRow, now: number): void {
    this.#ports.tell(row.subject, replyText(this.#log.channel, row), now);
  }

  #wakeFor(due: number | null): void {
    const at = nextDue([due]);
    if (at !== null) this.#ports.wakeAt(at);
  }
}
