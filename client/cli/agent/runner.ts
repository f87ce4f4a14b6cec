import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { endStatuses, type SubscribedFrame, type SummaryFrame } from "../../../protocol/mod.ts";
import {
  AgentClient,
  type AgentCommand,
  ApiClient,
  type ClientProblem,
  type ConnectionState,
} from "../../sdk/mod.ts";
import type { Target } from "../target.ts";
import type { InstallRules } from "./config.ts";
import { GuardProcess } from "./guard.ts";
import { stopScriptsMs } from "./outcome.ts";
import { Slots } from "./slots.ts";
import { Task, type TaskContext } from "./task.ts";

export interface RunnerOptions {
  readonly target: Target;
  /** A channel's name, or a pattern. */
  readonly channel: string;
  readonly group?: string | undefined;
  /** Scripts at a time. */
  readonly concurrency: number;
  readonly rules: InstallRules;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly notice: (line: string) => void;
}

/** How long a runner that is told to stop takes at most to tell its tasks' ends, in milliseconds. */
const tellEndsMs = 10_000;

/** A handler that resolves has taken its command. */
const never = new Promise<void>(() => {});

/** Takes commands and runs a task for each, until it is stopped or refused. */
export class Runner {
  /** Resolves when the gateway has refused for good. */
  readonly refused: Promise<ClientProblem>;
  readonly #options: RunnerOptions;
  readonly #client: AgentClient;
  readonly #guard = new GuardProcess();
  readonly #tasks = new Map<Task, Promise<void>>();
  readonly #context: TaskContext;
  #refuse: (problem: ClientProblem) => void = () => {};
  #isConnected = false;
  #isStopping = false;

  constructor(options: RunnerOptions) {
    const { target, rules, concurrency, env, notice } = options;
    this.#options = options;
    this.refused = new Promise((resolve) => {
      this.#refuse = resolve;
    });
    this.#client = new AgentClient({
      ...target,
      onState: (state) => this.#changed(state),
      onProblem: (problem) => this.#report(problem),
    });
    this.#context = {
      ...{ client: this.#client, api: new ApiClient(target), rules, env, notice, guard: this.#guard },
      ...{ slots: new Slots(concurrency), runner: randomUUID(), host: hostname() },
    };
  }

  start(): void {
    const { channel, group } = this.#options;
    this.#client.join(channel, {
      ...(group !== undefined && { group }),
      onCommand: (command) => this.#take(command),
      onSubscribed: (frame) => this.#subscribed(frame),
      onSummary: (frame) => this.#summarized(frame),
    });
  }

  /** Ends what runs, and says so; false where the gateway could not be told of all of it. */
  async stop(): Promise<boolean> {
    this.#isStopping = true;
    for (const task of this.#tasks.keys()) task.stop("runner_stopped");
    const ends = Promise.all(this.#tasks.values()).then(() => true);
    const timer = new AbortController();
    const late = sleep(stopScriptsMs + tellEndsMs, false, { signal: timer.signal }).catch(() => false);
    const isTold = await Promise.race([ends, late]);
    timer.abort();
    this.close();
    return isTold;
  }

  close(): void {
    this.#client.close();
    this.#guard.close();
  }

  /** What has not begun when the runner stops is left to the next one: it is never acknowledged. */
  async #take(command: AgentCommand): Promise<void> {
    if (this.#isStopping) return never;
    const task = new Task(this.#context, command);
    const run = task.run().finally(() => this.#tasks.delete(task));
    this.#tasks.set(task, run);
    await run;
    return this.#isStopping && !task.isTaken ? never : undefined;
  }

  #subscribed({ channel, ended }: SubscribedFrame): void {
    for (const task of this.#of(channel)) {
      if (ended) task.ended();
      else task.served();
    }
  }

  #summarized({ channel, status }: SummaryFrame): void {
    if (!endStatuses.some((end) => end === status)) return;
    for (const task of this.#of(channel)) task.ended();
  }

  #of(channel: string): Task[] {
    return [...this.#tasks.keys()].filter((task) => task.channel === channel);
  }

  #changed(state: ConnectionState): void {
    const isConnected = state.name === "open" || state.name === "ready";
    if (isConnected && !this.#isConnected) this.#connected();
    this.#isConnected = isConnected;
    if (state.name === "waiting") for (const task of this.#tasks.keys()) task.interrupted();
    if (state.name === "stopped" && state.reason.kind === "refused") this.#refuse(state.reason.problem);
  }

  #connected(): void {
    this.#options.notice(`connected to ${this.#options.target.url}.`);
    for (const task of this.#tasks.keys()) void task.reconnected();
  }

  #report(problem: ClientProblem): void {
    const isOfJoin = problem.channel === this.#options.channel && problem.id === undefined;
    if (isOfJoin && problem.code === "forbidden") this.#refuse(problem);
    else this.#options.notice(problem.message);
  }
}
