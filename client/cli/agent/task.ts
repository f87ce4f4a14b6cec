import { setTimeout as sleep } from "node:timers/promises";
import { type LogEntry, quote } from "../../../protocol/mod.ts";
import type { AgentClient, AgentCommand, AgentProducer, ApiClient, ClientProblem } from "../../sdk/mod.ts";
import { Pace } from "../run/pace.ts";
import { claim, hasFinalAnswer, holderOf } from "./claim.ts";
import type { InstallRules } from "./config.ts";
import type { Guard } from "./guard.ts";
import { type Allowed, type Invocation, invocationOf } from "./invocation.ts";
import { notAllowed, notStarted, outcomeOf, type TaskOutcome } from "./outcome.ts";
import { Script, type StopReason } from "./script.ts";
import type { Slots } from "./slots.ts";
import { TaskOutput } from "./task_output.ts";

/** What all tasks of a runner share. */
export interface TaskContext {
  readonly client: AgentClient;
  readonly api: ApiClient;
  readonly rules: InstallRules;
  readonly slots: Slots;
  readonly guard: Guard;
  /** The runner's own environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Names this runner: one that was started anew is another. */
  readonly runner: string;
  /** The machine's name, for people. */
  readonly host: string;
  /** Tells the runner's own readers. */
  readonly notice: (line: string) => void;
}

/** A gateway that is away for longer has given the task up itself, in milliseconds. */
const deliverMs = 60 * 60 * 1_000;
/** An answer is repeated for so long, in milliseconds: then the gateway has it, or forgot the task. */
const confirmMs = 60_000;

/** One command, from its arrival to its end. */
export class Task {
  readonly #context: TaskContext;
  readonly #command: AgentCommand;
  readonly #producer: AgentProducer;
  readonly #output = new TaskOutput(Date.now);
  readonly #pace: Pace;
  /** Aborts when it is not to be begun, or not to go on. */
  readonly #over = new AbortController();
  #script: Script | null = null;
  #stoppedFor: StopReason | null = null;
  /** How often its channel was served anew. */
  #breaks = 0;
  #isTaken = false;
  #isRunning = false;
  /** Aborts when its channel has ended. */
  readonly #ended = new AbortController();

  constructor(context: TaskContext, command: AgentCommand) {
    this.#context = context;
    this.#command = command;
    this.#producer = context.client.producer(command.channel, {
      onAppended: () => this.#pace.answered(),
      onProblem: (problem) => this.#report(problem),
    });
    this.#pace = new Pace({
      waitingBytes: () => this.#producer.waitingBytes,
      now: () => performance.now(),
    });
  }

  get channel(): string {
    return this.#command.channel;
  }

  /** It is not offered to another runner any more. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Takes its turn, and then its end; resolves when the gateway has that, or has ended the task itself. */
  async run(): Promise<void> {
    const call = this.#read();
    const outcome = call.ok ? await this.#inTurn(() => this.#begin(call)) : await this.#begin(call);
    if (outcome !== null && !this.#hasEnded) await this.#finish(outcome);
    this.#producer.close();
  }

  /** Its channel is served on a new connection: the gateway is told that the task is still at work. */
  served(): void {
    this.#breaks += 1;
    if (this.#isRunning) this.#tellRunning();
  }

  /** There is a connection again: a channel that has ended meanwhile is not served any more, and says nothing. */
  async reconnected(): Promise<void> {
    if (this.#isRunning && (await hasFinalAnswer(this.#context.api, this.#command))) this.ended();
  }

  /** The connection is gone: the script is not held up for the gateway's sake. */
  interrupted(): void {
    this.#pace.failed();
  }

  /** Its channel has ended: by its own answer, or by somebody who wants it to stop. */
  ended(): void {
    this.#ended.abort();
    this.stop("cancelled");
  }

  stop(reason: StopReason): void {
    this.#stoppedFor ??= reason;
    this.#over.abort();
    this.#script?.stop(reason);
  }

  get #hasEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  #read(): Allowed {
    const { name, data } = this.#command;
    if (name === "install") return invocationOf(this.#context.rules, data);
    const message = `This runner was sent the command ${quote(name)}. Allowed: install.`;
    return { ok: false, problem: { code: "key_not_allowed", message } };
  }

  /** One that is stopped while it waits is nobody's yet: another runner takes it. */
  async #inTurn(begin: () => Promise<TaskOutcome | null>): Promise<TaskOutcome | null> {
    const { slots } = this.#context;
    if (slots.isFull) this.#note(`waits for its turn; ${slots.waiting} before it`, "info");
    if (!(await slots.take(this.#over.signal))) return null;
    try {
      return await begin();
    } finally {
      slots.free();
    }
  }

  /** Null: it is another runner's. */
  async #begin(call: Allowed): Promise<TaskOutcome | null> {
    this.#isTaken = true;
    this.#command.ack();
    if (!(await this.#isOurs()) || this.#hasEnded) return null;
    this.#isRunning = true;
    this.#tellRunning();
    if (!call.ok) return notAllowed(call.problem);
    this.#context.notice(`${this.channel}: runs ${call.value.rule.key}.`);
    return this.#runScript(call.value);
  }

  async #isOurs(): Promise<boolean> {
    const { client, api, runner, host } = this.#context;
    const { breaks, line } = { breaks: this.#breaks, line: `tailrace: taken by ${host}` };
    const verdict = await claim(client, this.#command, { line, fields: { runner } }, deliverMs);
    if (verdict !== "there") return verdict === "mine";
    // On an unbroken connection every answer arrives: it was another runner's.
    if (breaks === this.#breaks) return false;
    const holder = await holderOf(api, this.#command, this.#over.signal);
    return holder === null || holder === runner;
  }

  async #runScript(invocation: Invocation): Promise<TaskOutcome> {
    const { env, guard } = this.#context;
    try {
      const onOutput = (stream: "stdout" | "stderr", chunk: Buffer) => {
        this.#append(this.#output.push(stream, chunk));
        return this.#pace.hold();
      };
      this.#script = await Script.start(invocation, { env, guard, onOutput });
    } catch (error) {
      return notStarted(error);
    }
    if (this.#stoppedFor !== null) this.#script.stop(this.#stoppedFor);
    const end = await this.#script.end;
    this.#append(this.#output.end());
    return outcomeOf(end, invocation.rule);
  }

  /** The end is said after everything has arrived. */
  async #finish(outcome: TaskOutcome): Promise<void> {
    const { status, message } = outcome;
    if (message !== undefined) this.#note(message, "error");
    const isWhole = await this.#producer.flush(deliverMs);
    this.#isRunning = false;
    this.#context.notice(`${this.channel}: ${status}${message === undefined ? "" : `: ${message}`}`);
    if (this.#hasEnded) return;
    if (!isWhole) this.#context.notice(`${this.channel}: not all of its output has arrived.`);
    this.#command.answer(outcome, true);
    await this.#untilEnded();
  }

  /** Until the gateway has the end: it says so of its own accord, but in its own time. */
  async #untilEnded(): Promise<void> {
    const giveUpAt = performance.now() + confirmMs;
    for (
      let waitMs = 50;
      !this.#hasEnded && performance.now() < giveUpAt;
      waitMs = Math.min(2 * waitMs, 2_000)
    ) {
      await sleep(waitMs, null, { signal: this.#ended.signal }).catch(() => null);
      if (!this.#hasEnded && (await hasFinalAnswer(this.#context.api, this.#command))) return;
    }
  }

  #report({ code, message }: ClientProblem): void {
    if (code === "channel_ended") this.ended();
    else this.#context.notice(`${this.channel}: ${message}`);
  }

  #tellRunning(): void {
    this.#command.answer({ status: "running", runner: this.#context.runner }, false);
  }

  #append(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#producer.append(entry);
  }

  #note(text: string, level: "info" | "error"): void {
    this.#producer.append({ line: `tailrace: ${text}`, level });
  }
}
