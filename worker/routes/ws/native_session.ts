import {
  type ChannelName,
  type CommandFrame,
  closeCodes,
  compileFilter,
  errorFrameOf,
  limits,
  type Problem,
  parseChannelName,
  pongText,
  type SubscribeFrame,
  type Untrusted,
  type ViewerFrame,
  viewerFrameOf,
} from "../../../protocol/mod.ts";
import { countRefusal } from "../metrics/isolate.ts";
import { CommandLine } from "./command_line.ts";
import { FilteredLeg } from "./filtered_leg.ts";
import { FirstReplies } from "./first_replies.ts";
import { isForCause, type Leg } from "./leg.ts";
import { legWindow, type Session, type SessionPorts, tooManyChannels } from "./session.ts";

/** One channel's reading; `leg` is null while its grant is checked. */
interface Subscription {
  leg: Leg | null;
  readonly filtered: FilteredLeg | null;
}

/** The native protocol on `/ws`: frames of the legs are passed through as they are, unless a filter reads them. */
export class NativeSession implements Session {
  readonly #ports: SessionPorts;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #commands: CommandLine;
  readonly #replies = new FirstReplies();

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.#commands = new CommandLine(ports);
  }

  get channels(): readonly string[] {
    return [...this.#subscriptions.keys()];
  }

  receive(untrusted: Untrusted): void {
    const decoded = viewerFrameOf(untrusted);
    if (decoded.ok) this.#take(decoded.value);
    else this.#tell(decoded.problem, channelIn(untrusted));
  }

  warn(inMs: number): void {
    this.#ports.send(JSON.stringify({ type: "expiring", inMs }));
  }

  encodeError(problem: Problem): string {
    return JSON.stringify(errorFrameOf(problem));
  }

  close(): void {
    for (const { leg } of this.#subscriptions.values()) leg?.close();
    this.#subscriptions.clear();
  }

  #take(frame: ViewerFrame): void {
    switch (frame.type) {
      case "ping":
        this.#ports.send(pongText);
        return;
      case "auth":
        this.#ports.renew(frame.token);
        return;
      case "subscribe":
        this.#subscribe(frame);
        return;
      case "unsubscribe":
        this.#unsubscribe(frame.channel);
        return;
      case "ack":
        this.#ack(frame.channel, frame.cursor);
        return;
      case "command":
        this.#command(frame);
        return;
    }
  }

  /** A repeated subscribe replaces the one before: what is still on its way from that leg is dropped. */
  #subscribe(frame: SubscribeFrame): void {
    const name = parseChannelName(frame.channel);
    if (!name.ok) {
      this.#tell(name.problem);
      return;
    }
    const before = this.#subscriptions.get(frame.channel);
    if (before === undefined && this.#subscriptions.size >= limits.channelsPerSocket) {
      this.#refused(frame.channel, tooManyChannels());
      return;
    }
    this.#end(frame.channel);
    const filtered =
      frame.filter === undefined
        ? null
        : new FilteredLeg(frame.channel, compileFilter(frame.filter), (text) => this.#ports.send(text));
    const subscription: Subscription = { leg: null, filtered };
    this.#subscriptions.set(frame.channel, subscription);
    void this.#begin(frame, name.value, subscription);
  }

  async #begin(frame: SubscribeFrame, name: ChannelName, subscription: Subscription): Promise<void> {
    const granted = await this.#ports.authorize(name);
    // It was replaced or given up while the grant was checked.
    if (this.#subscriptions.get(frame.channel) !== subscription) return;
    if (!granted.ok) {
      this.#refused(frame.channel, granted.problem);
      return;
    }
    const { type: _, filter: __, maxWindowBytes: asked, ...start } = frame;
    const leg = this.#ports.openLeg(
      { ...start, maxWindowBytes: legWindow(this.#subscriptions.size, asked) },
      {
        taken: () => this.#ports.audit.subscribed(frame.channel, frame.channel),
        frame: (text) => this.#deliver(subscription, text),
        refused: (problem) => this.#refused(frame.channel, problem),
        lost: (code, reason) => this.#lost(frame.channel, code, reason),
      },
    );
    subscription.leg = leg;
  }

  /** Needs no subscription: the first reply is the call's answer where no leg brings it. */
  #command({ channel, id, name, data, group }: CommandFrame): void {
    this.#replies.sent(channel, id);
    const command = { id, name, data, ...(group !== undefined && { group }) };
    this.#commands.send(channel, command, (outcome) => {
      const reply = this.#replies.settle(channel, id, outcome.ok ? outcome.value : null);
      if (reply !== null) this.#ports.send(JSON.stringify(reply));
      else if (!outcome.ok) this.#tell(outcome.problem, channel, id);
    });
  }

  #deliver({ filtered, leg }: Subscription, text: string): void {
    if (!this.#replies.passes(text)) return;
    if (filtered === null) this.#ports.send(text);
    else if (leg !== null) filtered.take(text, leg);
  }

  #unsubscribe(channel: string): void {
    if (this.#subscriptions.has(channel)) this.#end(channel);
    else this.#tellUnsubscribed(channel);
  }

  /** Ends a channel's reading by its client's will, if there is one. */
  #end(channel: string): void {
    this.#subscriptions.get(channel)?.leg?.close();
    this.#subscriptions.delete(channel);
    this.#ports.audit.ended(channel, closeCodes.normal.code);
  }

  #ack(channel: string, cursor: number): void {
    const subscription = this.#subscriptions.get(channel);
    if (subscription === undefined) {
      this.#tellUnsubscribed(channel);
      return;
    }
    const { leg, filtered } = subscription;
    if (leg === null) return;
    if (filtered === null) {
      leg.ack(channel, cursor);
      return;
    }
    const taken = filtered.ack(cursor, leg);
    if (!taken.ok) this.#tell(taken.problem, channel);
  }

  /** The socket stays open for its other channels. */
  #refused(channel: string, problem: Problem): void {
    this.#subscriptions.delete(channel);
    this.#ports.audit.refused(channel, channel, problem.code);
    this.#tell(problem, channel);
  }

  /** A client resumes all its channels on a new socket, so that one lost leg ends this one. */
  #lost(channel: string, code: number, reason: string): void {
    this.#subscriptions.delete(channel);
    if (isForCause(code)) {
      this.#ports.closeWith(code, reason);
      return;
    }
    this.#ports.fail({
      code: "restarting",
      message: `The connection to ${channel} was lost. Connect again.`,
    });
  }

  #tellUnsubscribed(channel: string): void {
    this.#tell({ code: "not_subscribed", message: `This socket does not read ${channel}.` }, channel);
  }

  #tell(problem: Problem, channel?: string, id?: string): void {
    countRefusal(problem.code);
    const about = { ...(channel !== undefined && { channel }), ...(id !== undefined && { id }) };
    this.#ports.send(JSON.stringify(errorFrameOf(problem, about)));
  }
}

/** The channel that a refused frame named, where it is a channel's name at all. */
function channelIn(frame: Untrusted): string | undefined {
  const { channel } = frame as { readonly channel?: unknown };
  return typeof channel === "string" && parseChannelName(channel).ok ? channel : undefined;
}
