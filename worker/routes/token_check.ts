import { WorkerEntrypoint } from "cloudflare:workers";
import { ok, parseChannelName, type Result, refuse } from "../../protocol/mod.ts";
import type { Renewal, RenewRequest, TokenCheckCalls } from "../core/contract.ts";
import { type Claims, tenantOf } from "../core/token_claims.ts";
import type { Env } from "../objects/env.ts";
import { authorizeChannel } from "./auth/authorize.ts";
import { verifyToken } from "./auth/verify_token.ts";

/** Checks new tokens for sockets that objects hold: an object has neither the secret's rules nor `jose`. */
export class TokenCheck extends WorkerEntrypoint<Env> implements TokenCheckCalls {
  async renew(request: RenewRequest): Promise<Result<Renewal>> {
    const claims = await verifyRenewal(request.token, this.env.TAILRACE_SECRET ?? "", request);
    if (!claims.ok) return claims;
    const channel = parseChannelName(request.channel);
    if (!channel.ok) return channel;
    const granted = await authorizeChannel(this.env, claims.value, "read", channel.value);
    if (!granted.ok) return granted;
    const commands = await authorizeChannel(this.env, claims.value, "command", channel.value);
    return ok({ expiresAt: claims.value.expiresAt, commands: commands.ok });
  }
}

/** A token that goes on with a socket: of the same subject and tenant as the one before. */
export async function verifyRenewal(
  token: string,
  secret: string,
  before: { readonly subject: string; readonly tenant: string },
): Promise<Result<Claims>> {
  const claims = await verifyToken(token, secret);
  if (!claims.ok) return claims;
  if (claims.value.subject !== before.subject || tenantOf(claims.value) !== before.tenant) {
    return refuse(
      "token_invalid",
      "The new token is of another subject or tenant. A socket goes on with its own subject alone.",
    );
  }
  return claims;
}
