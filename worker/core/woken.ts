import type { AgentState } from "./commands/agent.ts";
import type { Peer, PeerState, SubscriberState } from "./subscriber.ts";

/** A socket that outlived the object's memory, with what was attached to it. */
export interface WokenSocket {
  readonly peer: Peer;
  readonly state: PeerState;
}

export function isSubscriber(woken: WokenSocket): woken is WokenSocket & { readonly state: SubscriberState } {
  return !("role" in woken.state);
}

export function isAgent(woken: WokenSocket): woken is WokenSocket & { readonly state: AgentState } {
  return "role" in woken.state;
}
