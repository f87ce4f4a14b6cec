import { type ChannelName, parseChannelName, type Result } from "../../protocol/mod.ts";

/** Reads a channel as people name it on the command line: `kind/id`, or an id alone for a build. */
export function parseChannelArg(text: string): Result<ChannelName> {
  return parseChannelName(text.includes("/") ? text : `build/${text}`);
}

/** The page on which a channel is watched. */
export function pageOf(url: string, channel: ChannelName): string {
  return channel.kind === "build" ? `${url}/builds/${channel.id}` : `${url}/channels/${channel.name}`;
}
