import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type ServerSocket, WebSocketServer } from "ws";

/** A gateway of workflow sessions that does what a test says: real sockets, whose every step is the test's own. */
export class SessionGateway {
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  /** Addresses of all sockets, in the order in which they were opened. */
  readonly opened: string[] = [];
  readonly received: string[] = [];
  /** The newest socket. */
  socket: ServerSocket | null = null;
  open = 0;
  mostOpen = 0;
  /** What the summary says of the tail; null: there is no answer. */
  tail: number | null = 0;
  onOpen: (socket: ServerSocket) => void = () => {};
  onFrame: (text: string, socket: ServerSocket) => void = (text, socket) => {
    if (text.includes('"ping"')) socket.send('{"event":"pong","data":{}}');
  };
  #wake: () => void = () => {};

  private constructor() {
    this.#http = createServer((_, response) => {
      if (this.tail === null) response.destroy();
      else response.end(JSON.stringify(summaryOf(this.tail)));
    });
    this.#sockets = new WebSocketServer({ server: this.#http, handleProtocols: () => "tailrace.v1" });
    this.#sockets.on("connection", (socket, { url = "" }) => this.#join(socket, url));
  }

  static async start(): Promise<SessionGateway> {
    const gateway = new SessionGateway();
    gateway.#http.listen(0, "127.0.0.1");
    await once(gateway.#http, "listening");
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Resolves when the condition holds: looked at whenever something happened here. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Something happened elsewhere that `until` may wait for. */
  changed(): void {
    this.#wake();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, "close");
  }

  #join(socket: ServerSocket, url: string): void {
    this.opened.push(url);
    this.socket = socket;
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    socket.on("message", (data) => {
      this.received.push(data.toString());
      this.onFrame(data.toString(), socket);
      this.changed();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.open -= 1;
      this.changed();
    });
    this.onOpen(socket);
    this.changed();
  }
}

function summaryOf(tail: number) {
  return { channel: "session/s1", status: "running", tail, oldest: 1, stages: [], levels: {} };
}
