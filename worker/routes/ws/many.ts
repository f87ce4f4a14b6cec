import { noQuery } from "../../../protocol/schemas/rest/channels.ts";
import type { RouteContext } from "../context.ts";
import { parseQuery } from "../parse.ts";
import { ClientSocket } from "./client_socket.ts";
import { checkHandshake } from "./handshake.ts";
import { offersNative, upgraded } from "./refuse_handshake.ts";
import { refuseSocket } from "./refuse_socket.ts";

/** `GET /ws`: many channels on one socket, in any dialect, ended in this Worker. */
export async function openManySocket(c: RouteContext): Promise<Response> {
  const identity = await checkHandshake(c);
  if (!identity.ok) return refuseSocket(c, identity.problem);
  const query = parseQuery(c.req.raw, noQuery);
  if (!query.ok) return refuseSocket(c, query.problem);
  const { 0: client, 1: server } = new WebSocketPair();
  const { claims, tenant } = identity.value;
  const { env } = c;
  new ClientSocket(server, { env, secret: c.get("secret"), settings: c.get("settings"), claims, tenant });
  return upgraded(client, offersNative(c.req.raw));
}
