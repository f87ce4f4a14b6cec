import {
  type CommandFrame,
  type ErrorFrame,
  limits,
  problemTable,
  type ReplyFrame,
  reactionTo,
} from "../../protocol/mod.ts";
import { backoffMs } from "./backoff.ts";
import { type ClientProblem, type ClientResult, isProblemCode, problemOfFrame } from "./problem.ts";
import { type StartTimer, TimerSlot } from "./timers.ts";

/** Where a command stands, as the gateway says it. */
export type CommandReply = Omit<ReplyFrame, "type">;

/** What is to be sent, and to where. */
export type OutgoingCommand = Omit<CommandFrame, "type">;

/** One command on its way. */
export interface SentCommand {
  readonly channel: string;
  readonly id: string;
  /** The newest reply; null before the first. */
  readonly reply: CommandReply | null;
  /** Resolves when it is stored, or refused for good. */
  readonly accepted: Promise<ClientResult<CommandReply>>;
  /** Resolves with its last reply: a final answer, or expired; the newest, where the channel is read no longer. */
  readonly finished: Promise<ClientResult<CommandReply>>;
  /** Waits for it no longer: what is not settled settles as `command_forgotten`. */
  forget(): void;
}

/** Commands that a client waits for, at most: each may be sent again. */
const maxCommands = 1_000;

const forgotten: ClientProblem = {
  code: "command_forgotten",
  message: "The client waits for this command no longer. It may have been stored.",
};

export interface OutboxPorts {
  /** Sends on the socket that is open, if one is; {@link Outbox.resend} comes with the next. */
  send(frame: CommandFrame): void;
  /** Nothing is waited for any more. */
  onIdle(): void;
  readonly startTimer: StartTimer;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/**
 * The commands of a connection: each is sent on every new socket until it is known to be stored, always with the
 * same id, so that it is stored once. Further replies come while the channel is read.
 */
export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #commands = new Map<string, Outgoing>();
  readonly #retry: TimerSlot;
  #attempt = 0;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
    this.#retry = new TimerSlot(ports.startTimer);
  }

  get isEmpty(): boolean {
    return this.#commands.size === 0;
  }

  /** @throws Error for one more than are waited for, or one that is waited for already. */
  add(command: OutgoingCommand, onReply?: (reply: CommandReply) => void): SentCommand {
    const key = keyOf(command.channel, command.id);
    if (this.#commands.has(key)) throw new Error(`The command ${command.id} is on its way already.`);
    if (this.#commands.size >= maxCommands) {
      throw new Error(`${maxCommands} commands are on their way, which is all a client waits for.`);
    }
    const outgoing = new Outgoing(command, onReply, () => this.#drop(key));
    this.#commands.set(key, outgoing);
    this.#ports.send({ type: "command", ...command });
    return outgoing;
  }

  /** A new socket: what is not known to be stored is sent again. */
  resend(): void {
    this.#retry.clear();
    for (const { command, reply } of this.#commands.values()) {
      if (reply === null) this.#ports.send({ type: "command", ...command });
    }
  }

  /** Where the channel is not read (`isRead`), no other reply follows. */
  reply({ type: _, ...reply }: ReplyFrame, isRead: boolean): void {
    const key = keyOf(reply.channel, reply.id);
    const outgoing = this.#commands.get(key);
    if (outgoing === undefined) return;
    this.#attempt = 0;
    outgoing.take(reply);
    if (isRead && reply.state !== "expired" && reply.final !== true) return;
    outgoing.finish(reply);
    this.#drop(key);
  }

  /** A channel is read no longer: of what is stored no other reply comes. */
  left(channel: string): void {
    for (const [key, outgoing] of [...this.#commands]) {
      if (outgoing.channel !== channel || outgoing.reply === null) continue;
      outgoing.finish(outgoing.reply);
      this.#drop(key);
    }
  }

  /** A refusal; false where it is of none of these. What may go well later is sent again. */
  refused(frame: ErrorFrame): boolean {
    const { channel, id } = frame;
    if (channel === undefined || id === undefined) return false;
    const key = keyOf(channel, id);
    const outgoing = this.#commands.get(key);
    if (outgoing === undefined || outgoing.reply !== null) return false;
    const problem = { ...problemOfFrame(frame), channel, id };
    if (isRetryable(frame.code)) {
      this.#attempt += 1;
      const delayMs = backoffMs(this.#attempt, this.#ports.random(), frame.retryAfterMs);
      this.#retry.set(() => this.resend(), delayMs);
    } else {
      outgoing.fail(problem);
      this.#drop(key);
    }
    return true;
  }

  /** Nothing more will come. */
  close(): void {
    for (const outgoing of [...this.#commands.values()]) outgoing.forget();
  }

  #drop(key: string): void {
    if (this.#commands.delete(key) && this.isEmpty) {
      this.#retry.clear();
      this.#ports.onIdle();
    }
  }
}

class Outgoing implements SentCommand {
  readonly command: OutgoingCommand;
  readonly accepted: Promise<ClientResult<CommandReply>>;
  readonly finished: Promise<ClientResult<CommandReply>>;
  readonly #onReply: ((reply: CommandReply) => void) | undefined;
  readonly #onForget: () => void;
  #accept: (outcome: ClientResult<CommandReply>) => void = () => undefined;
  #finish: (outcome: ClientResult<CommandReply>) => void = () => undefined;
  #reply: CommandReply | null = null;

  constructor(
    command: OutgoingCommand,
    onReply: ((reply: CommandReply) => void) | undefined,
    onForget: () => void,
  ) {
    this.command = command;
    this.#onReply = onReply;
    this.#onForget = onForget;
    this.accepted = new Promise((resolve) => {
      this.#accept = resolve;
    });
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  get channel(): string {
    return this.command.channel;
  }

  get id(): string {
    return this.command.id;
  }

  get reply(): CommandReply | null {
    return this.#reply;
  }

  take(reply: CommandReply): void {
    // What stood on subscribing may be told again.
    if (this.#reply !== null && JSON.stringify(this.#reply) === JSON.stringify(reply)) return;
    this.#reply = reply;
    this.#accept({ ok: true, value: reply });
    this.#onReply?.(reply);
  }

  finish(reply: CommandReply): void {
    this.#finish({ ok: true, value: reply });
  }

  /** What was settled before stays so. */
  fail(problem: ClientProblem): void {
    this.#accept({ ok: false, problem });
    this.#finish({ ok: false, problem });
  }

  forget(): void {
    const { channel, id } = this.command;
    this.fail({ ...forgotten, channel, id });
    this.#onForget();
  }
}

function isRetryable(code: string): boolean {
  return isProblemCode(code) && reactionTo(problemTable[code].close) === "retry";
}

function keyOf(channel: string, id: string): string {
  return `${channel} ${id}`;
}

/** A command's id, as the gateway will name it. */
export function checkedId(id: string): string {
  if (id.length === 0 || id.length > limits.nameChars) {
    throw new Error(`The command's id has ${id.length} characters. Allowed: 1 to ${limits.nameChars}.`);
  }
  return id.toWellFormed();
}
