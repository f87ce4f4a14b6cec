import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type ServerSocket, WebSocketServer } from "ws";
import {
  closeCodes,
  decodeViewerFrame,
  type ErrorFrame,
  type SubscribeFrame,
  type ViewerFrame,
} from "../../protocol/mod.ts";
import { WireJournal } from "./wire_journal.ts";
import { WireSubscription } from "./wire_subscription.ts";

/** What a test changes of the gateway's behaviour. */
export interface WireFaults {
  /** In [0, 1): how far pages reach back below what was sent, and where sockets are cut. */
  random: () => number;
  /** The chance that a socket is cut after a frame. */
  cutChance: number;
  windowBytes: number;
  /** The token that is taken; any, or none, when null. */
  token: string | null;
  /** Channels that are refused. */
  forbidden: Set<string>;
  /** Channels that take nobody for now. */
  full: Set<string>;
  /** Skips so many entries once, without a word. */
  holes: number;
  /** Sends whatever there is, acknowledged or not. */
  ignoresWindow: boolean;
}

/** A socket that a client has opened. */
export class WireSocket {
  readonly #gateway: WireGateway;
  readonly #socket: ServerSocket;
  readonly subscriptions = new Map<string, WireSubscription>();
  /** Half open: it neither answers nor says anything, and stays. */
  isSilent = false;
  isClosed = false;

  constructor(gateway: WireGateway, socket: ServerSocket) {
    this.#gateway = gateway;
    this.#socket = socket;
    socket.on("message", (data) => this.#receive(data.toString()));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
      gateway.changed();
    });
  }

  send(frame: unknown): void {
    if (this.isSilent || this.isClosed) return;
    this.#socket.send(JSON.stringify(frame));
    if (this.#gateway.faults.random() < this.#gateway.faults.cutChance) this.cut();
  }

  /** Says something on a socket that was silent: what a dead connection may still deliver. */
  sendLate(frame: unknown): void {
    this.#socket.send(JSON.stringify(frame));
  }

  cut(): void {
    this.isClosed = true;
    this.#gateway.cuts += 1;
    this.#socket.terminate();
  }

  close(closeCode: number): void {
    this.#socket.close(closeCode);
  }

  refuse(code: ErrorFrame["code"], closeCode: number): void {
    this.send({ type: "error", code, message: `Refused: ${code}.` });
    this.close(closeCode);
  }

  subscribe(frame: SubscribeFrame): void {
    const { faults } = this.#gateway;
    if (faults.forbidden.has(frame.channel)) {
      this.send({ type: "error", code: "forbidden", message: "No grant.", channel: frame.channel });
      return;
    }
    if (faults.full.has(frame.channel)) {
      const about = { message: "Full.", channel: frame.channel, retryAfterMs: 60_000 };
      this.send({ type: "error", code: "too_many_viewers", ...about });
      return;
    }
    const subscription = new WireSubscription(this, this.#gateway.journal(frame.channel), faults, frame);
    this.subscriptions.set(frame.channel, subscription);
    subscription.begin();
  }

  #receive(text: string): void {
    if (this.isSilent) return;
    this.#gateway.received.push(text);
    const frame = decodeViewerFrame(text);
    if (frame.ok) this.#take(frame.value);
    else this.refuse(frame.problem.code, closeCodes.invalid.code);
    this.#gateway.changed();
  }

  #take(frame: ViewerFrame): void {
    switch (frame.type) {
      case "subscribe":
        this.subscribe(frame);
        return;
      case "unsubscribe":
        this.subscriptions.delete(frame.channel);
        return;
      case "ack":
        this.subscriptions.get(frame.channel)?.ack(frame.cursor);
        return;
      case "auth":
        this.#gateway.auths.push(frame.token);
        return;
      case "ping":
        this.send({ type: "pong" });
        return;
    }
  }
}

/**
 * The native wire on loopback, as `docs/PROTOCOL.md` words it and no more: journals in memory, windows, pages
 * that may begin below the cursor asked for. It can cut sockets, fall silent and refuse.
 */
export class WireGateway {
  readonly faults: WireFaults = {
    random: () => 0.5,
    cutChance: 0,
    windowBytes: 8 * 1024,
    token: null,
    forbidden: new Set(),
    full: new Set(),
    holes: 0,
    ignoresWindow: false,
  };
  readonly sockets: WireSocket[] = [];
  /** Every frame that came, of all sockets. */
  readonly received: string[] = [];
  readonly auths: string[] = [];
  /** The path, query and subprotocols of each handshake. */
  readonly handshakes: { readonly url: string; readonly token: string | null }[] = [];
  cuts = 0;
  readonly #journals = new Map<string, WireJournal>();
  readonly #waiting = new Set<() => void>();
  readonly #server: Server = createServer();
  readonly #sockets = new WebSocketServer({
    server: this.#server,
    handleProtocols: (protocols) => (protocols.has("tailrace.v1") ? "tailrace.v1" : false),
  });

  static async start(faults: Partial<WireFaults> = {}): Promise<WireGateway> {
    const gateway = new WireGateway();
    Object.assign(gateway.faults, faults);
    gateway.#sockets.on("connection", (socket, request) => gateway.#accept(socket, request));
    gateway.#server.listen(0, "127.0.0.1");
    await once(gateway.#server, "listening");
    return gateway;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** The newest socket. */
  get socket(): WireSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("No socket was opened yet.");
    return socket;
  }

  journal(channel: string): WireJournal {
    const journal = this.#journals.get(channel) ?? new WireJournal(channel);
    this.#journals.set(channel, journal);
    return journal;
  }

  append(channel: string, lines: readonly string[]): void {
    this.journal(channel).append(lines);
    this.pump(channel);
  }

  finish(channel: string): void {
    this.journal(channel).finish();
    this.pump(channel);
  }

  pump(channel: string): void {
    for (const socket of this.sockets) socket.subscriptions.get(channel)?.pump();
  }

  /** Resolves when the condition holds; it is looked at whenever something came or went. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  changed(): void {
    for (const look of [...this.#waiting]) look();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(raw: ServerSocket, request: IncomingMessage): void {
    const socket = new WireSocket(this, raw);
    this.sockets.push(socket);
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(/,\s*/);
    const token = offered.find((protocol) => protocol.startsWith("bearer."))?.slice(7) ?? null;
    const url = request.url ?? "";
    this.handshakes.push({ url, token });
    if (this.faults.token !== null && token !== this.faults.token) {
      socket.refuse("token_invalid", closeCodes.token.code);
      return;
    }
    const direct = directFrame(url);
    if (direct !== null) socket.subscribe(direct);
    this.changed();
  }
}

/** What the query of a direct socket subscribes to; null for `/ws`. */
function directFrame(path: string): SubscribeFrame | null {
  const url = new URL(path, "http://gateway");
  const channel = /^\/ws\/channels\/(.+)$/.exec(url.pathname)?.[1];
  if (channel === undefined) return null;
  const epoch = url.searchParams.get("epoch");
  const number = (name: string): Record<string, number> =>
    url.searchParams.has(name) ? { [name]: Number(url.searchParams.get(name)) } : {};
  return {
    type: "subscribe",
    channel: decodeURIComponent(channel),
    ...number("cursor"),
    ...number("last"),
    ...number("maxWindowBytes"),
    ...(epoch !== null && { epoch }),
  };
}
