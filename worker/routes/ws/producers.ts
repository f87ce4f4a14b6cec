import { ok, type Result } from "../../../protocol/mod.ts";
import { producerSocketQuery } from "../../../protocol/schemas/rest/socket.ts";
import { auditorFor } from "../audit/auditor.ts";
import { authorizeChannel, channelOfPath, type Identity } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { parseQuery } from "../parse.ts";
import { checkHandshake } from "./handshake.ts";
import { ProducerSocket, type Target } from "./producer_socket.ts";
import { offersNative, upgraded } from "./refuse_handshake.ts";
import { refuseSocket } from "./refuse_socket.ts";

/** `GET /ws/producers/:kind/:id`: numbered batches for one channel, ended in this Worker. */
export async function openProducerSocket(c: RouteContext): Promise<Response> {
  const checked = await checkProducer(c);
  if (!checked.ok) return refuseSocket(c, checked.problem);
  const { identity, target } = checked.value;
  const { 0: client, 1: server } = new WebSocketPair();
  const { claims, tenant } = identity;
  const caller = { env: c.env, secret: c.get("secret"), settings: c.get("settings"), claims, tenant };
  new ProducerSocket(server, caller, target, auditorFor(c));
  return upgraded(client, offersNative(c.req.raw));
}

async function checkProducer(
  c: RouteContext,
): Promise<Result<{ readonly identity: Identity; readonly target: Target }>> {
  const identity = await checkHandshake(c);
  if (!identity.ok) return identity;
  const channel = channelOfPath(c);
  if (!channel.ok) return channel;
  const query = parseQuery(c.req.raw, producerSocketQuery);
  // Who may not is told so, whatever else is wrong.
  const firstProject = query.ok ? query.value.project : undefined;
  const granted = await authorizeChannel(c.env, identity.value.claims, "write", channel.value, firstProject);
  if (!granted.ok) return granted;
  if (!query.ok) return query;
  const target = { channel: channel.value, firstProject, grantedProject: granted.value.project };
  return ok({ identity: identity.value, target });
}
