import { type ChannelName, parseChannelName, type Result, refuse } from "../../../protocol/mod.ts";
import { parseChannelArg } from "../channel_arg.ts";

/** What to watch: a channel, and where it is if an address was given. */
export interface WatchTarget {
  readonly channel: ChannelName;
  readonly url?: string;
  readonly token?: string;
}

/**
 * Reads a channel, or the address of its page as a browser shows it: `…/builds/42`, `…/channels/plugin/web`.
 * A token in the address's fragment is taken as well.
 */
export function parseWatchTarget(text: string): Result<WatchTarget> {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    const channel = parseChannelArg(text);
    return channel.ok ? { ok: true, value: { channel: channel.value } } : channel;
  }
  const url = new URL(text);
  const name = nameOf(url.pathname);
  const channel = name === null ? notAPage(text) : parseChannelName(name);
  if (!channel.ok) return channel;
  const token = new URLSearchParams(url.hash.slice(1)).get("token");
  return {
    ok: true,
    value: { channel: channel.value, url: url.origin, ...(token !== null && { token }) },
  };
}

function nameOf(path: string): string | null {
  const [, build, channel] =
    /^(?:\/builds\/([^/]+)|\/(?:v1\/)?channels\/([^/]+\/[^/]+))\/?$/.exec(path) ?? [];
  const name = build === undefined ? channel : `build/${build}`;
  return name === undefined ? null : decode(name);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function notAPage(text: string): Result<ChannelName> {
  return refuse(
    "channel_name_invalid",
    `${text.split("#")[0]} is not a channel's page. Allowed: …/builds/ID or …/channels/KIND/ID.`,
  );
}
