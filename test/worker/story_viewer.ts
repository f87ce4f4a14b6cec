import { limits } from "../../protocol/mod.ts";
import type { Frame, TestSocket } from "./gateway.ts";

/** Writes what was received without what differs from run to run. */
export type Normalise = (value: unknown) => string;

/** A viewer of the story: keeps what it is told as texts, an entry each, and acknowledges as clients must. */
export class StoryViewer {
  readonly items: string[] = [];
  cursor = 0;
  readonly #socket: TestSocket;
  readonly #normalise: Normalise;
  #windowBytes: number = limits.windowMinBytes;
  #unackedBytes = 0;
  #isHoldingBack = false;
  /** The first frame of a subscription may begin before the cursor asked for. */
  #mayOverlap = false;
  #arrived: () => void = () => undefined;

  constructor(socket: TestSocket, normalise: Normalise) {
    this.#socket = socket;
    this.#normalise = normalise;
    void this.#collect();
  }

  /** Resolves when the newest item begins so. */
  async has(text: string): Promise<void> {
    while (this.items.at(-1)?.startsWith(text) !== true)
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
  }

  say(frame: object): void {
    this.#socket.send(frame);
  }

  /** Resolves when the object has taken all that was said before; it is not the text that the platform answers. */
  async probe(): Promise<void> {
    this.#socket.send('{"type": "ping"}');
    await this.has('{"type":"pong"');
  }

  /** Acknowledges nothing until it is let go on. */
  holdBack(): void {
    this.#isHoldingBack = true;
  }

  goOn(channel: string): void {
    this.#isHoldingBack = false;
    this.#ack(channel);
  }

  close(): void {
    this.#socket.close();
  }

  async #collect(): Promise<void> {
    for (let frame = await this.#socket.next(); frame !== null; frame = await this.#socket.next()) {
      this.#take(frame);
      this.#arrived();
    }
    this.items.push("closed");
    this.#arrived();
  }

  #take(frame: Frame): void {
    switch (frame.type) {
      case "entries":
        this.#takeEntries(frame);
        return;
      case "skipped":
        // How many frames hid something is not told.
        if (this.items.at(-1)?.startsWith("skipped") === true) this.items.pop();
        this.items.push(`skipped to ${frame["to"]}`);
        return;
      case "log":
        this.items.push(`${frame["cursor"]} ${frame["line"]}`);
        return;
      case "summary":
        // Who is there is told a second later, or when something else is to be told.
        if (frame["levels"] === undefined) return;
        this.items.push(this.#normalise({ ...frame, viewers: "?" }));
        return;
      case "subscribed":
        this.cursor = Number(frame["cursor"]);
        this.#mayOverlap = true;
        this.#windowBytes = Number(frame["windowBytes"]);
        break;
      case "window":
        this.#windowBytes = Number(frame["windowBytes"]);
    }
    this.items.push(this.#normalise(frame));
  }

  #takeEntries(frame: Frame): void {
    const first = Number(frame["first"]);
    const entries = frame["entries"] as readonly { readonly line: string }[];
    for (const [i, { line }] of entries.entries())
      if (first + i > this.cursor || !this.#mayOverlap) this.items.push(`${first + i} ${line}`);
    this.#mayOverlap = false;
    this.cursor = Math.max(this.cursor, first + entries.length - 1);
    this.#unackedBytes += JSON.stringify(frame).length;
    if (!this.#isHoldingBack && this.#unackedBytes * 2 >= this.#windowBytes)
      this.#ack(String(frame["channel"]));
  }

  #ack(channel: string): void {
    this.#unackedBytes = 0;
    this.say({ type: "ack", channel, cursor: this.cursor });
  }
}
