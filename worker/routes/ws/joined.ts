import type { Problem, SummaryFrame } from "../../../protocol/mod.ts";
import { isOpenStatus } from "../../core/watch.ts";
import { isForCause, type LegEvents } from "./leg.ts";
import type { ObjectLink } from "./object_link.ts";
import { lostTooOften, Reopening } from "./reopening.ts";

/** For so long after its channel's end an agent may still answer what it took, in milliseconds. */
const answerMs = 60_000;

export interface JoinedPorts {
  openLeg(channel: string, group: string | undefined, events: LegEvents): ObjectLink;
  send(text: string): void;
  /** The object took the agent. */
  taken(joined: Joined): void;
  /** It does not serve the channel any more, and was told nothing of why. */
  refused(joined: Joined, problem: Problem): void;
  /** It does not serve the channel any more: its object said why, or it has ended. */
  gone(joined: Joined, code: number | null): void;
}

/**
 * A channel that an agent serves: a leg to its object, whose frames are passed on as they are. A lost leg is opened
 * again, and its first frame, `subscribed`, tells the agent that what it sent meanwhile may be lost. The object does
 * not know that it is the same agent: the next of its group may have taken over, and commands come again.
 */
export class Joined {
  readonly channel: string;
  /** By what it was joined: a pattern, or (null) its own name. */
  readonly pattern: string | null;
  readonly #group: string | undefined;
  readonly #ports: JoinedPorts;
  readonly #reopening = new Reopening();
  #leg: ObjectLink | null = null;
  #isOpen = false;
  #hadCommands = false;
  #leaving: ReturnType<typeof setTimeout> | null = null;

  constructor(channel: string, group: string | undefined, pattern: string | null, ports: JoinedPorts) {
    this.channel = channel;
    this.pattern = pattern;
    this.#group = group;
    this.#ports = ports;
  }

  open(): void {
    this.#reopening.opens();
    this.#leg = this.#ports.openLeg(this.channel, this.#group, {
      taken: () => {
        this.#isOpen = true;
        this.#ports.taken(this);
      },
      frame: (text) => this.#take(text),
      refused: (problem) => this.#refused(problem),
      lost: (code) => this.#lost(code),
    });
  }

  /** Sends to the object; false while there is no connection to it. */
  send(text: string): boolean {
    if (this.#isOpen) this.#leg?.send(text);
    return this.#isOpen;
  }

  close(): void {
    this.#isOpen = false;
    this.#reopening.stop();
    this.#stay();
    this.#leg?.close();
    this.#leg = null;
  }

  #take(text: string): void {
    this.#ports.send(text);
    // Whoever joined by name stays: the channel may be deleted and begin anew.
    if (this.pattern === null) return;
    if (text.startsWith('{"type":"command"')) this.#hadCommands = true;
    // What an object of this gateway sends is believed.
    else if (text.startsWith('{"type":"summary"')) this.#heed(JSON.parse(text) as SummaryFrame);
  }

  #heed({ status }: SummaryFrame): void {
    if (isOpenStatus(status)) this.#stay();
    else if (!this.#hadCommands) this.#ports.gone(this, null);
    else this.#leaving ??= setTimeout(() => this.#ports.gone(this, null), answerMs);
  }

  #stay(): void {
    if (this.#leaving !== null) clearTimeout(this.#leaving);
    this.#leaving = null;
  }

  /** Who named the channel asks again itself; of what a pattern brought the agent may not even know. */
  #refused(problem: Problem): void {
    this.#leg = null;
    const { retryAfterMs } = problem;
    const isLater = this.pattern !== null && retryAfterMs !== undefined;
    if (isLater && this.#reopening.again(() => this.open(), retryAfterMs)) return;
    this.#ports.refused(this, problem);
  }

  #lost(code: number): void {
    this.#isOpen = false;
    this.#leg = null;
    if (isForCause(code)) this.#ports.gone(this, code);
    else if (!this.#reopening.again(() => this.open())) this.#ports.refused(this, lostTooOften(this.channel));
  }
}
