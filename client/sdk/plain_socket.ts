import { subprotocol } from "../../protocol/mod.ts";
import type { TokenSource } from "./connection.ts";
import { type ClientProblem, sentenceOf } from "./problem.ts";

export interface PlainSocketOptions {
  readonly token: TokenSource | undefined;
  readonly webSocket: typeof WebSocket;
}

export interface PlainSocketOwner {
  onOpen(): void;
  onText(text: string): void;
  /** The socket has closed by itself, or could not be had; with a problem where the token was the reason. */
  onClose(closeCode: number, problem: ClientProblem | null): void;
}

/** One socket at a time, for the clients of other systems' frames. What was left cannot speak any more. */
export class PlainSocket {
  readonly #options: PlainSocketOptions;
  readonly #owner: PlainSocketOwner;
  #socket: WebSocket | null = null;
  #isOpening = false;
  /** Counts sockets: a token that arrives late, or a callback of one that was left, belongs to an older one. */
  #generation = 0;

  constructor(options: PlainSocketOptions, owner: PlainSocketOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  /** Opens one, unless there is one already. With `renew` the gateway has refused the last token. */
  open(url: () => string | Promise<string>, renew: boolean): void {
    const isBusy = this.#isOpening || (this.#socket?.readyState ?? 3) < 2;
    if (isBusy) return;
    this.#isOpening = true;
    void this.#open(url, renew, ++this.#generation);
  }

  /** False where there is no open socket: nothing was sent. */
  send(text: string): boolean {
    if (this.#socket?.readyState !== 1) return false;
    this.#socket.send(text);
    return true;
  }

  hangUp(): void {
    const socket = this.#socket;
    this.#generation += 1;
    this.#isOpening = false;
    this.#socket = null;
    if (socket !== null && socket.readyState < 2) socket.close(1000);
  }

  async #open(url: () => string | Promise<string>, renew: boolean, generation: number): Promise<void> {
    const isCurrent = (): boolean => generation === this.#generation;
    try {
      const { token } = this.#options;
      const text = typeof token === "function" ? await token({ renew }) : (token ?? null);
      const address = await url();
      if (isCurrent()) this.#join(address, text, isCurrent);
    } catch (thrown) {
      if (!isCurrent()) return;
      this.hangUp();
      const message = `The token could not be had or sent: ${sentenceOf(thrown)}`;
      this.#owner.onClose(1006, { code: "token_unavailable", message });
    }
  }

  #join(url: string, token: string | null, isCurrent: () => boolean): void {
    // Who offers the gateway's protocol is told inside the socket why it is refused; browsers show no status.
    const protocols = token === null ? [subprotocol] : [subprotocol, `bearer.${token}`];
    const socket = new this.#options.webSocket(url, protocols);
    this.#socket = socket;
    this.#isOpening = false;
    socket.onopen = () => {
      if (isCurrent()) this.#owner.onOpen();
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isCurrent() && typeof data === "string") this.#owner.onText(data);
    };
    // A close always follows; some implementations throw an error that nobody listens to.
    socket.onerror = () => {};
    socket.onclose = ({ code }: CloseEvent) => {
      if (!isCurrent()) return;
      this.#socket = null;
      this.#owner.onClose(code, null);
    };
  }
}

/** Where a gateway's socket is: the address with the scheme that fits, `wss` under `https`. */
export function socketUrl(
  origin: string,
  path: string,
  query: Readonly<Record<string, string | null>>,
): string {
  const url = new URL(path, origin);
  url.protocol = url.protocol.replace("http", "ws");
  for (const [key, value] of Object.entries(query)) {
    if (value !== null) url.searchParams.set(key, value);
  }
  return url.href;
}

/** The page's own origin; null where there is no page. */
export function pageOrigin(): string | null {
  if (!("location" in globalThis)) return null;
  const page: { readonly origin?: unknown } = globalThis.location ?? {};
  return typeof page.origin === "string" && page.origin.startsWith("http") ? page.origin : null;
}
