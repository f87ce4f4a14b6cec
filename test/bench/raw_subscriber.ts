import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { entryBytesOf } from "./load.ts";

/** What a subscriber saw of one frame, read from its first and last bytes alone. */
export interface SeenFrame {
  readonly bytes: number;
  /** The cursor of its first entry. */
  readonly first: number;
  /** The cursor of its last entry. */
  readonly last: number;
  /** The timestamp of its first entry, the oldest one, in epoch milliseconds. */
  readonly ts: number;
}

/** How many bytes of a frame are looked at: its head, and the beginning of its first entry. */
const lookBytes = 256;

const firstPattern = /^(.*"first":(\d+),"entries":\[)\{"kind":"log","ts":(\d+)/;
const windowPattern = /"windowBytes":(\d+)/;

export interface RawOptions {
  readonly offersDeflate?: boolean;
  /** The address's query, with its question mark. */
  readonly query?: string;
  /** The length of the load's lines, if not {@link lineOf}'s own. */
  readonly lineChars?: number;
}

/**
 * A native subscriber as cheap as can be, so that a thousand of them and the gateway fit two cores: a bare
 * socket that walks frames without decoding them. It relies on entries of one and the same length.
 */
export class RawSubscriber {
  readonly #socket: Socket;
  readonly #channel: string;
  readonly #onFrame: (frame: SeenFrame) => void;
  #handshake = "";
  #isOpen = false;
  /** Bytes of the frame under way that are still to come; the header's own are gathered first. */
  #left = 0;
  #header = Buffer.alloc(0);
  #head = Buffer.alloc(0);
  #bytes = 0;
  #windowBytes = 8 * 1024;
  #unackedBytes = 0;
  #newest = 0;
  #isClose = false;
  readonly #entryBytes: number;
  readonly #closed = Promise.withResolvers<number>();
  /** Resolves with the gateway's close code, or 1006 where it said none. */
  readonly closed: Promise<number> = this.#closed.promise;
  isPaused = false;

  /** Resolves when the gateway has said `subscribed`. */
  static open(
    url: URL,
    channel: string,
    token: string,
    options: RawOptions,
    onFrame: (frame: SeenFrame) => void,
  ): Promise<RawSubscriber> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(url.port), url.hostname);
      const subscriber = new RawSubscriber(socket, channel, entryBytesOf(options.lineChars), onFrame);
      subscriber.#onSubscribed = () => resolve(subscriber);
      socket.on("error", reject);
      socket.once("close", () => {
        subscriber.#closed.resolve(1006);
        reject(new Error(`The gateway closed the socket: ${subscriber.#handshake}`));
      });
      socket.on("data", (chunk) => subscriber.#take(chunk));
      socket.write(
        `${[
          `GET /ws/channels/${channel}${options.query ?? ""} HTTP/1.1`,
          `Host: ${url.host}`,
          "Connection: Upgrade",
          "Upgrade: websocket",
          "Sec-WebSocket-Version: 13",
          `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
          `Sec-WebSocket-Protocol: tailrace.v1, bearer.${token}`,
          ...(options.offersDeflate
            ? ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]
            : []),
        ].join("\r\n")}\r\n\r\n`,
      );
    });
  }

  #onSubscribed: () => void = () => undefined;

  private constructor(
    socket: Socket,
    channel: string,
    entryBytes: number,
    onFrame: (frame: SeenFrame) => void,
  ) {
    this.#socket = socket;
    this.#channel = channel;
    this.#entryBytes = entryBytes;
    this.#onFrame = onFrame;
  }

  /** The handshake's answer. */
  get handshake(): string {
    return this.#handshake;
  }

  /** The window it was last told of. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  pause(): void {
    this.isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    let rest = chunk;
    if (!this.#isOpen) {
      const taken = this.#takeHandshake(rest);
      if (taken === null) return;
      rest = taken;
    }
    while (rest.length > 0) rest = this.#left === 0 ? this.#takeHeader(rest) : this.#takePayload(rest);
  }

  #takeHandshake(chunk: Buffer): Buffer | null {
    const end = chunk.indexOf("\r\n\r\n");
    this.#handshake += chunk.subarray(0, end < 0 ? chunk.length : end).toString();
    if (end < 0) return null;
    if (!this.#handshake.startsWith("HTTP/1.1 101")) throw new Error(`Refused: ${this.#handshake}`);
    this.#isOpen = true;
    return chunk.subarray(end + 4);
  }

  #takeHeader(chunk: Buffer): Buffer {
    const known = this.#header.length;
    const header = Buffer.concat([this.#header, chunk.subarray(0, 10)]);
    const short = header.length < 2 ? -1 : (header[1] ?? 0) & 0x7f;
    const need = short < 0 ? 2 : short === 126 ? 4 : short === 127 ? 10 : 2;
    if (header.length < need) {
      this.#header = header;
      return chunk.subarray(chunk.length);
    }
    this.#left =
      short === 126 ? header.readUInt16BE(2) : short === 127 ? Number(header.readBigUInt64BE(2)) : short;
    this.#bytes = this.#left;
    this.#isClose = ((header[0] ?? 0) & 0x0f) === 8;
    this.#header = Buffer.alloc(0);
    this.#head = Buffer.alloc(0);
    return chunk.subarray(need - known);
  }

  #takePayload(chunk: Buffer): Buffer {
    const part = chunk.subarray(0, this.#left);
    if (this.#head.length < lookBytes) this.#head = Buffer.concat([this.#head, part.subarray(0, lookBytes)]);
    this.#left -= part.length;
    if (this.#left === 0) this.#finish();
    return chunk.subarray(part.length);
  }

  #finish(): void {
    if (this.#isClose) {
      this.#closed.resolve(this.#head.readUInt16BE(0));
      this.#socket.destroy();
      return;
    }
    const head = this.#head.toString("latin1", 0, lookBytes);
    if (head.startsWith('{"type":"entries"')) this.#finishEntries(head);
    else if (head.startsWith('{"type":"subscribed"')) {
      this.#windowBytes = Number(windowPattern.exec(head)?.[1] ?? this.#windowBytes);
      this.#onSubscribed();
    } else if (head.startsWith('{"type":"window"')) {
      this.#windowBytes = Number(windowPattern.exec(head)?.[1] ?? this.#windowBytes);
      if (this.#unackedBytes > 0) this.#ack();
    }
  }

  #finishEntries(head: string): void {
    const found = firstPattern.exec(head);
    if (found === null) throw new Error(`Not a frame of the load: ${head}`);
    const first = Number(found[2]);
    // What follows the head is the entries, a comma between each two, and the two closing brackets.
    const entries = (this.#bytes - (found[1]?.length ?? 0) - 2 + 1) / (this.#entryBytes + 1);
    if (!Number.isInteger(entries)) throw new Error(`Entries of another length than the load's: ${head}`);
    const frame = { bytes: this.#bytes, first, last: first + entries - 1, ts: Number(found[3]) };
    this.#newest = frame.last;
    this.#unackedBytes += this.#bytes;
    if (this.#unackedBytes * 2 >= this.#windowBytes) this.#ack();
    this.#onFrame(frame);
  }

  #ack(): void {
    this.#unackedBytes = 0;
    const text = Buffer.from(`{"type":"ack","channel":"${this.#channel}","cursor":${this.#newest}}`);
    // Masked with zeros: the load generator's time is for the measurement.
    this.#socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]));
  }
}
