import {
  type AgentFrame,
  type AnswerFrame,
  agentFrameOf,
  checkAnswer,
  errorFrameOf,
  ok,
  type Problem,
  parseObject,
  pongText,
  type Result,
  refuse,
} from "../../../protocol/mod.ts";
import { ackPastSent } from "../refusals.ts";
import type { Agent } from "./agent.ts";
import type { Agents } from "./agents.ts";
import type { CommandLog } from "./command_log.ts";
import type { CommandRow } from "./command_store.ts";
import { guarded } from "./guarded.ts";
import { parseTaskEnd } from "./task_end.ts";
import type { TaskWatch } from "./task_watch.ts";

/** Takes what agents send: acknowledgements and answers. */
export class AgentInbox {
  readonly #log: CommandLog;
  readonly #agents: Agents;
  readonly #task: TaskWatch;
  readonly #tell: (row: CommandRow, now: number) => void;

  /** `tell`: tells a command's sender where it stands. */
  constructor(
    log: CommandLog,
    agents: Agents,
    task: TaskWatch,
    tell: (row: CommandRow, now: number) => void,
  ) {
    this.#log = log;
    this.#agents = agents;
    this.#task = task;
    this.#tell = tell;
  }

  receive(agent: Agent, text: string, now: number): void {
    const parsed = parseObject(text, "The frame");
    const decoded = parsed.ok ? agentFrameOf(parsed.value) : parsed;
    if (decoded.ok) this.#do(agent, decoded.value, now);
    else this.#refuse(agent, decoded.problem);
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
    const taken = guarded(() => ok(this.#log.ack(group, cursor, now)));
    if (!taken.ok) {
      this.#refuse(agent, taken.problem);
      return;
    }
    this.#task.taken(agent, taken.value, now);
    for (const row of taken.value) this.#tell(row, now);
    this.#agents.dispatch(name);
  }

  #answer(agent: Agent, frame: AnswerFrame, now: number): void {
    const { id } = frame;
    const isOfTask = this.#task.isNamed(id);
    const end = isOfTask && frame.final ? parseTaskEnd(frame.data) : null;
    const data = end === null || end.ok ? checkAnswer(frame.data) : end;
    const answered = data.ok ? this.#store(agent, frame, data.value, now) : data;
    if (!answered.ok) {
      this.#refuse(agent, answered.problem, { id });
      return;
    }
    if (isOfTask && end === null) this.#task.hold(agent, now);
    this.#tell(answered.value, now);
    if (end?.ok) this.#task.end(end.value, now);
  }

  #store(agent: Agent, frame: AnswerFrame, data: string, now: number): Result<CommandRow> {
    const { id, cursor, final } = frame;
    const group = this.#log.groups.get(agent.state.group);
    if (group === undefined) return refuse("command_not_found", "The group of this agent is not known.");
    const answer = { id, data, isFinal: final, ...(cursor !== undefined && { cursor }) };
    return guarded(() => this.#log.answer(group, agent.state.sent, answer, now));
  }

  #refuse({ peer }: Agent, problem: Problem, about: { readonly id?: string } = {}): void {
    peer.send(JSON.stringify(errorFrameOf(problem, { channel: this.#log.channel, ...about })));
  }
}
