import { env } from "cloudflare:workers";
import {
  type DownFrame,
  decodeDownFrame,
  type Entry,
  type LogEntry,
  limits,
  type Result,
} from "../../protocol/mod.ts";
import { makeBatch } from "../../worker/core/batch.ts";
import {
  type AppendReceipt,
  type ProducerSeq,
  type SocketPlan,
  socketPlanHeader,
} from "../../worker/core/contract.ts";
import { channelObject, type Env } from "../../worker/objects/env.ts";

export const testEnv = env as unknown as Env;
export const tenant = "default";

export function stubOf(channel: string) {
  return channelObject(testEnv, tenant, channel);
}

export function log(line: string, more: Partial<LogEntry> = {}): LogEntry {
  return { kind: "log", ts: 1_000, level: "info", line, ...more };
}

export function appendTo(
  channel: string,
  entries: readonly Entry[],
  producer?: ProducerSeq,
): Promise<Result<AppendReceipt>> {
  const batch = makeBatch(entries);
  if (!batch.ok) throw new Error(batch.problem.message);
  return stubOf(channel).append({ tenant, channel, batch: batch.value, ...(producer && { producer }) });
}

/** A subscriber's end of a real socket to an object: frames are awaited, never polled. */
export class TestSocket {
  readonly socket: WebSocket;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #frames: DownFrame[] = [];
  #arrived: () => void = () => undefined;
  /** Acknowledges as a client must, when half the window is unacknowledged. */
  #windowBytes: number = limits.windowMinBytes;
  #unacked = 0;

  readonly #acks: boolean;

  constructor(socket: WebSocket, acks = true) {
    this.socket = socket;
    this.#acks = acks;
    this.closed = new Promise((resolve) => {
      socket.addEventListener("close", ({ code, reason }) => {
        resolve({ code, reason });
        socket.close();
      });
    });
    socket.addEventListener("message", ({ data }) => this.#take(String(data)));
    socket.accept();
  }

  static async open(channel: string, plan: Partial<SocketPlan> = {}, acks = true): Promise<TestSocket> {
    const header = JSON.stringify({ tenant, channel, subject: "test", ...plan });
    const response = await stubOf(channel).fetch("https://object/", {
      headers: { Upgrade: "websocket", [socketPlanHeader]: header },
    });
    if (response.webSocket === null) throw new Error(`No socket but ${response.status}`);
    return new TestSocket(response.webSocket, acks);
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** The next frame of a type; those before it are dropped. */
  async next<Type extends DownFrame["type"]>(type: Type): Promise<Extract<DownFrame, { type: Type }>> {
    for (;;) {
      const frame = await this.#shift();
      if (frame.type === type) return frame as Extract<DownFrame, { type: Type }>;
    }
  }

  /** Cursors and lines after `from`, until the one of cursor `to`. */
  async lines(from: number, to: number): Promise<[number, string][]> {
    const lines: [number, string][] = [];
    while (from + lines.length < to) {
      const { first, entries } = await this.next("entries");
      for (const [i, entry] of entries.entries()) {
        if (first + i > from) lines.push([first + i, entry.kind === "log" ? entry.line : entry.event]);
      }
    }
    return lines;
  }

  async #shift(): Promise<DownFrame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  #take(text: string): void {
    const frame = decodeDownFrame(text);
    if (!frame.ok) throw new Error(`${frame.problem.message}: ${text}`);
    this.#frames.push(frame.value);
    if (frame.value.type === "subscribed" || frame.value.type === "window")
      this.#windowBytes = frame.value.windowBytes;
    if (frame.value.type === "entries" && this.#acks)
      this.#ack(text, frame.value.channel, frame.value.first + frame.value.entries.length - 1);
    this.#arrived();
  }

  #ack(text: string, channel: string, cursor: number): void {
    this.#unacked += text.length;
    if (this.#unacked * 2 < this.#windowBytes) return;
    this.#unacked = 0;
    this.send({ type: "ack", channel, cursor });
  }
}
