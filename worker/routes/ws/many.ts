import { noQuery } from "../../../protocol/schemas/rest/channels.ts";
import type { RouteContext } from "../context.ts";
import { parseQuery } from "../parse.ts";
import { ClientSocket } from "./client_socket.ts";
import { checkHandshake } from "./handshake.ts";
import { offersNative, refuseHandshake, upgraded } from "./refuse_handshake.ts";

/** `GET /ws`: many channels on one socket, in any dialect, ended in this Worker. */
export async function openManySocket(c: RouteContext): Promise<Response> {
  const identity = await checkHandshake(c);
  if (!identity.ok) return refuseHandshake(c.req.raw, identity.problem);
  const query = parseQuery(c.req.raw, noQuery);
  if (!query.ok) return refuseHandshake(c.req.raw, query.problem);
  const { 0: client, 1: server } = new WebSocketPair();
  const { claims, tenant } = identity.value;
  const { env } = c;
  new ClientSocket(server, { env, secret: c.get("secret"), settings: c.get("settings"), claims, tenant });
  return upgraded(client, offersNative(c.req.raw));
}
