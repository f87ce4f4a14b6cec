import { agentDialects } from "../../../protocol/dialects/agent_dialects.ts";
import { ok, type Result } from "../../../protocol/mod.ts";
import { strictQuery } from "../../../protocol/schemas/rest/query.ts";
import { isGrantedSome, refuseUngranted } from "../../core/grants.ts";
import { auditorFor } from "../audit/auditor.ts";
import type { Identity } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { parseQuery } from "../parse.ts";
import { AgentSocket } from "./agent_socket.ts";
import { checkHandshake } from "./handshake.ts";
import { offersNative, upgraded } from "./refuse_handshake.ts";
import { refuseSocket } from "./refuse_socket.ts";

/** `GET /ws/agent`: whoever serves channels, ended in this Worker. */
export async function openAgentSocket(c: RouteContext): Promise<Response> {
  const identity = await checkAgent(c);
  if (!identity.ok) return refuseSocket(c, identity.problem);
  const { claims, tenant } = identity.value;
  const { 0: client, 1: server } = new WebSocketPair();
  const caller = { env: c.env, secret: c.get("secret"), settings: c.get("settings"), claims, tenant };
  new AgentSocket(server, caller, auditorFor(c), agentDialects);
  return upgraded(client, offersNative(c.req.raw));
}

async function checkAgent(c: RouteContext): Promise<Result<Identity>> {
  const identity = await checkHandshake(c);
  if (!identity.ok) return identity;
  const { grants } = identity.value.claims;
  if (!isGrantedSome(grants, "serve")) return refuseUngranted(grants, "serve", "*/*");
  const query = parseQuery(c.req.raw, strictQuery({}));
  return query.ok ? ok(identity.value) : query;
}
