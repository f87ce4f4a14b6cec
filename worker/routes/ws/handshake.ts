import { ok, quote, type Result, refuse, subprotocol } from "../../../protocol/mod.ts";
import { type Identity, identify } from "../auth/authorize.ts";
import { findCredential, offeredProtocols } from "../auth/credential.ts";
import { checkOrigin } from "../auth/origin.ts";
import type { RouteContext } from "../context.ts";
import { isUpgrade, offersNative } from "./refuse_handshake.ts";

/** Checks what every socket must bring: an upgrade, a known version, an allowed Origin and a token. */
export async function checkHandshake(c: RouteContext): Promise<Result<Identity>> {
  const request = c.req.raw;
  if (!isUpgrade(request)) {
    return refuse("upgrade_required", `${c.req.path} is a WebSocket. Needed: the header Upgrade: websocket.`);
  }
  const version = checkVersion(request);
  if (!version.ok) return version;
  const settings = c.get("settings");
  const credential = findCredential(request, settings);
  const isCookie = credential.ok && credential.value.source === "cookie";
  const origin = checkOrigin(request, settings, isCookie);
  return origin.ok ? identify(c) : origin;
}

/** The same for a socket that reads: these can be switched off. */
export async function checkReading(c: RouteContext): Promise<Result<Identity>> {
  const identity = await checkHandshake(c);
  if (!identity.ok || c.get("settings").REALTIME_ENABLED) return identity;
  return refuse(
    "realtime_disabled",
    "Sockets that read are switched off here (REALTIME_ENABLED). History can be read over HTTP.",
  );
}

/** Who names versions of this protocol must name one that is spoken here; other protocols are let be. */
function checkVersion(request: Request): Result<true> {
  const versions = offeredProtocols(request).filter((offered) => /^tailrace\.v\d+$/.test(offered));
  if (versions.length === 0 || offersNative(request)) return ok(true);
  return refuse(
    "version_unsupported",
    `The handshake offers ${quote(versions.join(", "))}. Spoken here: ${subprotocol}.`,
    { expected: subprotocol },
  );
}
