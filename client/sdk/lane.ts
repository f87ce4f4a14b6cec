import {
  type AckFrame,
  type DownFrame,
  decodeDownFrame,
  type ErrorFrame,
  parseChannelName,
  pongText,
  type SubscribeFrame,
  utf8Bytes,
} from "../../protocol/mod.ts";
import { type ChannelReader, channelOf, type ReaderHost } from "./channel_reader.ts";
import { Connection, type ConnectionOptions, problemOf } from "./connection.ts";
import type { ConnectionState } from "./connection_state.ts";
import type { Received } from "./inbox.ts";
import { type CommandReply, Outbox, type OutgoingCommand, type SentCommand } from "./outbox.ts";
import { type ClientProblem, problemOfFrame } from "./problem.ts";

/** `shared`: one socket on `/ws` for all channels. `direct`: one a channel, subscribed by its query. */
export type Transport = "shared" | "direct";

export interface LaneOptions extends ConnectionOptions {
  /** The gateway's origin, `http:` or `https:`. */
  readonly url: string;
  readonly transport: Transport;
}

/** One connection and the readers on it: any number where it is shared, one where it is direct. */
export class Lane implements ReaderHost {
  readonly #options: LaneOptions;
  readonly #readers = new Map<string, ChannelReader>();
  /** Channels left on this socket before they were answered: an answer may come, or none. */
  readonly #unanswered = new Set<string>();
  readonly #connection: Connection;
  readonly #outbox: Outbox;

  constructor(options: LaneOptions, onState: (state: ConnectionState) => void) {
    this.#options = options;
    this.#outbox = new Outbox({
      send: (frame) => this.#connection.send(JSON.stringify(frame)),
      onIdle: () => this.#haltIfIdle(),
      startTimer: options.startTimer,
      random: options.random,
    });
    this.#connection = new Connection(options, {
      url: () => this.#url(),
      onOpen: () => {
        this.#subscribeAll();
        this.#outbox.resend();
      },
      onText: (text) => this.#receive(text),
      onState: (state) => {
        this.#reportState(state);
        onState(state);
      },
      onProblem: (problem) => this.#reportAll(problem),
    });
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  add(reader: ChannelReader): void {
    this.#readers.set(reader.channel, reader);
    reader.attach(this);
    const problem = problemOf(this.state);
    if (problem?.final) reader.report(problem);
    if (!this.#connection.isOpen) this.#connection.dispatch({ type: "start" });
    else if (this.#unanswered.has(reader.channel)) this.#beginAnew(reader.channel);
    else this.#subscribe(reader);
  }

  /** Sends a command, on this socket or on the next. */
  command(command: OutgoingCommand, onReply?: (reply: CommandReply) => void): SentCommand {
    const sent = this.#outbox.add(command, onReply);
    if (!this.#connection.isOpen) this.#connection.dispatch({ type: "start" });
    return sent;
  }

  /** Takes a reader off the socket; the last one takes the socket with it, unless commands are on their way. */
  drop(reader: ChannelReader): void {
    const { channel } = reader;
    if (this.#readers.get(channel) !== reader) return;
    this.#readers.delete(channel);
    this.#outbox.left(channel);
    if (this.#readers.size === 0 && this.#options.transport === "direct") this.#outbox.close();
    if (this.#readers.size === 0 && this.#outbox.isEmpty) {
      this.#connection.dispatch({ type: "halt" });
    } else if (this.#connection.isOpen && reader.answer !== "refused") {
      if (reader.answer === "none") this.#unanswered.add(channel);
      this.#connection.send(JSON.stringify({ type: "unsubscribe", channel }));
    }
  }

  send(frame: SubscribeFrame | AckFrame): void {
    this.#connection.send(JSON.stringify(frame));
  }

  breakOff(problem: ClientProblem, attempt: number): void {
    this.#connection.dispatch({ type: "broken", attempt, problem });
  }

  reconnect(): void {
    this.#connection.dispatch({ type: "reconnect" });
  }

  close(): void {
    this.#connection.dispatch({ type: "close" });
    this.#outbox.close();
  }

  #haltIfIdle(): void {
    if (this.#readers.size === 0) this.#connection.dispatch({ type: "halt" });
  }

  #subscribeAll(): void {
    this.#unanswered.clear();
    // On a direct socket the query has said it, when the address was made.
    if (this.#options.transport === "direct") return;
    for (const reader of this.#readers.values()) this.#subscribe(reader);
  }

  /** On a new socket an answer can only be the newest subscription's. */
  #beginAnew(channel: string): void {
    const message = `The socket is opened anew: ${channel} was left on it before the gateway had answered.`;
    this.breakOff({ code: "connection_lost", message }, 1);
  }

  #subscribe(reader: ChannelReader): void {
    this.send(reader.begin());
  }

  #receive(text: string): void {
    if (text === pongText) return;
    const decoded = decodeDownFrame(text);
    if (decoded.ok) this.#route(decoded.value, text);
    else this.#reportAll(decoded.problem);
  }

  #route(frame: DownFrame, text: string): void {
    const channel = channelOf(frame);
    if (frame.type === "expiring") {
      this.#connection.tokenExpires(frame.inMs);
    } else if (frame.type === "reply") {
      this.#connection.dispatch({ type: "subscribed" });
      this.#outbox.reply(frame, this.#readers.has(frame.channel));
    } else if (frame.type === "error") {
      if (!this.#outbox.refused(frame)) this.#refused(frame, channel);
    } else if (channel !== null) {
      if (frame.type === "subscribed") this.#connection.dispatch({ type: "subscribed" });
      const bytes = frame.type === "entries" ? utf8Bytes(text) : 0;
      this.#deliver(channel, { frame, bytes });
    }
  }

  #deliver(channel: string, received: Received): void {
    const { type } = received.frame;
    if (type === "subscribed" || type === "error") this.#unanswered.delete(channel);
    this.#readers.get(channel)?.receive(received);
  }

  /** Whatever it is about, it is the reason of a close that follows at once. */
  #refused(frame: ErrorFrame, channel: string | null): void {
    const problem = problemOfFrame(frame);
    this.#connection.dispatch({ type: "refused", problem });
    if (channel !== null && this.#options.transport === "shared") this.#deliver(channel, { frame, bytes: 0 });
    else this.#reportAll(problem);
  }

  #reportState(state: ConnectionState): void {
    const problem = problemOf(state);
    // What broke off for one reader's sake was reported to that one.
    if (problem !== null && problem.code !== "entries_missing" && problem.code !== "buffer_full") {
      this.#reportAll(problem);
    }
  }

  #reportAll(problem: ClientProblem): void {
    for (const reader of [...this.#readers.values()]) reader.report(problem);
  }

  #url(): string {
    const url = new URL(this.#options.url);
    url.protocol = url.protocol.replace("http", "ws");
    url.search = "";
    url.pathname = "/ws";
    const [reader] = this.#readers.values();
    if (this.#options.transport === "direct" && reader !== undefined) directUrl(url, reader.begin());
    return url.href;
  }
}

function directUrl(url: URL, frame: SubscribeFrame): void {
  const name = parseChannelName(frame.channel);
  if (!name.ok) return;
  url.pathname = `/ws/channels/${name.value.kind}/${encodeURIComponent(name.value.id)}`;
  for (const key of ["cursor", "epoch", "last", "maxWindowBytes"] as const) {
    if (frame[key] !== undefined) url.searchParams.set(key, String(frame[key]));
  }
}
