import { type DownFrame, decodeDownFrame, pongText } from "../../protocol/mod.ts";
import { Connection, problemOf } from "./connection.ts";
import type { ConnectionState } from "./connection_state.ts";
import { NumberedProducer } from "./numbered_producer.ts";
import { type ClientProblem, problemOfFrame } from "./problem.ts";
import type { ProducerEntry } from "./producer_queue.ts";
import { producerUrl, type SocketProducerOptions } from "./socket_producer_options.ts";
import { browserWakes } from "./wake.ts";

/** Sends entries to a channel in order, exactly once, over a socket of its own. */
export class SocketProducer extends NumberedProducer<SocketProducerOptions> {
  readonly #connection: Connection;

  constructor(options: SocketProducerOptions) {
    super(options);
    this.#connection = new Connection(
      {
        token: options.token,
        heartbeatMs: options.heartbeatMs ?? 30_000,
        webSocket: options.webSocket ?? WebSocket,
        startTimer: this.startTimer,
        random: () => this.random(),
        watchWakes: options.watchWakes ?? browserWakes,
      },
      {
        url: () => producerUrl(options),
        onOpen: () => this.reopened(),
        onText: (text) => this.#receive(text),
        onState: (state) => this.#changed(state),
        onProblem: (problem) => options.onProblem?.(problem),
      },
    );
  }

  override append(entry: ProducerEntry): void {
    super.append(entry);
    if (!this.isStopped) this.#connection.dispatch({ type: "start" });
  }

  override close(): void {
    super.close();
    this.leave();
  }

  protected override get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  protected override sendFrame(text: string): void {
    this.#connection.send(text);
  }

  protected override giveUpSocket(problem: ClientProblem): void {
    this.#connection.dispatch({ type: "broken", attempt: 1, problem });
  }

  /** Another way to the gateway may still be used, to seal the channel. */
  protected override leave(): void {
    this.stop();
    this.#connection.dispatch({ type: "close" });
  }

  #receive(text: string): void {
    if (text === pongText) return;
    const decoded = decodeDownFrame(text);
    if (decoded.ok) this.#route(decoded.value);
    else this.options.onProblem?.(decoded.problem);
  }

  #route(frame: DownFrame): void {
    if (frame.type === "expiring") {
      this.#connection.tokenExpires(frame.inMs);
    } else if (frame.type === "appended") {
      this.#connection.dispatch({ type: "subscribed" });
      this.taken(frame);
    } else if (frame.type === "error" && frame.producer !== undefined && frame.seq !== undefined) {
      this.refused(frame);
    } else if (frame.type === "error") {
      // About the whole connection: the reason of a close that follows at once.
      this.#connection.dispatch({ type: "refused", problem: problemOfFrame(frame) });
    }
  }

  #changed(state: ConnectionState): void {
    if (state.name === "waiting" || state.name === "stopped") this.lost();
    const problem = problemOf(state);
    if (problem !== null) this.options.onProblem?.(problem);
    if (state.name === "stopped") this.stop();
  }
}
