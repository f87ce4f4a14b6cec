import {
  type AppendedFrame,
  type DownFrame,
  decodeDownFrame,
  type ErrorFrame,
  parseChannelName,
  pongText,
} from "../../protocol/mod.ts";
import { AgentJoins } from "./agent_joins.ts";
import type { AgentClientOptions, AgentProducerOptions, Joining, JoinOptions } from "./agent_options.ts";
import { AgentProducer, type AgentWay } from "./agent_producer.ts";
import { Connection, problemOf } from "./connection.ts";
import type { ConnectionState } from "./connection_state.ts";
import { type ClientProblem, problemOfFrame } from "./problem.ts";
import { type StartTimer, startTimer } from "./timers.ts";
import { browserWakes } from "./wake.ts";

/** A ping that is not exactly the heartbeat's is answered behind everything that was sent before it. */
const probeText = '{"type": "ping"}';

/**
 * An agent: joins channels by name or by pattern, takes their commands, answers them, and publishes, all on one
 * socket that is made anew after every break. Commands and answers come at least once, entries exactly once.
 */
export class AgentClient {
  readonly #options: AgentClientOptions;
  readonly #connection: Connection;
  readonly #joins: AgentJoins;
  readonly #producers = new Map<string, AgentProducer>();
  #isClosed = false;

  constructor(options: AgentClientOptions) {
    const { now = Date.now, random = Math.random } = options;
    this.#options = options;
    this.#connection = new Connection(
      {
        token: options.token,
        heartbeatMs: options.heartbeatMs ?? 30_000,
        webSocket: options.webSocket ?? WebSocket,
        startTimer: this.#startTimer,
        random,
        watchWakes: options.watchWakes ?? browserWakes,
      },
      {
        url: () => agentUrl(options.url),
        onOpen: () => this.#opened(),
        onText: (text) => this.#receive(text),
        onState: (state) => this.#changed(state),
        onProblem: (problem) => this.#report(problem),
      },
    );
    this.#joins = new AgentJoins({
      send: (frame) => this.#connection.send(JSON.stringify(frame)),
      probe: () => this.#connection.send(probeText),
      onProblem: (problem) => this.#report(problem),
      startTimer: this.#startTimer,
      now,
      random,
    });
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  /**
   * Takes the commands of a channel (`project/p1`), or of all whose names match (`project/*`), those to come too.
   * Where several match a channel, its own name goes first, then the first pattern.
   * @throws Error for what is neither, for what is joined already, and on a closed client.
   */
  join(name: string, options: JoinOptions): Joining {
    this.#checkOpen();
    const joining = this.#joins.join(name, options, () => this.#haltIfIdle());
    this.#connection.dispatch({ type: "start" });
    return joining;
  }

  /**
   * Publishes to a channel that the token may serve.
   * @throws Error for a bad name, and on a closed client.
   */
  producer(channel: string, options: AgentProducerOptions = {}): AgentProducer {
    this.#checkOpen();
    const name = parseChannelName(channel);
    if (!name.ok) throw new Error(name.problem.message);
    const { url, token, fetch, now, random } = this.#options;
    const producer = new AgentProducer(
      {
        onProblem: (problem) => this.#report({ ...problem, channel }),
        ...options,
        url,
        channel,
        startTimer: this.#startTimer,
        ...(token !== undefined && { token }),
        ...(fetch !== undefined && { fetch }),
        ...(now !== undefined && { now }),
        ...(random !== undefined && { random }),
      },
      this.#way(),
    );
    this.#producers.set(keyOf(channel, producer.producerId), producer);
    return producer;
  }

  /** Tries again now: instead of waiting, or after the gateway has refused (with a new token). */
  reconnect(): void {
    this.#connection.dispatch({ type: "reconnect" });
  }

  /** Ends everything, for good; what producers have not sent is dropped. */
  close(): void {
    this.#isClosed = true;
    for (const producer of [...this.#producers.values()]) producer.close();
    this.#joins.close();
    this.#connection.dispatch({ type: "close" });
  }

  readonly #startTimer: StartTimer = (run, ms) => (this.#options.startTimer ?? startTimer)(run, ms);

  #checkOpen(): void {
    if (this.#isClosed) throw new Error("The client is closed. Make a new one.");
  }

  #way(): AgentWay {
    const connection = this.#connection;
    return {
      isOpen: () => connection.isOpen,
      send: (text) => connection.send(text),
      start: () => connection.dispatch({ type: "start" }),
      broken: (problem) => connection.dispatch({ type: "broken", attempt: 1, problem }),
      left: ({ channel, producerId }) => {
        this.#producers.delete(keyOf(channel, producerId));
        this.#haltIfIdle();
      },
    };
  }

  #haltIfIdle(): void {
    if (this.#joins.isEmpty && this.#producers.size === 0) this.#connection.dispatch({ type: "halt" });
  }

  #opened(): void {
    this.#joins.opened();
    for (const producer of [...this.#producers.values()]) producer.opened();
  }

  #receive(text: string): void {
    if (text === pongText) {
      // It proves the connection: a pattern may have no channel yet.
      this.#connection.dispatch({ type: "subscribed" });
      return;
    }
    const decoded = decodeDownFrame(text);
    if (decoded.ok) this.#route(decoded.value);
    else this.#report(decoded.problem);
  }

  #route(frame: DownFrame): void {
    switch (frame.type) {
      case "expiring":
        this.#connection.tokenExpires(frame.inMs);
        return;
      case "subscribed":
        this.#connection.dispatch({ type: "subscribed" });
        this.#joins.subscribed(frame);
        return;
      case "summary":
        this.#joins.summary(frame);
        return;
      case "command":
        this.#joins.command(frame);
        return;
      case "appended":
        this.#connection.dispatch({ type: "subscribed" });
        this.#answered(frame, frame.producer);
        return;
      case "pong":
        this.#joins.handedOn();
        return;
      case "error":
        this.#refused(frame);
        return;
      default:
        // A later gateway may tell agents more.
        return;
    }
  }

  #answered(frame: AppendedFrame | ErrorFrame, producer: string): void {
    this.#producers.get(keyOf(frame.channel ?? "", producer))?.answered(frame);
  }

  /** What is about nothing in particular is the reason of a close that follows at once. */
  #refused(frame: ErrorFrame): void {
    if (frame.producer !== undefined && frame.seq !== undefined) this.#answered(frame, frame.producer);
    else if (!this.#joins.refused(frame)) {
      this.#connection.dispatch({ type: "refused", problem: problemOfFrame(frame) });
    }
  }

  #changed(state: ConnectionState): void {
    if (!this.#connection.isOpen) this.#joins.lost();
    if (state.name === "waiting" || state.name === "stopped") {
      for (const producer of this.#producers.values()) producer.interrupted();
    }
    const problem = problemOf(state);
    if (problem !== null) this.#report(problem);
    this.#options.onState?.(state);
  }

  #report(problem: ClientProblem): void {
    this.#options.onProblem?.(problem);
  }
}

function agentUrl(origin: string): string {
  const url = new URL("/ws/agent", origin);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

function keyOf(channel: string, producer: string): string {
  return `${channel} ${producer}`;
}
