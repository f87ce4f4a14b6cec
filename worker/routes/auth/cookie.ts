import { ok, type Result, refuse } from "../../../protocol/mod.ts";

/** The session cookie (design 5): `__Host-tailrace` over HTTPS, `tailrace` on this machine's own HTTP. */

const loopbackHosts = new Set(["localhost", "127.0.0.1", "[::1]"]);

interface CookieKind {
  readonly name: string;
  readonly isSecure: boolean;
}

/** Which cookie a URL's session has; other plain-HTTP hosts have none, for anyone on the way could read it. */
function cookieKindOf(url: URL): CookieKind | null {
  if (url.protocol === "https:") return { name: "__Host-tailrace", isSecure: true };
  return loopbackHosts.has(url.hostname) ? { name: "tailrace", isSecure: false } : null;
}

/** The session's token from the Cookie header. */
export function readSessionCookie(request: Request): string | null {
  const kind = cookieKindOf(new URL(request.url));
  const header = request.headers.get("cookie");
  if (kind === null || header === null) return null;
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).trim() === kind.name)
      return pair.slice(equals + 1).trim() || null;
  }
  return null;
}

/** The Set-Cookie header that begins a session, or ends it where `maxAgeSeconds` is 0. */
export function sessionCookie(url: URL, token: string, maxAgeSeconds: number): Result<string> {
  const kind = cookieKindOf(url);
  if (kind === null) {
    return refuse(
      "cookie_needs_https",
      `${url.host} is plain HTTP, where anyone on the way could read a session cookie. Use https, or localhost, 127.0.0.1 or [::1]; an Authorization header works anywhere.`,
    );
  }
  const parts = [`${kind.name}=${token}`, "Path=/", "HttpOnly", "SameSite=Lax", `Max-Age=${maxAgeSeconds}`];
  return ok([...parts, ...(kind.isSecure ? ["Secure"] : [])].join("; "));
}
