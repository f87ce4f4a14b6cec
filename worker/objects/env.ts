import type { CommandCalls, TokenCheckCalls } from "../core/contract.ts";
import type { ChannelObject } from "./channel.ts";
import type { DirectoryObject } from "./directory.ts";

/** The bindings and variables of `wrangler.toml`. */
export interface Env {
  readonly CHANNEL: DurableObjectNamespace<ChannelObject>;
  readonly DIRECTORY: DurableObjectNamespace<DirectoryObject>;
  /** Called by `throttle_calls.ts` alone. */
  readonly THROTTLE: DurableObjectNamespace;
  readonly ASSETS: Fetcher;
  /** Signs and checks tokens (HS256). Without it everything but health is refused. */
  readonly TAILRACE_SECRET?: string;
  /** Settings: see `worker/core/settings.ts`. */
  readonly [variable: string]: unknown;
}

/** The entrypoint of this Worker that checks tokens; objects reach it without a binding. */
export function tokenCheck(ctx: DurableObjectState): TokenCheckCalls {
  return (ctx.exports as unknown as { readonly TokenCheck: TokenCheckCalls }).TokenCheck;
}

/** The object of a channel; its name is the tenant's and the channel's. */
export function channelObject(env: Env, tenant: string, channel: string): DurableObjectStub<ChannelObject> {
  return env.CHANNEL.getByName(`${tenant}/${channel}`);
}

/** The directory of a tenant. */
export function directoryObject(env: Env, tenant: string): DurableObjectStub<DirectoryObject> {
  return env.DIRECTORY.getByName(tenant);
}

/** A channel's object for its commands. The stub's own types unfold the JSON of answers without an end. */
export function commandObject(env: Env, tenant: string, channel: string): CommandCalls {
  const stub: unknown = channelObject(env, tenant, channel);
  return stub as CommandCalls;
}
