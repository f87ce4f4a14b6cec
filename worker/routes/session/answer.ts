import type { z } from "zod";
import type { sessionAnswer } from "../../../protocol/schemas/rest/session.ts";
import type { Settings } from "../../core/settings.ts";
import type { Claims } from "../../core/token_claims.ts";

/** Who one is, from a token's claims, and how often one's sockets ping. */
export function sessionOf(claims: Claims, settings: Settings): z.output<typeof sessionAnswer> {
  return {
    sub: claims.subject,
    ...(claims.tenant !== undefined && { tenant: claims.tenant }),
    grants: claims.grants.map((grant) => grant.text),
    expiresAt: claims.expiresAt,
    heartbeatSeconds: settings.HEARTBEAT_SECONDS,
  };
}
