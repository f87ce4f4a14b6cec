import type { Problem } from "../../../protocol/mod.ts";
import { auditRefusedConnect } from "../audit/refused_connect.ts";
import { findCredential } from "../auth/credential.ts";
import { throttleFailure } from "../auth/throttle_failure.ts";
import type { RouteContext } from "../context.ts";
import { refuseHandshake } from "./refuse_handshake.ts";

/** Refuses a handshake on a socket's own route, where failures are counted, and records it. */
export async function refuseSocket(c: RouteContext, problem: Problem): Promise<Response> {
  const credential = findCredential(c.req.raw, c.get("settings"));
  const token = credential.ok ? credential.value.token : null;
  const told = await throttleFailure(c, problem, token);
  auditRefusedConnect(c, told);
  return refuseHandshake(c.req.raw, told);
}
