import type { TokenSource } from "./connection.ts";
import type { ClientProblem } from "./problem.ts";
import type { StartTimer } from "./timers.ts";

export interface ProducerOptions {
  /** The gateway's origin. */
  readonly url: string;
  /** `kind/id`. */
  readonly channel: string;
  readonly token?: TokenSource;
  /** Set with the channel's first append. */
  readonly project?: string;
  /** Who appends; a new random id by default. */
  readonly id?: string;
  /** An integer, the highest wins; the time of creation by default. */
  readonly epoch?: number;
  /** How much may wait, in bytes; 8 MiB by default. What does not fit is left out, counted and told. */
  readonly maxQueueBytes?: number;
  readonly batchEntries?: number;
  readonly batchBytes?: number;
  /** How long a first line waits for others, in milliseconds; 50 by default. */
  readonly lingerMs?: number;
  /** How long one request may take, in milliseconds; 30,000 by default. */
  readonly requestTimeoutMs?: number;
  /** So many lines were left out, for good; a line in the channel says it too, where it can. */
  readonly onDropped?: (count: number) => void;
  /** Trouble, in a sentence. With `final: true` nothing more will be sent. */
  readonly onProblem?: (problem: ClientProblem) => void;
  readonly fetch?: typeof fetch;
  readonly startTimer?: StartTimer;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** A number in [0, 1), for the jitter. */
  readonly random?: () => number;
}
