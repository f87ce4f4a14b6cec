import { type SocketPlan, socketPlanHeader } from "../../core/contract.ts";
import { type WatchPlan, watchPlanHeader } from "../../core/watch.ts";
import { channelObject, directoryObject, type Env } from "../../objects/env.ts";

/**
 * Opens a socket to a channel's object. The request is made anew: nothing that a client put into its headers
 * (a plan of its own, an offer to compress) reaches the object.
 */
export function openObjectSocket(env: Env, plan: SocketPlan): Promise<Response> {
  const request = new Request("https://channel/", {
    headers: {
      upgrade: "websocket",
      [socketPlanHeader]: asciiJson(plan),
      ...(plan.protocol !== undefined && { "sec-websocket-protocol": plan.protocol }),
    },
  });
  return channelObject(env, plan.tenant, plan.channel).fetch(request);
}

/** Opens a socket to a tenant's directory, which tells of channels on it. */
export function openWatchSocket(env: Env, tenant: string, plan: WatchPlan): Promise<Response> {
  const request = new Request("https://directory/", {
    headers: { upgrade: "websocket", [watchPlanHeader]: asciiJson(plan) },
  });
  return directoryObject(env, tenant).fetch(request);
}

/** JSON that a header can carry: subjects may be in any script. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
