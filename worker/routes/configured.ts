import { createMiddleware } from "hono/factory";
import { ok, type Result, refuse, utf8Bytes } from "../../protocol/mod.ts";
import { parseSettings } from "../core/settings.ts";
import type { GatewayEnv, GatewayVariables } from "./context.ts";
import { problemResponse } from "./problem.ts";
import { isUpgrade, refuseHandshake } from "./ws/refuse_handshake.ts";

/** RFC 7518 3.2: a key for HS256 has 256 bits at least. */
const minSecretBytes = 32;

const howToSet =
  'Run "npx wrangler secret put TAILRACE_SECRET" with a random text of 32 bytes or more; on your own machine put TAILRACE_SECRET into .dev.vars, or let "npm start" do it.';

/** Refuses everything while the gateway has no secret or a wrong setting. Health is asked before this. */
export const configured = createMiddleware<GatewayEnv>(async (c, next) => {
  const found = readConfiguration(c.env);
  if (!found.ok) {
    const { raw } = c.req;
    return isUpgrade(raw) ? refuseHandshake(raw, found.problem) : problemResponse(found.problem);
  }
  c.set("settings", found.value.settings);
  c.set("secret", found.value.secret);
  return next();
});

function readConfiguration(env: GatewayEnv["Bindings"]): Result<GatewayVariables> {
  const secret = env.TAILRACE_SECRET;
  if (secret === undefined || secret === "") {
    return refuse("not_configured", `The gateway has no TAILRACE_SECRET, so it trusts no token. ${howToSet}`);
  }
  const bytes = utf8Bytes(secret);
  if (bytes < minSecretBytes) {
    return refuse(
      "not_configured",
      `TAILRACE_SECRET has ${bytes} bytes and needs ${minSecretBytes}. ${howToSet}`,
    );
  }
  const settings = parseSettings(env);
  return settings.ok ? ok({ secret, settings: settings.value }) : settings;
}
