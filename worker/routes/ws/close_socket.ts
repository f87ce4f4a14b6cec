import { cutToBytes, limits } from "../../../protocol/mod.ts";

/** Closes a socket that may be closed already. The platform throws at a reason that is too long, so it is cut. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, cutToBytes(reason.toWellFormed(), limits.closeReasonBytes));
  } catch {
    // The peer closed it first.
  }
}
