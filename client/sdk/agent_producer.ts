import type { AppendedFrame, ErrorFrame } from "../../protocol/mod.ts";
import { NumberedProducer, type NumberedProducerOptions } from "./numbered_producer.ts";
import type { ClientProblem } from "./problem.ts";
import type { ProducerEntry } from "./producer_queue.ts";

/** The socket of an agent, which its producers share. */
export interface AgentWay {
  isOpen(): boolean;
  send(text: string): void;
  /** Connects, if that was not done yet. */
  start(): void;
  broken(problem: ClientProblem): void;
  /** The producer sends nothing more. */
  left(producer: AgentProducer): void;
}

/** Sends entries to one channel in order, exactly once, over its agent's socket. */
export class AgentProducer extends NumberedProducer<NumberedProducerOptions> {
  readonly #way: AgentWay;

  constructor(options: NumberedProducerOptions, way: AgentWay) {
    super(options);
    this.#way = way;
  }

  get channel(): string {
    return this.options.channel;
  }

  /** Who appends, as the gateway knows it. */
  get producerId(): string {
    return this.id;
  }

  override append(entry: ProducerEntry): void {
    super.append(entry);
    if (!this.isStopped) this.#way.start();
  }

  override close(): void {
    super.close();
    this.leave();
  }

  /** The agent's socket is new. */
  opened(): void {
    this.reopened();
  }

  /** The agent's socket is gone. */
  interrupted(): void {
    this.lost();
  }

  /** What the gateway says to a batch of this producer. */
  answered(frame: AppendedFrame | ErrorFrame): void {
    if (frame.type === "appended") this.taken(frame);
    else this.refused(frame);
  }

  protected override get isOpen(): boolean {
    return this.#way.isOpen();
  }

  protected override sendFrame(text: string): void {
    this.#way.send(text);
  }

  protected override giveUpSocket(problem: ClientProblem): void {
    this.#way.broken(problem);
  }

  protected override leave(): void {
    this.stop();
    this.#way.left(this);
  }
}
