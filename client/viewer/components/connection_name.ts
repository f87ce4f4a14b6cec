import type { ConnectionState } from "../../sdk/mod.ts";
import type { ChannelEnd } from "../models/channel_facts.ts";

/** What the badge says: where the connection stands, or, once the channel has ended, what the page has of it. */
export type ConnectionName = ConnectionState["name"] | "complete" | "ended" | "mismatch";

export function connectionName(
  state: ConnectionState,
  end: ChannelEnd | null,
  isRedacted: boolean,
): ConnectionName {
  if (end === null) return state.name;
  if (end.proof.state === "mismatch") return "mismatch";
  // What was taken out of the text on purpose is not missing.
  return end.proof.state === "verified" || isRedacted ? "complete" : "ended";
}
