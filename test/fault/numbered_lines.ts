import { Producer, type ProducerOptions, SocketProducer } from "../../client/sdk/mod.ts";
import type { Access } from "../e2e/send_lines.ts";
import { quickChance } from "./followers.ts";

/** A producer that numbers its lines, so that one that is lost, repeated or misplaced shows. */
export interface LineSource {
  readonly name: string;
  /** The lines given to the producer so far are 1 to this. */
  readonly count: number;
  readonly faults: readonly string[];
  /** Stops, and resolves with true when all of its lines are acknowledged. */
  finish(deadlineMs: number): Promise<boolean>;
  close(): void;
}

/** So many lines may wait for acknowledgement: the rest of the time the source is held up. */
const maxWaiting = 500;

/** Appends some lines every few milliseconds with the SDK's producer, over HTTP or over a socket. */
export function streamLines(
  access: Access,
  channel: string,
  name: string,
  pace: { readonly lines: number; readonly everyMs: number },
  by: "http" | "socket" = "http",
): LineSource {
  const source = { name, count: 0, faults: [] as string[], finish, close };
  const options: ProducerOptions = {
    ...access,
    channel,
    id: name,
    lingerMs: 2,
    requestTimeoutMs: 5_000,
    random: () => quickChance,
    onDropped: (count) => source.faults.push(`${name}: ${count} lines were left out`),
    onProblem: ({ final, message }) => {
      if (final === true) source.faults.push(`${name}: ${message}`);
    },
  };
  const producer = by === "http" ? new Producer(options) : new SocketProducer(options);
  const timer = setInterval(() => {
    for (let i = 0; i < pace.lines && producer.waiting < maxWaiting; i++) {
      source.count += 1;
      producer.append({ kind: "log", level: "info", line: numberedLine(name, source.count) });
    }
  }, pace.everyMs);
  return source;

  async function finish(deadlineMs: number): Promise<boolean> {
    clearInterval(timer);
    return producer.flush(deadlineMs);
  }

  function close(): void {
    clearInterval(timer);
    producer.close();
  }
}

function numberedLine(name: string, number: number): string {
  return `${name} ${number}`;
}

/** What a source's lines must be in the journal, in its order. */
export function linesOf({ name, count }: LineSource): string[] {
  return Array.from({ length: count }, (_, i) => numberedLine(name, i + 1));
}
