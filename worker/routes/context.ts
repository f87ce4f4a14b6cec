import type { Context } from "hono";
import type { Settings } from "../core/settings.ts";
import type { Env } from "../objects/env.ts";
import type { Identity } from "./auth/authorize.ts";

/** What the guard at the door puts into each request's context. */
export interface GatewayVariables {
  readonly settings: Settings;
  /** Signs and checks tokens; 32 bytes at least. */
  readonly secret: string;
  /** Who asks, from when their token was found valid. */
  readonly identity?: Identity;
}

export interface GatewayEnv {
  Bindings: Env;
  Variables: GatewayVariables;
}

export type RouteContext = Context<GatewayEnv>;
