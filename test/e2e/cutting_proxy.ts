import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** When a connection is cut by itself: after so many bytes in one direction, or after so long. */
export interface Fate {
  /** `up`: from the client to the gateway. */
  readonly direction: "up" | "down";
  readonly bytes: number;
  readonly ms: number;
  /** Cut by a reset, and not by an orderly end of the stream. */
  readonly isReset: boolean;
}

/** A way to the gateway that can be cut: a plain TCP proxy on loopback. */
export class CuttingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Asked for each new connection; null: it lives until {@link cut}. */
  decide: () => Fate | null = () => null;
  /** Connections that were cut by their fate; how many of them at its byte, and not by its time. */
  cuts = 0;
  cutsAtByte = 0;
  #isCut = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(target: URL): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(server);
    server.on("connection", (near) => proxy.#join(near, target));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts every connection, and refuses new ones until {@link mend}. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(near: Socket, target: URL): void {
    if (this.#isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(target.port), target.hostname);
    const fate = this.decide();
    if (fate === null) near.pipe(far).pipe(near);
    else this.#doom(near, far, fate);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }

  /** Passes bytes on until the fate comes: those before it arrive, those after it do not. */
  #doom(near: Socket, far: Socket, fate: Fate): void {
    let isCut = false;
    const cut = (): void => {
      if (isCut) return;
      isCut = true;
      this.cuts += 1;
      for (const socket of [near, far]) fate.isReset ? socket.resetAndDestroy() : socket.destroy();
    };
    const timer = setTimeout(cut, fate.ms);
    near.on("close", () => clearTimeout(timer));
    for (const [from, to, direction] of [
      [near, far, "up"],
      [far, near, "down"],
    ] as const) {
      let left = direction === fate.direction ? fate.bytes : Number.POSITIVE_INFINITY;
      from.on("data", (chunk: Buffer) => {
        if (isCut) return;
        const passed = chunk.subarray(0, left);
        left -= passed.length;
        // A reset would take back what is written and not sent yet.
        to.write(passed, () => {
          if (left > 0 || isCut) return;
          this.cutsAtByte += 1;
          cut();
        });
      });
      from.on("end", () => to.end());
    }
  }
}
