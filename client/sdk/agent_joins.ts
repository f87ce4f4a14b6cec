import {
  type AgentFrame,
  type CommandDownFrame,
  type ErrorFrame,
  isChannelPattern,
  type Json,
  limits,
  problemTable,
  reactionTo,
  type SubscribedFrame,
  type SummaryFrame,
} from "../../protocol/mod.ts";
import { AgentAnswers } from "./agent_answers.ts";
import type { AgentCommand, Joining, JoinOptions } from "./agent_options.ts";
import { backoffMs } from "./backoff.ts";
import { CommandQueue } from "./command_queue.ts";
import { type ClientProblem, isProblemCode, problemOfFrame, sentenceOf } from "./problem.ts";
import { type StartTimer, TimerSlot } from "./timers.ts";

interface Joined {
  readonly name: string;
  readonly options: JoinOptions;
  /** Runs until a join that was refused for now is asked for again. */
  readonly retry: TimerSlot;
  /** Refusals in a row. */
  attempt: number;
}

interface Served {
  readonly joined: Joined;
  readonly queue: CommandQueue;
  /** The gateway serves it on the socket that is open. */
  isOpen: boolean;
  /** Counts its connections. */
  connection: number;
  /** Its channel has ended: a pattern does not bring it again. */
  hasEnded: boolean;
}

/** Channels that are remembered, at most: more than a socket serves, for what is done must not be done again. */
const maxServed = 2 * limits.agentChannels;

export interface AgentJoinsPorts {
  /** Sends on the socket that is open, if one is; {@link AgentJoins.opened} comes with the next. */
  send(frame: AgentFrame): void;
  /** Asks for {@link AgentJoins.handedOn}. */
  probe(): void;
  onProblem(problem: ClientProblem): void;
  readonly startTimer: StartTimer;
  now(): number;
  /** A number in [0, 1). */
  random(): number;
}

/** What an agent has joined, the channels that it serves by that, and their commands. */
export class AgentJoins {
  readonly #ports: AgentJoinsPorts;
  readonly #joined = new Map<string, Joined>();
  readonly #served = new Map<string, Served>();
  readonly #answers: AgentAnswers;

  constructor(ports: AgentJoinsPorts) {
    this.#ports = ports;
    this.#answers = new AgentAnswers({
      send: (frame) => {
        const isOpen = this.#served.get(frame.channel)?.isOpen === true;
        if (isOpen) ports.send(frame);
        return isOpen;
      },
      probe: () => ports.probe(),
      onProblem: (problem) => ports.onProblem(problem),
      startTimer: ports.startTimer,
      now: () => ports.now(),
      random: () => ports.random(),
    });
  }

  get isEmpty(): boolean {
    return this.#joined.size === 0;
  }

  /** @throws Error for what is no channel's name and no pattern, and for what is joined already. */
  join(name: string, options: JoinOptions, onLeft: () => void): Joining {
    if (!isChannelPattern(name)) {
      throw new Error(`${name} is neither a channel's name nor the beginning of names and *, as build/*.`);
    }
    if (this.#joined.has(name)) throw new Error(`${name} is joined already by this client.`);
    const joined = { name, options, retry: new TimerSlot(this.#ports.startTimer), attempt: 0 };
    this.#joined.set(name, joined);
    this.#askFor(joined);
    return {
      name,
      close: () => {
        if (this.#leave(joined)) onLeft();
      },
    };
  }

  /** A new socket: everything is joined anew. */
  opened(): void {
    for (const joined of this.#joined.values()) this.#askFor(joined);
  }

  /** The socket is gone. */
  lost(): void {
    for (const served of this.#served.values()) served.isOpen = false;
    this.#answers.lost();
  }

  subscribed(frame: SubscribedFrame): void {
    const { channel } = frame;
    const joined = this.#joinedFor(channel);
    if (joined === undefined) return;
    joined.attempt = 0;
    const served = this.#serve(channel, joined);
    served.isOpen = true;
    served.connection += 1;
    served.queue.restart();
    joined.options.onSubscribed?.(frame);
    this.#answers.served(channel);
  }

  summary(frame: SummaryFrame): void {
    const served = this.#served.get(frame.channel);
    if (served === undefined) return;
    served.hasEnded = frame.status !== "waiting" && frame.status !== "running";
    served.joined.options.onSummary?.(frame);
  }

  command(frame: CommandDownFrame): void {
    this.#served.get(frame.channel)?.queue.take(frame);
  }

  /** The gateway has handed on what was sent before it was asked. */
  handedOn(): void {
    this.#answers.handedOn();
  }

  /** A refusal that is not about the whole connection; false where it is. */
  refused(frame: ErrorFrame): boolean {
    if (this.#answers.refused(frame)) return true;
    if (frame.channel === undefined) return false;
    const joined = this.#joined.get(frame.channel);
    const isLater = isProblemCode(frame.code) && reactionTo(problemTable[frame.code].close) === "retry";
    if (joined !== undefined && isLater && this.#served.get(frame.channel)?.isOpen !== true) {
      joined.attempt += 1;
      const delayMs = backoffMs(joined.attempt, this.#ports.random(), frame.retryAfterMs);
      joined.retry.set(() => this.#askFor(joined), delayMs);
    }
    this.#ports.onProblem({ ...problemOfFrame(frame), channel: frame.channel });
    return true;
  }

  close(): void {
    for (const { retry } of this.#joined.values()) retry.clear();
    this.#joined.clear();
    this.#served.clear();
    this.#answers.close();
  }

  #askFor({ name, options: { group }, retry }: Joined): void {
    retry.clear();
    this.#ports.send({ type: "join", channel: name, ...(group !== undefined && { group }) });
  }

  #leave(joined: Joined): boolean {
    if (this.#joined.get(joined.name) !== joined) return false;
    this.#joined.delete(joined.name);
    joined.retry.clear();
    for (const [channel, served] of this.#served) {
      if (served.joined === joined) this.#served.delete(channel);
    }
    this.#ports.send({ type: "unsubscribe", channel: joined.name });
    return true;
  }

  /** Its own name goes first, then the first pattern. */
  #joinedFor(channel: string): Joined | undefined {
    const matches = ({ name }: Joined) => name.endsWith("*") && channel.startsWith(name.slice(0, -1));
    return this.#joined.get(channel) ?? [...this.#joined.values()].find(matches);
  }

  #serve(channel: string, joined: Joined): Served {
    const known = this.#served.get(channel);
    if (known?.joined === joined) return known;
    const queue = new CommandQueue({
      handle: (frame, ack) => joined.options.onCommand(this.#commandOf(served, frame, ack)),
      repeated: (frame) => this.#answers.cameAgain(frame),
      ack: (cursor) => this.#ports.send({ type: "commandAck", channel, cursor }),
      failed: ({ id }, thrown) => {
        const message = `The handler of ${joined.name} failed: ${sentenceOf(thrown)}`;
        this.#ports.onProblem({ code: "listener_failed", message, channel, id });
      },
    });
    const served: Served = { joined, queue, isOpen: true, connection: 0, hasEnded: false };
    this.#served.set(channel, served);
    if (this.#served.size > maxServed) this.#forgetDone();
    return served;
  }

  #forgetDone(): void {
    for (const [channel, { queue, isOpen, hasEnded }] of this.#served) {
      if (queue.isIdle && (hasEnded || !isOpen)) this.#served.delete(channel);
    }
  }

  #commandOf(served: Served, { type: _, ...command }: CommandDownFrame, ack: () => void): AgentCommand {
    const { channel, id, cursor } = command;
    const { connection } = served;
    const answer = (data: Json, final = true): void =>
      this.#answers.add(
        { type: "answer", channel, id, cursor, data, final },
        served.connection === connection,
      );
    return { ...command, ack, answer };
  }
}
