import type { Peer } from "../subscriber.ts";

/** All of an agent that must survive a wake, as its socket's attachment. */
export interface AgentState {
  readonly role: "agent";
  readonly tenant: string;
  readonly channel: string;
  readonly subject: string;
  readonly group: string;
  /** Its place in the order in which agents joined: of a group the lowest is at work. */
  readonly place: number;
  /** The last command that it was sent; 0: none. */
  readonly sent: number;
  /** What it was sent and has not acknowledged, what expired meanwhile too: it counts until then. */
  readonly inFlight: readonly InFlight[];
  /** It took the channel's task and has not finished it. */
  readonly hasTask: boolean;
}

/** A command on its way: sent, and not acknowledged. */
export interface InFlight {
  readonly cursor: number;
  readonly bytes: number;
}

/** One agent's socket. */
export class Agent {
  readonly peer: Peer;
  #state: AgentState;
  constructor(peer: Peer, state: AgentState) {
    this.peer = peer;
    this.#state = state;
  }

  get state(): AgentState {
    return this.#state;
  }

  /** Changes its state, and keeps it. */
  update(change: Partial<AgentState>): void {
    this.#state = { ...this.#state, ...change };
    this.peer.attach(this.#state);
  }
}
