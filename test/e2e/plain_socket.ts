/** A gateway's origin, and a token for it. */
export interface Access {
  readonly url: string;
  readonly token: string;
}

const deadlineMs = 10_000;

/** An address with its token, as pages write it. */
export function addressOf(path: string, { url, token }: Access): string {
  return `${url}${path}${path.includes("?") ? "&" : "?"}token=${token}`;
}

/** A client that knows nothing of the gateway: the platform's own WebSocket, whose frames are awaited. */
export class PlainSocket {
  readonly #socket: WebSocket;
  readonly #frames: string[] = [];
  #wake: () => void = () => {};
  readonly closeCode: Promise<number>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.#frames.push(String(data));
      this.#wake();
    });
    this.closeCode = new Promise((resolve) => {
      socket.addEventListener("close", ({ code }) => {
        resolve(code);
        this.#wake();
      });
    });
  }

  static async open(path: string, access: Access): Promise<PlainSocket> {
    const socket = new WebSocket(addressOf(path, access).replace("http", "ws"));
    const plain = new PlainSocket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("error", () => reject(new Error(`No socket at ${path}`)));
    });
    return plain;
  }

  get unread(): readonly string[] {
    return this.#frames;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  async next(): Promise<string> {
    const deadline = AbortSignal.timeout(deadlineMs);
    deadline.addEventListener("abort", () => this.#wake());
    while (this.#frames.length === 0) {
      if (deadline.aborted) throw new Error(`No frame came within ${deadlineMs} ms`);
      if (this.#socket.readyState !== WebSocket.OPEN)
        throw new Error("The socket closed before a frame came");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#frames.shift() ?? "";
  }

  close(): void {
    this.#socket.close();
  }
}
