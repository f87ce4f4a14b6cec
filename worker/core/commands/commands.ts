import {
  type AgentFrame,
  type AnswerFrame,
  agentFrameOf,
  type CommandRecord,
  checkAnswer,
  errorFrameOf,
  frameTooLarge,
  limits,
  ok,
  type Problem,
  parseObject,
  pongText,
  problemTable,
  type Result,
  refuse,
  utf8Bytes,
} from "../../../protocol/mod.ts";
import { subscribedFrame, summaryFrame } from "../channel_frames.ts";
import type { ChannelLog } from "../channel_log.ts";
import type { CommandQuery, CommandRequest, SocketPlan } from "../contract.ts";
import { isDue, nextDue } from "../due.ts";
import { ackPastSent } from "../refusals.ts";
import type { Peer } from "../subscriber.ts";
import { sweepMs } from "../sweeps.ts";
import type { Agent } from "./agent.ts";
import { Agents, type WokenAgent } from "./agents.ts";
import { CommandLog } from "./command_log.ts";
import { CommandRate } from "./command_rate.ts";
import { recordOf, replyText } from "./command_record.ts";
import type { CommandRow, CommandStore } from "./command_store.ts";
import { parseTaskEnd, runnerLost, type TaskEnd, taskExpired } from "./task_end.ts";

/** What commands ask of the channel around them. */
export interface CommandPorts {
  /** Tells every socket of a subject that reads the channel. */
  tell(subject: string, text: string, now: number): void;
  /** The channel is a task, and that is over. */
  endTask(end: TaskEnd, now: number): void;
  /** Agents came or went. */
  agentsChanged(): void;
  /** The first command of a channel without a journal came: the directory lists it. */
  listed(): void;
  /** Wants the alarm at this time (epoch milliseconds) or earlier. */
  wakeAt(due: number): void;
}

export interface CommandSettings {
  /** How long a command waits for an agent to take it, in milliseconds. */
  readonly ttlMs: number;
  /** How long a task outlives its runner's connection, in milliseconds. */
  readonly graceMs: number;
  readonly perSecond: number;
  /** How long what waits for nobody any more is kept, in milliseconds. */
  readonly keptMs: number;
}

/** The way upwards: senders' commands, the second journal, and the agents that take them. */
export class Commands {
  readonly #channel: ChannelLog;
  readonly #log: CommandLog;
  readonly #agents: Agents;
  readonly #rate: CommandRate;
  readonly #settings: CommandSettings;
  readonly #ports: CommandPorts;

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
    this.#log = new CommandLog(store, place, settings.ttlMs);
    this.#agents = new Agents(this.#log, woken);
    this.#rate = new CommandRate(settings.perSecond);
  }

  /** After a wake: agents may have gone with the object's memory, and nobody told of that. */
  resume(now: number): void {
    // Where the store refuses it, the alarm finds the same.
    this.#guarded(() => ok(this.#findLostTask(now)));
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
    const joined = this.#guarded(() => this.#agents.join(peer, plan));
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
    if (agent.state.hasTask) this.#guarded(() => ok(this.#loseTask(now)));
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
    const parsed = parseObject(text, "The frame");
    const decoded = parsed.ok ? agentFrameOf(parsed.value) : parsed;
    if (bytes > limits.upFrameBytes) this.reject(peer, frameTooLarge(bytes), now);
    else if (!decoded.ok) this.#refuse(agent, decoded.problem);
    else this.#do(agent, decoded.value, now);
  }

  /** Tells an agent why, and closes its socket. */
  reject(peer: Peer, problem: Problem, now: number): void {
    peer.send(JSON.stringify(errorFrameOf(problem, { channel: this.#log.channel })));
    peer.close(problemTable[problem.code].close, problem.code);
    this.drop(peer, now);
  }

  /** The channel has ended: what nobody took expires. Where the store refuses that, it does so in its time. */
  channelEnded(now: number): void {
    const expired = this.#guarded(() => ok(this.#log.expireAll("channel_ended", now)));
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

  /** Does what is due. Throws with nothing changed where the store refuses it. */
  alarm(now: number): void {
    const expired = this.#log.expire(now);
    for (const row of expired) this.#tell(row, now);
    this.#log.trim(this.#settings.keptMs, now);
    const task = this.#log.task;
    if (task === null) return;
    if (expired.some(({ cursor }) => cursor === task.cursor)) {
      this.#ports.endTask(taskExpired(this.#settings.ttlMs), now);
    }
    if (!isAtWork(task)) return;
    const { lostAt } = task.fate;
    if (lostAt === null) this.#findLostTask(now);
    else if (isDue(lostAt + this.#settings.graceMs, now)) this.#giveUp(task, now);
  }

  /** When the alarm is due, in epoch milliseconds; null: never. */
  dues(now: number): readonly (number | null)[] {
    return [this.#log.expiresAt, this.#log.trimAt(this.#settings.keptMs), this.#taskDue(now)];
  }

  #taskDue(now: number): number | null {
    const task = this.#log.task;
    if (task === null || !isAtWork(task)) return null;
    if (task.fate.lostAt !== null) return task.fate.lostAt + this.#settings.graceMs;
    return this.#agents.hasTask ? now + sweepMs : now;
  }

  #do(agent: Agent, frame: AgentFrame, now: number): void {
    switch (frame.type) {
      case "ping":
        agent.peer.send(pongText);
        return;
      case "commandAck":
        if (this.#isOwn(agent, frame)) this.#ack(agent, frame.cursor, now);
        return;
      case "answer":
        if (this.#isOwn(agent, frame)) this.#answer(agent, frame, now);
        return;
      default:
        this.#refuse(agent, {
          code: "unknown_frame",
          message: `An agent's socket to a channel was sent ${frame.type}. Allowed: commandAck, answer, ping.`,
        });
    }
  }

  #isOwn(agent: Agent, { type, channel }: { readonly type: string; readonly channel: string }): boolean {
    if (channel === this.#log.channel) return true;
    const message = `This socket serves ${this.#log.channel} and was sent ${type} for ${channel}.`;
    this.#refuse(agent, { code: "not_subscribed", message });
    return false;
  }

  #ack(agent: Agent, cursor: number, now: number): void {
    const { group: name, sent } = agent.state;
    const group = this.#log.groups.get(name);
    if (group === undefined || cursor <= group.cursor) return;
    if (cursor > sent) {
      this.#refuse(agent, ackPastSent(cursor, sent));
      return;
    }
    const acked = this.#guarded(() => ok(this.#log.ack(group, cursor, now)));
    if (!acked.ok) {
      this.#refuse(agent, acked.problem);
      return;
    }
    const task = this.#log.task;
    if (task !== null && acked.value.some((row) => row.cursor === task.cursor)) this.#holdTask(agent, now);
    for (const row of acked.value) this.#tell(row, now);
    this.#agents.dispatch(name);
  }

  #answer(agent: Agent, frame: AnswerFrame, now: number): void {
    const { id } = frame;
    const task = this.#log.task;
    const isOfTask = task !== null && task.id === id;
    const end = isOfTask && frame.final ? parseTaskEnd(frame.data) : null;
    const data = end === null || end.ok ? checkAnswer(frame.data) : end;
    const answered = data.ok ? this.#storeAnswer(agent, frame, data.value, now) : data;
    if (!answered.ok) {
      this.#refuse(agent, answered.problem, { id });
      return;
    }
    if (isOfTask && end === null) this.#holdTask(agent, now);
    this.#tell(answered.value, now);
    if (end?.ok) this.#endTask(end.value, now);
  }

  #storeAnswer(agent: Agent, frame: AnswerFrame, data: string, now: number): Result<CommandRow> {
    const { id, cursor, final } = frame;
    const group = this.#log.groups.get(agent.state.group);
    if (group === undefined) return refuse("command_not_found", "The group of this agent is not known.");
    const answer = { id, data, isFinal: final, ...(cursor !== undefined && { cursor }) };
    return this.#guarded(() => this.#log.answer(group, agent.state.sent, answer, now));
  }

  /** An agent works on the task, and no other one does. */
  #holdTask(agent: Agent, now: number): void {
    for (const other of this.#agents.all) {
      if (other !== agent && other.state.hasTask) other.update({ hasTask: false });
    }
    if (!agent.state.hasTask) agent.update({ hasTask: true });
    this.#wakeFor(now + sweepMs);
  }

  #findLostTask(now: number): void {
    if (!this.#agents.hasTask) this.#loseTask(now);
  }

  #loseTask(now: number): void {
    const task = this.#log.task;
    if (task === null || !isAtWork(task) || task.fate.lostAt !== null) return;
    this.#log.setLost(task, now);
    this.#wakeFor(now + this.#settings.graceMs);
  }

  #giveUp(task: CommandRow, now: number): void {
    const end = runnerLost(this.#settings.graceMs);
    this.#tell(this.#log.giveUp(task, JSON.stringify(end), now), now);
    this.#endTask(end, now);
  }

  #endTask(end: TaskEnd, now: number): void {
    for (const agent of this.#agents.all) if (agent.state.hasTask) agent.update({ hasTask: false });
    this.#ports.endTask(end, now);
  }

  #tell(row: CommandRow, now: number): void {
    this.#ports.tell(row.subject, replyText(this.#log.channel, row), now);
  }

  #refuse({ peer }: Agent, problem: Problem, about: { readonly id?: string } = {}): void {
    peer.send(JSON.stringify(errorFrameOf(problem, { channel: this.#log.channel, ...about })));
  }

  /** The store may refuse any change: then nothing has changed, and it can be asked again. */
  #guarded<T>(change: () => Result<T>): Result<T> {
    try {
      return change();
    } catch {
      return refuse("storage_failed", "The change could not be stored. Send it again.", {
        retryAfterMs: 1_000,
      });
    }
  }

  #wakeFor(due: number | null): void {
    const at = nextDue([due]);
    if (at !== null) this.#ports.wakeAt(at);
  }
}

/** An agent has taken it, and it is not over. */
function isAtWork({ fate }: CommandRow): boolean {
  return !fate.isFinal && fate.state !== "accepted";
}
