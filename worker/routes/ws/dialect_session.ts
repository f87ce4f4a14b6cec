import type { Dialect, DialectRequest } from "../../../protocol/dialects/dialect.ts";
import { limits, type Problem, parseChannelName, type Untrusted } from "../../../protocol/mod.ts";
import { type Paced, type PaceRules, Pacing } from "../../core/pacing.ts";
import { DialectSubscription } from "./dialect_subscription.ts";
import { noteRateDrop } from "./rate_drops.ts";
import { type Session, type SessionPorts, tooManyChannels } from "./session.ts";

/** A client of another system on `/ws`: its frames are translated, paced, and its legs acknowledged for it. */
export class DialectSession implements Session {
  readonly #dialect: Dialect;
  readonly #ports: SessionPorts;
  /** Of the whole socket: its channels share it. */
  readonly #pacing: Pacing<DialectSubscription>;
  /** By the ids that the client gave: two of them may name one channel, and each gets its own frames. */
  readonly #subscriptions = new Map<string, DialectSubscription>();
  #isClosed = false;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(dialect: Dialect, ports: SessionPorts, rules: PaceRules) {
    this.#dialect = dialect;
    this.#ports = ports;
    this.#pacing = new Pacing(rules, Date.now());
  }

  get channels(): readonly string[] {
    return [...this.#subscriptions.values()].map(({ channel }) => channel);
  }

  receive(frame: Untrusted): void {
    const decoded = this.#dialect.decode(frame);
    if (decoded.ok) this.#take(decoded.value);
    else this.#ports.send(this.encodeError(decoded.problem));
  }

  /** Dialects have no frame for this: their sockets close when the token has expired. */
  warn(): void {}

  encodeError(problem: Problem, id?: string): string {
    return this.#dialect.encodeError(problem, id);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#subscriptions.clear();
  }

  #take(request: DialectRequest): void {
    switch (request.kind) {
      case "ping":
        this.#ports.send(this.#dialect.pong);
        return;
      case "subscribe":
        void this.#subscribe(request);
        return;
      case "unsubscribe":
        this.#drop(request.id);
        return;
    }
  }

  async #subscribe({ id, channel, cursor }: DialectRequest & { kind: "subscribe" }): Promise<void> {
    const name = parseChannelName(channel);
    if (!name.ok) {
      this.#ports.send(this.encodeError(name.problem, id));
      return;
    }
    if (!this.#subscriptions.has(id) && this.#subscriptions.size >= limits.channelsPerSocket) {
      this.#ports.send(this.encodeError(tooManyChannels(), id));
      return;
    }
    this.#drop(id);
    const subscription = new DialectSubscription(this.#dialect, this.#ports, {
      id,
      channel,
      ...(cursor !== undefined && { cursor }),
      legs: () => this.#subscriptions.size,
      queue: (item) => this.#queue(item),
      ended: () => this.#subscriptions.delete(id),
    });
    this.#subscriptions.set(id, subscription);
    const granted = await this.#ports.authorize(name.value);
    if (this.#subscriptions.get(id) !== subscription) return;
    if (granted.ok) {
      subscription.open();
      return;
    }
    this.#subscriptions.delete(id);
    this.#ports.send(this.encodeError(granted.problem, id));
  }

  #drop(id: string): void {
    this.#subscriptions.get(id)?.close();
    this.#subscriptions.delete(id);
    // What an earlier subscription left waiting must not come among the lines of a new one.
    this.#pacing.forget((reader) => reader.id === id);
  }

  #queue(item: Exclude<Paced<DialectSubscription>, { kind: "gap" }>): void {
    if (!this.#pacing.add(item)) noteRateDrop(item.reader.channel, this.#ports.subject());
    // While the timer runs, nothing may be sent before it.
    if (this.#timer === null) this.#pump();
  }

  /** Sends what may be sent, and looks again when more may. */
  #pump(): void {
    this.#timer = null;
    for (const item of this.#pacing.take(Date.now())) this.#send(item);
    const waitMs = this.#pacing.waitMs(Date.now());
    if (waitMs !== null && !this.#isClosed) this.#timer = setTimeout(() => this.#pump(), waitMs);
  }

  #send(item: Paced<DialectSubscription>): void {
    if (item.kind === "gap") this.#ports.send(item.reader.encodeDropped(item));
    else this.#ports.send(item.text);
    if (item.kind === "line") item.sent?.();
  }
}
