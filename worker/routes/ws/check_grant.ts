import { type ChannelName, type Result, refuse } from "../../../protocol/mod.ts";
import type { Verb } from "../../core/grants.ts";
import type { Claims } from "../../core/token_claims.ts";
import type { Env } from "../../objects/env.ts";
import { authorizeChannel } from "../auth/authorize.ts";

/** Checks a grant for an open socket: a channel that cannot be asked for its project refuses one frame, not all. */
export async function checkGrant(
  env: Env,
  claims: Claims,
  verb: Verb,
  channel: ChannelName,
  firstProject?: string,
): Promise<Result<{ readonly project?: string }>> {
  try {
    return await authorizeChannel(env, claims, verb, channel, firstProject);
  } catch (error) {
    console.warn(`The grant for ${channel.name} could not be checked`, error);
    return refuse("restarting", `The project of ${channel.name} could not be asked for. Try again.`);
  }
}
