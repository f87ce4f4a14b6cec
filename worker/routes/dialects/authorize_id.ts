import { namedChannel } from "../../../protocol/dialects/fields.ts";
import { ok, parseChannelName, type Result } from "../../../protocol/mod.ts";
import type { Verb } from "../../core/grants.ts";
import { type Access, authorizeChannel, type Identity } from "../auth/authorize.ts";
import type { RouteContext } from "../context.ts";

/** An id as a dialect's client gives it. */
export interface DialectId {
  /** The dialect's kind; an id that contains `/` is the whole channel name. */
  readonly kind: string;
  readonly id: string;
  /** Where it was found, and what the client calls it: for the sentence of a refusal. */
  readonly where: string;
  readonly field: string;
}

/** The `task_id` of a query. */
export function taskOf(id: string): DialectId {
  return { kind: "task", id, where: "The query", field: "task_id" };
}

/** The channel that the id names, if the caller's token grants `verb` on it. */
export async function authorizeId(
  c: RouteContext,
  identity: Identity,
  verb: Verb,
  { kind, id, where, field }: DialectId,
): Promise<Result<Access>> {
  const named = namedChannel(where, field, id, kind);
  if (!named.ok) return named;
  const channel = parseChannelName(named.value.channel);
  if (!channel.ok) return channel;
  const granted = await authorizeChannel(c.env, identity.claims, verb, channel.value);
  return granted.ok ? ok({ ...identity, channel: channel.value, ...granted.value }) : granted;
}
