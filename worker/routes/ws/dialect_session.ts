import type { DialectRequest, ErrorAbout, Speech } from "../../../protocol/dialects/dialect.ts";
import {
  closeCodes,
  limits,
  type Problem,
  parseChannelName,
  problemTable,
  type Untrusted,
} from "../../../protocol/mod.ts";
import { type PaceRules, Pacing } from "../../core/pacing.ts";
import { countRefusal } from "../metrics/isolate.ts";
import { CommandLine } from "./command_line.ts";
import type { DialectItem, DialectPaced, DialectPacing } from "./dialect_queue.ts";
import { DialectSubscription } from "./dialect_subscription.ts";
import { noteRateDrop } from "./rate_drops.ts";
import { type Session, type SessionPorts, tooManyChannels } from "./session.ts";

type SubscribeRequest = DialectRequest & { readonly kind: "subscribe" };
type CommandRequest = DialectRequest & { readonly kind: "command" };

/** A client of another system: its frames are translated, paced, and its legs acknowledged for it. */
export class DialectSession implements Session {
  readonly #speech: Speech;
  readonly #ports: SessionPorts;
  /** Of the whole socket: its channels share it. */
  readonly #pacing: DialectPacing;
  readonly #commands: CommandLine;
  readonly #maxChannels: number;
  /** By the ids that the client gave: two of them may name one channel, and each gets its own frames. */
  readonly #subscriptions = new Map<string, DialectSubscription>();
  #isClosed = false;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    speech: Speech,
    ports: SessionPorts,
    rules: PaceRules,
    maxChannels: number = limits.channelsPerSocket,
  ) {
    this.#speech = speech;
    this.#ports = ports;
    this.#pacing = new Pacing(rules, Date.now());
    this.#commands = new CommandLine(ports);
    this.#maxChannels = maxChannels;
  }

  /** Does what the socket's address alone asks. */
  open(): void {
    for (const request of this.#speech.opening) this.take(request);
  }

  get channels(): readonly string[] {
    return [...this.#subscriptions.values()].map(({ channel }) => channel);
  }

  receive(frame: Untrusted): void {
    const decoded = this.#speech.decode(frame);
    if (!decoded.ok) this.#tell(decoded.problem, this.#speech.about?.(frame));
    else for (const request of decoded.value) this.take(request);
  }

  /** Dialects have no frame for this: their sockets close when the token has expired. */
  warn(): void {}

  encodeError(problem: Problem, id?: string): string {
    return this.#speech.encodeError(problem, id);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#subscriptions.clear();
  }

  /** Does what a client asks. */
  take(request: DialectRequest): void {
    switch (request.kind) {
      case "answer":
        this.#ports.send(request.frame);
        return;
      case "subscribe":
        void this.#subscribe(request);
        return;
      case "unsubscribe":
        this.#drop(request.id);
        return;
      case "command":
        this.#command(request);
        return;
    }
  }

  /** What becomes of it is told by the channel; what it is refused for, here. */
  #command({ id, channel, command }: CommandRequest): void {
    const about = { id, ...(command.id !== undefined && { command: command.id }) };
    this.#commands.send(channel, command, (outcome) => {
      if (!outcome.ok) this.#tell(outcome.problem, about);
    });
  }

  async #subscribe(request: SubscribeRequest): Promise<void> {
    const { id, channel } = request;
    const name = parseChannelName(channel);
    if (!name.ok) {
      this.#refuse(request, name.problem);
      return;
    }
    if (!this.#subscriptions.has(id) && this.#subscriptions.size >= this.#maxChannels) {
      this.#refuse(request, tooManyChannels(this.#maxChannels));
      return;
    }
    this.#drop(id);
    const subscription = this.#begin(request);
    const granted = await this.#ports.authorize(name.value);
    if (this.#subscriptions.get(id) !== subscription) return;
    if (granted.ok) {
      subscription.open();
      return;
    }
    this.#refuse(request, granted.problem);
  }

  #begin(request: SubscribeRequest): DialectSubscription {
    const { id, channel, start } = request;
    const subscription = new DialectSubscription(this.#speech, this.#ports, {
      id,
      channel,
      start,
      legs: () => this.#subscriptions.size,
      queue: (item) => this.#queue(item),
      hide: (cursor) => this.#pacing.hide(subscription, cursor),
      pump: () => this.#pumpIfFree(),
      refused: (problem) => this.#refuse(request, problem),
      ended: (code) => this.#ended(subscription, code),
    });
    this.#subscriptions.set(id, subscription);
    return subscription;
  }

  #drop(id: string): void {
    this.#subscriptions.get(id)?.close();
    this.#subscriptions.delete(id);
    this.#ports.audit.ended(id, closeCodes.normal.code);
    // What an earlier subscription left waiting must not come among the lines of a new one.
    this.#pacing.forget((reader) => reader.id === id);
  }

  /** A channel cannot be read: a socket that has no other is of no more use. */
  #refuse({ id, channel }: SubscribeRequest, problem: Problem): void {
    this.#subscriptions.delete(id);
    this.#ports.audit.refused(id, channel, problem.code);
    this.#tell(problem, { id });
    if (this.#speech.isOfOneChannel) this.#ports.closeWith(problemTable[problem.code].close, problem.code);
  }

  /** The object's own words on it are in the queue, and leave before the socket closes. */
  #ended(subscription: DialectSubscription, code: number): void {
    this.#subscriptions.delete(subscription.id);
    if (!this.#speech.isOfOneChannel) return;
    this.#queue({ kind: "other", reader: subscription, note: { type: "close", code }, bytes: 0 });
    this.#pumpIfFree();
  }

  #queue(item: DialectItem): void {
    if (!this.#pacing.add(item)) noteRateDrop(item.reader.channel, this.#ports.subject());
  }

  /** While the timer runs, nothing may be sent before it. */
  #pumpIfFree(): void {
    if (this.#timer === null) this.#pump();
  }

  /** Sends what may be sent, and looks again when more may. */
  #pump(): void {
    this.#timer = null;
    for (const item of this.#pacing.take(Date.now())) this.#send(item);
    const waitMs = this.#pacing.waitMs(Date.now());
    if (waitMs !== null && !this.#isClosed) this.#timer = setTimeout(() => this.#pump(), waitMs);
  }

  #send(item: DialectPaced): void {
    if (this.#isClosed) return;
    const { frames, close } = item.reader.speak(item);
    for (const frame of frames) this.#ports.send(frame);
    if (close !== undefined) this.#ports.closeWith(close, "");
  }

  #tell(problem: Problem, { id, command }: ErrorAbout = {}): void {
    countRefusal(problem.code);
    const about = command === undefined ? problem : { ...problem, id: command };
    this.#ports.send(this.#speech.encodeError(about, id));
  }
}
