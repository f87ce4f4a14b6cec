import type { z } from "zod";
import { ok, type Problem, type Result, refuse, subprotocol } from "../../../protocol/mod.ts";
import { directSocketQuery } from "../../../protocol/schemas/rest/socket.ts";
import type { SocketPlan } from "../../core/contract.ts";
import { auditorFor } from "../audit/auditor.ts";
import { authorizeChannel, channelOfPath } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { parseQuery } from "../parse.ts";
import { checkGrant } from "./check_grant.ts";
import { checkReading } from "./handshake.ts";
import { openObjectSocket } from "./object_socket.ts";
import { offersNative } from "./refuse_handshake.ts";
import { refuseSocket } from "./refuse_socket.ts";

/** `GET /ws/channels/:kind/:id`: one channel, its socket held by the channel's object. */
export async function openDirectSocket(c: RouteContext): Promise<Response> {
  const plan = await planSocket(c);
  if (!plan.ok) return refuseSocket(c, plan.problem);
  const response = await openObjectSocket(c.env, plan.value);
  if (response.status !== 101) return refuseSocket(c, (await response.json()) as Problem);
  // From here on the object holds the socket, and tells how it ends.
  const audit = auditorFor(c);
  audit({ action: "connect", channel: plan.value.channel });
  audit({ action: "subscribe", channel: plan.value.channel });
  return response;
}

async function planSocket(c: RouteContext): Promise<Result<SocketPlan>> {
  const identity = await checkReading(c);
  if (!identity.ok) return identity;
  const { claims, tenant } = identity.value;
  const channel = channelOfPath(c);
  if (!channel.ok) return channel;
  const granted = await authorizeChannel(c.env, claims, "read", channel.value);
  if (!granted.ok) return granted;
  const query = parseQuery(c.req.raw, directSocketQuery);
  if (!query.ok) return query;
  const start = startOf(query.value);
  if (!start.ok) return start;
  const commands = await checkGrant(c.env, claims, "command", channel.value);
  return ok({
    tenant,
    channel: channel.value.name,
    subject: claims.subject,
    expiresAt: claims.expiresAt,
    ...(commands.ok && { commands: true }),
    ...start.value,
    ...(offersNative(c.req.raw) && { protocol: subprotocol }),
    refusesByStatus: true,
  });
}

type Start = Pick<SocketPlan, "cursor" | "epoch" | "last" | "maxWindowBytes">;

function startOf({ cursor, epoch, last, maxWindowBytes }: z.output<typeof directSocketQuery>): Result<Start> {
  if (cursor !== undefined && last !== undefined) {
    return refuse("invalid_field", "The query has both cursor and last. Allowed: one of them.");
  }
  return ok({
    ...(cursor !== undefined && { cursor }),
    ...(epoch !== undefined && { epoch }),
    ...(last !== undefined && { last }),
    ...(maxWindowBytes !== undefined && { maxWindowBytes }),
  });
}
