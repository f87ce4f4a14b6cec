import type { Problem } from "../../../protocol/mod.ts";
import { channelOfPath } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";
import { isUpgrade } from "../ws/refuse_handshake.ts";
import { auditorFor } from "./auditor.ts";

/** Records a refused handshake, with the channel that its path names. What asks for no upgrade is no handshake. */
export function auditRefusedConnect(c: RouteContext, { code }: Problem): void {
  if (!isUpgrade(c.req.raw)) return;
  const channel = channelOfPath(c);
  auditorFor(c)({ action: "connect_refused", code, ...(channel.ok && { channel: channel.value.name }) });
}
