import { errorFrameOf, type Problem, problemTable, subprotocol } from "../../../protocol/mod.ts";
import { offeredProtocols } from "../auth/credential.ts";
import { problemResponse } from "../problem.ts";
import { closeSocket } from "./close_socket.ts";

export function isUpgrade(request: Request): boolean {
  return request.method === "GET" && request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

export function offersNative(request: Request): boolean {
  return offeredProtocols(request).includes(subprotocol);
}

/**
 * Refuses a handshake so that its client learns why: browsers show no HTTP status, so who offers the native
 * protocol is told inside the socket. Any other, and a page of a foreign origin, is told by status.
 */
export function refuseHandshake(request: Request, problem: Problem): Response {
  const isTold = isUpgrade(request) && offersNative(request) && problem.code !== "origin_forbidden";
  if (!isTold) {
    const headers = problem.code === "upgrade_required" ? { upgrade: "websocket" } : {};
    return problemResponse(problem, headers);
  }
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.send(JSON.stringify(errorFrameOf(problem)));
  closeSocket(server, problemTable[problem.code].close, problem.code);
  return upgraded(client, true);
}

/** Answers an upgrade. The native protocol alone is echoed: never a token that was offered beside it. */
export function upgraded(client: WebSocket, isNative: boolean): Response {
  return new Response(null, {
    status: 101,
    webSocket: client,
    ...(isNative && { headers: { "Sec-WebSocket-Protocol": subprotocol } }),
  });
}
