import { ChannelObject as PlainChannelObject } from "../../worker/mod.ts";
import type { Env } from "../../worker/objects/env.ts";

/** The project's Worker, in which every wake of a channel's object, and what came to it, is told as a warning. */

export * from "../../worker/mod.ts";
export { default } from "../../worker/mod.ts";

export class ChannelObject extends PlainChannelObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    tell("woken");
  }

  override append(...request: Parameters<PlainChannelObject["append"]>) {
    tell("append");
    return super.append(...request);
  }

  override webSocketMessage(...received: Parameters<PlainChannelObject["webSocketMessage"]>): void {
    tell("message");
    super.webSocketMessage(...received);
  }

  override alarm(): Promise<void> {
    tell("alarm");
    return super.alarm();
  }
}

function tell(what: string): void {
  console.warn(`Watched: ${what}`);
}
