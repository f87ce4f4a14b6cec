import { isDue, nextDue } from "../due.ts";
import type { ChannelSettings } from "../ports.ts";
import { sweepMs } from "../sweeps.ts";
import type { Agent } from "./agent.ts";
import type { Agents } from "./agents.ts";
import type { CommandLog } from "./command_log.ts";
import type { CommandRow } from "./command_store.ts";
import { runnerLost, type TaskEnd, taskExpired } from "./task_end.ts";

export interface TaskPorts {
  /** Tells a command's sender where it stands. */
  tell(row: CommandRow, now: number): void;
  /** The channel is a task, and that is over. */
  endTask(end: TaskEnd, now: number): void;
  /** Wants the alarm at this time (epoch milliseconds) or earlier. */
  wakeAt(due: number): void;
}

type TaskSettings = Pick<ChannelSettings, "commandTtlMs" | "agentGraceMs">;

/** Watches over the one command that a channel is, if it is one: who works on it, and whether that one is there. */
export class TaskWatch {
  readonly #log: CommandLog;
  readonly #agents: Agents;
  readonly #settings: TaskSettings;
  readonly #ports: TaskPorts;

  constructor(log: CommandLog, agents: Agents, settings: TaskSettings, ports: TaskPorts) {
    this.#log = log;
    this.#agents = agents;
    this.#settings = settings;
    this.#ports = ports;
  }

  /** Whether an answer's id is that of the channel's task. */
  isNamed(id: string): boolean {
    return this.#log.task?.id === id;
  }

  /** An agent took commands: if the task is among them, it works on it. */
  taken(agent: Agent, rows: readonly CommandRow[], now: number): void {
    const task = this.#log.task;
    if (task !== null && rows.some(({ cursor }) => cursor === task.cursor)) this.hold(agent, now);
  }

  /** An agent works on the task, and no other one does. */
  hold(agent: Agent, now: number): void {
    for (const other of this.#agents.all) {
      if (other !== agent && other.state.hasTask) other.update({ hasTask: false });
    }
    if (!agent.state.hasTask) agent.update({ hasTask: true });
    this.#wakeFor(now + sweepMs);
  }

  /** The task's agent may have gone with the object's memory, and nobody told of that. */
  findLost(now: number): void {
    if (!this.#agents.hasTask) this.lose(now);
  }

  /** The task's agent is gone. */
  lose(now: number): void {
    const task = this.#log.task;
    if (task === null || !isAtWork(task) || task.fate.lostAt !== null) return;
    this.#log.setLost(task, now);
    this.#wakeFor(now + this.#settings.agentGraceMs);
  }

  /** The task is over. */
  end(end: TaskEnd, now: number): void {
    for (const agent of this.#agents.all) if (agent.state.hasTask) agent.update({ hasTask: false });
    this.#ports.endTask(end, now);
  }

  /** Does what is due; `expired` are those that nobody took. */
  alarm(expired: readonly CommandRow[], now: number): void {
    const task = this.#log.task;
    if (task === null) return;
    if (expired.some(({ cursor }) => cursor === task.cursor))
      this.end(taskExpired(this.#settings.commandTtlMs), now);
    if (!isAtWork(task)) return;
    const { lostAt } = task.fate;
    if (lostAt === null) this.findLost(now);
    else if (isDue(lostAt + this.#settings.agentGraceMs, now)) this.#giveUp(task, now);
  }

  /** When the alarm is due, in epoch milliseconds; null: never. */
  due(now: number): number | null {
    const task = this.#log.task;
    if (task === null || !isAtWork(task)) return null;
    if (task.fate.lostAt !== null) return task.fate.lostAt + this.#settings.agentGraceMs;
    return this.#agents.hasTask ? now + sweepMs : now;
  }

  #giveUp(task: CommandRow, now: number): void {
    const end = runnerLost(this.#settings.agentGraceMs);
    this.#ports.tell(this.#log.giveUp(task, JSON.stringify(end), now), now);
    this.end(end, now);
  }

  #wakeFor(due: number): void {
    const at = nextDue([due]);
    if (at !== null) this.#ports.wakeAt(at);
  }
}

/** An agent has taken it, and it is not over. */
function isAtWork({ fate }: CommandRow): boolean {
  return !fate.isFinal && fate.state !== "accepted";
}
