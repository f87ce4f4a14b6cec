import { cutToBytes, limits } from "../../protocol/mod.ts";
import type { Peer, PeerState } from "../core/subscriber.ts";

/** A hibernatable socket as a peer. What was attached to it survives a wake. */
export class SocketPeer implements Peer {
  readonly #ctx: DurableObjectState;
  readonly #socket: WebSocket;

  constructor(ctx: DurableObjectState, socket: WebSocket) {
    this.#ctx = ctx;
    this.#socket = socket;
  }

  send(text: string): void {
    try {
      this.#socket.send(text);
    } catch {
      // It is closed or closing: its close event drops it.
    }
  }

  close(code: number, reason: string): void {
    // Until its peer answers the socket stays with the object: a wake must not take it for a subscriber.
    this.#socket.serializeAttachment(null);
    try {
      this.#socket.close(code, cutToBytes(reason.toWellFormed(), limits.closeReasonBytes));
    } catch {
      // It was closed before.
    }
  }

  attach(state: PeerState): void {
    this.#socket.serializeAttachment(state);
  }

  lastPingAt(): number | null {
    return this.#ctx.getWebSocketAutoResponseTimestamp(this.#socket)?.getTime() ?? null;
  }

  attached(): PeerState | null {
    return this.#socket.deserializeAttachment() as PeerState | null;
  }
}
