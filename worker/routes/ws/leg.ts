import { closeCodes } from "../../../protocol/mod.ts";
import type { SocketPlan } from "../../core/contract.ts";
import type { Env } from "../../objects/env.ts";
import { type LinkEvents, ObjectLink } from "./object_link.ts";
import { openObjectSocket } from "./object_socket.ts";

export type LegEvents = LinkEvents;

/** Close codes with a cause that a new leg would meet again. */
const causes: ReadonlySet<number> = new Set([
  closeCodes.token.code,
  closeCodes.forbidden.code,
  closeCodes.tooMany.code,
]);

export function isForCause(code: number): boolean {
  return causes.has(code);
}

/** One socket from this Worker to a channel's object. */
export class Leg extends ObjectLink {
  constructor(env: Env, plan: SocketPlan, events: LegEvents) {
    super(plan.channel, () => openObjectSocket(env, { ...plan, refusesByStatus: true }), events);
  }

  /**
   * Asks for a `pong` behind all frames that the object has to send now. With this space it is not the text that
   * the platform answers by itself, out of order.
   */
  probe(): void {
    this.send('{"type": "ping"}');
  }

  ack(channel: string, cursor: number): void {
    this.send(JSON.stringify({ type: "ack", channel, cursor }));
  }
}
