import { limits, ok, type Result, refuse } from "../../../protocol/mod.ts";
import type { SocketPlan } from "../contract.ts";
import type { Peer } from "../subscriber.ts";
import { Agent, type AgentState, type InFlight } from "./agent.ts";
import type { CommandLog } from "./command_log.ts";
import { commandText } from "./command_record.ts";

/** An agent's socket that outlived the object's memory, with what was attached to it. */
export interface WokenAgent {
  readonly peer: Peer;
  readonly state: AgentState;
}

/**
 * The agents of a channel. Of each group the one that joined first is at work and gets the group's commands, in
 * order; the others wait until it is gone.
 */
export class Agents {
  readonly #log: CommandLog;
  readonly #byPeer: Map<Peer, Agent>;

  constructor(log: CommandLog, woken: readonly WokenAgent[]) {
    this.#log = log;
    this.#byPeer = new Map(woken.map(({ peer, state }) => [peer, new Agent(peer, state)]));
    for (const { state } of this.#byPeer.values()) log.join(state.group);
  }

  get count(): number {
    return this.#byPeer.size;
  }

  get all(): Iterable<Agent> {
    return this.#byPeer.values();
  }

  /** An agent has taken the channel's task and works on it. */
  get hasTask(): boolean {
    return [...this.#byPeer.values()].some(({ state }) => state.hasTask);
  }

  find(peer: Peer): Agent | undefined {
    return this.#byPeer.get(peer);
  }

  /** Takes in an agent; {@link dispatch} sends it commands if it is at work. */
  join(peer: Peer, plan: SocketPlan): Result<Agent> {
    if (this.count >= limits.channelAgents) {
      return refuse(
        "too_many_agents",
        `Channel ${plan.channel} has ${this.count} agents, which is all it takes. Try again in 30 seconds.`,
        { expected: limits.channelAgents, retryAfterMs: 30_000 },
      );
    }
    const { tenant, channel, subject, group: name = subject } = plan;
    const group = this.#log.join(name);
    if (!group.ok) return group;
    const place = 1 + Math.max(0, ...[...this.#byPeer.values()].map(({ state }) => state.place));
    const agent = new Agent(peer, {
      ...{ role: "agent", tenant, channel, subject, group: name },
      ...{ place, sent: 0, inFlight: [], hasTask: false },
    });
    this.#byPeer.set(peer, agent);
    agent.update({});
    return ok(agent);
  }

  /** An agent is gone: the next of its group gets what it has not acknowledged. */
  drop(peer: Peer): Agent | undefined {
    const agent = this.#byPeer.get(peer);
    this.#byPeer.delete(peer);
    if (agent !== undefined) this.dispatch(agent.state.group);
    return agent;
  }

  /** The journal was deleted: nothing is on its way any more, and the groups begin anew. */
  restart(): void {
    for (const agent of this.#byPeer.values()) {
      this.#log.join(agent.state.group);
      agent.update({ inFlight: [], hasTask: false });
    }
  }

  /** The cursors were forgotten. */
  erased(): void {
    for (const agent of this.#byPeer.values()) agent.update({ sent: 0 });
    this.restart();
  }

  /** Sends to every group's agent what it is due. */
  dispatchAll(): void {
    for (const name of new Set([...this.#byPeer.values()].map(({ state }) => state.group))) {
      this.dispatch(name);
    }
  }

  /** Sends a group's agent what it is due, within what may be on its way. */
  dispatch(name: string): void {
    const group = this.#log.groups.get(name);
    const agent = this.#atWork(name);
    if (group === undefined || agent === undefined) return;
    const onItsWay: InFlight[] = agent.state.inFlight.filter(({ cursor }) => cursor > group.cursor);
    let bytes = onItsWay.reduce((sum, { bytes }) => sum + bytes, 0);
    let { sent } = agent.state;
    const room = limits.groupCommands - onItsWay.length;
    const due = room <= 0 ? [] : this.#log.dueTo(group, Math.max(sent, group.cursor), room);
    for (const row of due) {
      bytes += row.bytes;
      if (onItsWay.length > 0 && bytes > limits.groupCommandsBytes) break;
      agent.peer.send(commandText(this.#log.channel, row));
      onItsWay.push({ cursor: row.cursor, bytes: row.bytes });
      sent = row.cursor;
    }
    if (sent !== agent.state.sent || onItsWay.length !== agent.state.inFlight.length) {
      agent.update({ sent, inFlight: onItsWay });
    }
  }

  #atWork(group: string): Agent | undefined {
    let first: Agent | undefined;
    for (const agent of this.#byPeer.values()) {
      if (agent.state.group !== group) continue;
      if (first === undefined || agent.state.place < first.state.place) first = agent;
    }
    return first;
  }
}
