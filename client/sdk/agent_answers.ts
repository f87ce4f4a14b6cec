import {
  type AnswerFrame,
  type CommandDownFrame,
  type ErrorFrame,
  problemTable,
  reactionTo,
} from "../../protocol/mod.ts";
import { backoffMs } from "./backoff.ts";
import { type ClientProblem, isProblemCode, problemOfFrame } from "./problem.ts";
import { type StartTimer, TimerSlot } from "./timers.ts";

/** What the gateway has handed on may still be lost on the way to its channel: it is kept for so long, in milliseconds. */
const keptMs = 1_000;

/** Answers that are kept, at most; the oldest go first. */
const maxAnswers = 1_000;

interface Kept {
  readonly frame: AnswerFrame;
  /** The command came on the connection on which it was answered: the gateway knows what it is about. */
  readonly isKnown: boolean;
  times: number;
  /** It was sent on this socket, and nothing says yet that it was handed on. */
  isOnItsWay: boolean;
  /** When the gateway first said that it was handed on; null: not yet. */
  handedOnAt: number | null;
}

export interface AgentAnswersPorts {
  /** Sends, where the channel is served on the socket that is open; else answers false. */
  send(frame: AnswerFrame): boolean;
  /** Asks for {@link AgentAnswers.handedOn}. */
  probe(): void;
  onProblem(problem: ClientProblem): void;
  readonly startTimer: StartTimer;
  now(): number;
  /** A number in [0, 1). */
  random(): number;
}

/** An agent's answers: each is sent again where its channel is served anew, until the gateway has handed it on. */
export class AgentAnswers {
  readonly #ports: AgentAnswersPorts;
  readonly #retry: TimerSlot;
  readonly #again = new Set<Kept>();
  #kept: Kept[] = [];
  /** What was sent before the question that is under way; null: there is none. */
  #asked: readonly Kept[] | null = null;
  #attempt = 0;

  constructor(ports: AgentAnswersPorts) {
    this.#ports = ports;
    this.#retry = new TimerSlot(ports.startTimer);
  }

  add(frame: AnswerFrame, isKnown: boolean): void {
    this.#forgetOld();
    const answer = { frame, isKnown, times: 0, isOnItsWay: false, handedOnAt: null };
    this.#kept = [...this.#kept.slice(1 - maxAnswers), answer];
    this.#send(answer);
  }

  /** A channel is served, on a new connection. */
  served(channel: string): void {
    this.#forgetOld();
    for (const kept of this.#kept) if (kept.frame.channel === channel) this.#send(kept);
  }

  /** A command has come again that was handled: what was said to it may be lost. */
  cameAgain({ channel, cursor }: CommandDownFrame): void {
    for (const kept of this.#kept) {
      if (kept.frame.channel === channel && kept.frame.cursor === cursor) this.#send(kept);
    }
  }

  /** Everything that was sent before the question was handed on. */
  handedOn(): void {
    for (const kept of this.#asked ?? []) {
      kept.isOnItsWay = false;
      kept.handedOnAt ??= this.#ports.now();
    }
    this.#asked = null;
    this.#ask();
  }

  /** The socket is gone, and what was on its way with it. */
  lost(): void {
    this.#asked = null;
    for (const kept of this.#kept) kept.isOnItsWay = false;
  }

  /** A refusal; false where it is of no answer. Of one that was forgotten it is of a repeat, and means nothing. */
  refused(frame: ErrorFrame): boolean {
    const { channel, id } = frame;
    if (id === undefined) return false;
    const found = this.#kept.find((kept) => kept.frame.channel === channel && kept.frame.id === id);
    if (found === undefined) return true;
    if (isLater(frame)) this.#sendLater(found, frame.retryAfterMs);
    // It had arrived the first time; or its command is not known to this connection yet, and will come again.
    else if (frame.code === "command_not_found" && (found.times > 1 || !found.isKnown)) return true;
    else {
      this.#kept = this.#kept.filter((kept) => kept.frame.channel !== channel || kept.frame.id !== id);
      this.#ports.onProblem({ ...problemOfFrame(frame), ...(channel && { channel }), id });
    }
    return true;
  }

  close(): void {
    this.#retry.clear();
    this.#again.clear();
    this.#kept = [];
    this.#asked = null;
  }

  #forgetOld(): void {
    const before = this.#ports.now() - keptMs;
    this.#kept = this.#kept.filter(({ handedOnAt }) => handedOnAt === null || handedOnAt > before);
  }

  #sendLater(kept: Kept, retryAfterMs: number | undefined): void {
    this.#attempt += 1;
    this.#again.add(kept);
    const delayMs = backoffMs(this.#attempt, this.#ports.random(), retryAfterMs);
    this.#retry.set(() => {
      const again = [...this.#again];
      this.#again.clear();
      for (const each of again) this.#send(each);
    }, delayMs);
  }

  #send(kept: Kept): void {
    if (!this.#ports.send(kept.frame)) return;
    kept.times += 1;
    kept.isOnItsWay = true;
    this.#ask();
  }

  /** One question at a time. */
  #ask(): void {
    if (this.#asked !== null) return;
    const onTheirWay = this.#kept.filter(({ isOnItsWay }) => isOnItsWay);
    if (onTheirWay.length === 0) return;
    this.#asked = onTheirWay;
    this.#ports.probe();
  }
}

function isLater({ code }: ErrorFrame): boolean {
  return isProblemCode(code) && reactionTo(problemTable[code].close) === "retry";
}
