import { type ChannelName, ok, parseChannelName, type Result } from "../../../protocol/mod.ts";
import { isGranted, needsProject, refuseUngranted, type Verb } from "../../core/grants.ts";
import { type Claims, tenantOf } from "../../core/token_claims.ts";
import { channelObject, type Env } from "../../objects/env.ts";
import type { RouteContext } from "../context.ts";
import { type Credential, findCredential } from "./credential.ts";
import { checkOrigin } from "./origin.ts";
import { verifyToken } from "./verify_token.ts";

/** Who asks, and how they showed it. */
export interface Identity {
  readonly claims: Claims;
  readonly tenant: string;
  readonly source: Credential["source"];
}

/** A caller who may do what they ask to this channel. */
export interface Access extends Identity {
  readonly channel: ChannelName;
  /** The channel's project, as far as it had to be known. */
  readonly project?: string;
}

const safeMethods = new Set(["GET", "HEAD"]);

/** Finds and checks the caller's token. A cookie that would change something needs an allowed Origin. */
export async function identify(c: RouteContext): Promise<Result<Identity>> {
  const settings = c.get("settings");
  const credential = findCredential(c.req.raw, settings);
  if (!credential.ok) return credential;
  if (credential.value.source === "cookie" && !safeMethods.has(c.req.method)) {
    const origin = checkOrigin(c.req.raw, settings, true);
    if (!origin.ok) return origin;
  }
  const claims = await verifyToken(credential.value.token, c.get("secret"));
  if (!claims.ok) return claims;
  const identity = {
    claims: claims.value,
    tenant: tenantOf(claims.value),
    source: credential.value.source,
  };
  c.set("identity", identity);
  return ok(identity);
}

/** The caller and the channel of the path (`:kind/:id`), if the token grants `verb` on it. */
export async function authorizePath(
  c: RouteContext,
  verb: Verb,
  firstProject?: string,
): Promise<Result<Access>> {
  const identity = await identify(c);
  if (!identity.ok) return identity;
  const channel = channelOfPath(c);
  if (!channel.ok) return channel;
  const granted = await authorizeChannel(c.env, identity.value.claims, verb, channel.value, firstProject);
  return granted.ok ? ok({ ...identity.value, channel: channel.value, ...granted.value }) : granted;
}

export function channelOfPath(c: RouteContext): Result<ChannelName> {
  return parseChannelName(`${c.req.param("kind") ?? ""}/${c.req.param("id") ?? ""}`);
}

/**
 * Checks a grant by the channel's name, else by its project. The channel is asked for it only where a grant
 * on a project could help; `firstProject` is the one that a first append gives to a channel which has none yet.
 */
export async function authorizeChannel(
  env: Env,
  claims: Claims,
  verb: Verb,
  channel: ChannelName,
  firstProject?: string,
): Promise<Result<{ readonly project?: string }>> {
  const { kind, id } = channel;
  if (isGranted(claims.grants, verb, { kind, id })) return ok({});
  if (!needsProject(claims.grants, verb)) return refuseUngranted(claims.grants, verb, channel.name);
  const head = await channelObject(env, tenantOf(claims), channel.name).head(tenantOf(claims), channel.name);
  const project = head.project ?? (head.epoch === null ? firstProject : undefined);
  if (project !== undefined && isGranted(claims.grants, verb, { kind, id, project })) return ok({ project });
  return refuseUngranted(claims.grants, verb, channel.name);
}
