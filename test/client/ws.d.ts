/** What the tests use of the package `ws`, which ships no types. */
declare module "ws" {
  import type { EventEmitter } from "node:events";
  import type { IncomingMessage, Server } from "node:http";

  export interface ServerSocket extends EventEmitter {
    send(text: string): void;
    close(code?: number, reason?: string): void;
    /** Ends the connection at once, without a close frame. */
    terminate(): void;
    on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): this;
    on(event: "close", listener: (code: number, reason: Buffer) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
  }

  export class WebSocket extends EventEmitter {
    constructor(address: URL, options: { perMessageDeflate: false });
    send(text: string): void;
    /** Ends the connection at once, without a close frame. */
    terminate(): void;
    on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): this;
  }

  export class WebSocketServer extends EventEmitter {
    constructor(options: {
      server?: Server;
      port?: number;
      host?: string;
      handleProtocols?: (protocols: Set<string>, request: IncomingMessage) => string | false;
    });
    readonly clients: Set<ServerSocket>;
    on(event: "connection", listener: (socket: ServerSocket, request: IncomingMessage) => void): this;
    close(callback?: (error?: Error) => void): void;
  }
}
