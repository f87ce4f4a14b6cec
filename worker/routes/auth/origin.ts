import { ok, quote, type Result, refuse } from "../../../protocol/mod.ts";
import type { Settings } from "../../core/settings.ts";

/**
 * Whether a page of this origin may ask: the gateway's own and those of ALLOWED_ORIGINS. No browser lets a
 * page forge it. A request without one is no browser's, so it passes unless its credential is the cookie.
 */
export function checkOrigin(request: Request, settings: Settings, credentialIsCookie: boolean): Result<true> {
  const origin = request.headers.get("origin");
  if (origin === null) {
    return credentialIsCookie
      ? refuse("origin_forbidden", "The request has a session cookie and no Origin. Browsers send one.")
      : ok(true);
  }
  const own = new URL(request.url).origin;
  const allowed = [own, ...settings.ALLOWED_ORIGINS.split(/[\s,]+/).filter((text) => text !== "")];
  if (allowed.includes(origin)) return ok(true);
  return refuse(
    "origin_forbidden",
    `The origin ${quote(origin)} is not allowed. Allowed: ${allowed.join(", ")} (the setting ALLOWED_ORIGINS adds others).`,
  );
}
