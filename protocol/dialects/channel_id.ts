import { type ChannelName, isChannelId, parseChannelName, quote } from "../channel_name.ts";
import { type Result, refuse } from "../codes.ts";
import { limits } from "../limits.ts";

/** The longest id that a dialect may name a channel by: a whole channel name. */
export const dialectIdMaxChars = limits.kindChars + 1 + limits.idChars;

/** The channel of a dialect's id: of the dialect's kind, unless it contains `/`, then it is the whole name. */
export function channelOfId(kind: string, id: string, field: string): Result<ChannelName> {
  if (id.includes("/")) return parseChannelName(id);
  if (isChannelId(id)) return parseChannelName(`${kind}/${id}`);
  return refuse(
    "channel_name_invalid",
    `${field} is ${quote(id)}. Allowed: an id that matches [A-Za-z0-9._:@-]{1,128}, or a channel's whole name.`,
    { received: id.slice(0, 200) },
  );
}
