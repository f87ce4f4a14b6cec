import { channelOfId } from "../../../protocol/dialects/channel_id.ts";
import { ok, type Result } from "../../../protocol/mod.ts";
import type { Verb } from "../../core/grants.ts";
import { type Access, authorizeChannel, type Identity } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";

/** An id as a dialect's client gives it. */
export interface DialectId {
  /** The dialect's kind; an id that contains `/` is the whole channel name. */
  readonly kind: string;
  readonly id: string;
  /** What the client calls it, for the sentence of a refusal. */
  readonly field: string;
}

/** The channel that the id names, if the caller's token grants `verb` on it. */
export async function authorizeId(
  c: RouteContext,
  identity: Identity,
  verb: Verb,
  { kind, id, field }: DialectId,
): Promise<Result<Access>> {
  const channel = channelOfId(kind, id, field);
  if (!channel.ok) return channel;
  const granted = await authorizeChannel(c.env, identity.claims, verb, channel.value);
  return granted.ok ? ok({ ...identity, channel: channel.value, ...granted.value }) : granted;
}
