import { isChannelId, isKind } from "../../../protocol/mod.ts";

/** The pages, by address. */
export type Route =
  | { readonly page: "channels" }
  | { readonly page: "channel"; readonly channel: string }
  | { readonly page: "login"; readonly next: string }
  | { readonly page: "notFound" };

export function routeOf(url: URL): Route {
  const parts = url.pathname.split("/").filter((part) => part !== "");
  const [first, second, third] = parts.map(decode);
  if (parts.length === 0 || (first === "builds" && parts.length === 1)) return { page: "channels" };
  if (first === "login" && parts.length === 1) {
    return { page: "login", next: safeNext(url.searchParams.get("next"), url.origin) };
  }
  if (first === "builds" && parts.length === 2) return channelRoute("build", second ?? "");
  if (first === "channels" && parts.length === 3) return channelRoute(second ?? "", third ?? "");
  return { page: "notFound" };
}

function channelRoute(kind: string, id: string): Route {
  return isKind(kind) && isChannelId(id)
    ? { page: "channel", channel: `${kind}/${id}` }
    : { page: "notFound" };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

/** The page of a channel. */
export function pathOf(channel: string): string {
  return channel.startsWith("build/") ? `/builds/${channel.slice(6)}` : `/channels/${channel}`;
}

/** Where to go after signing in: a path of this origin, whatever the address asked for. */
export function safeNext(next: string | null, origin: string): string {
  const home = "/builds";
  if (next === null || !URL.canParse(next, origin)) return home;
  const url = new URL(next, origin);
  // A path that begins with two slashes would be read as another host.
  if (url.origin !== origin || url.pathname.startsWith("//") || url.pathname === "/login") return home;
  return `${url.pathname}${url.search}${url.hash}`;
}

/** The sign-in page of the viewer itself. */
export const viewerLogin = "/login";

/**
 * Where to sign in, by the gateway's `loginUrl`, coming back to `from`: as a path where that is on this origin,
 * else as a whole URL. One that cannot be gone to, or is a page that needs a session, is the viewer's own.
 */
export function loginAddress(loginUrl: string, from: URL): URL {
  const asked = URL.canParse(loginUrl, from.origin) ? new URL(loginUrl, from.origin) : null;
  const page = asked?.origin === from.origin ? routeOf(asked).page : "elsewhere";
  const isUsable = asked !== null && /^https?:$/.test(asked.protocol) && !page.startsWith("channel");
  const url = isUsable ? asked : new URL(viewerLogin, from.origin);
  const path = `${from.pathname}${from.search}${from.hash}`;
  url.searchParams.set("next", url.origin === from.origin ? path : `${from.origin}${path}`);
  return url;
}

/** A sign-in token in the fragment, `#token=…`, and the address without it; null without one. */
export function takeToken(url: URL): { readonly token: string; readonly rest: string } | null {
  if (!url.hash.startsWith("#token=")) return null;
  const [token = "", ...rest] = url.hash.slice("#token=".length).split("&");
  const hash = rest.length > 0 ? `#${rest.join("&")}` : "";
  return { token: decode(token), rest: `${url.pathname}${url.search}${hash}` };
}

/** The cursor of a fragment `#L123`. */
export function cursorOf(hash: string): number | null {
  const found = /^#L([1-9]\d{0,14})$/.exec(hash);
  return found === null ? null : Number(found[1]);
}
