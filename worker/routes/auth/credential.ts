import { ok, type Result, refuse } from "../../../protocol/mod.ts";
import type { Settings } from "../../core/settings.ts";
import { readSessionCookie } from "./cookie.ts";

/** A token and how it came. */
export interface Credential {
  readonly source: "header" | "subprotocol" | "query" | "cookie";
  readonly token: string;
}

const bearerProtocol = "bearer.";

/** The protocols that a handshake offers, in its order. */
export function offeredProtocols(request: Request): string[] {
  const header = request.headers.get("sec-websocket-protocol") ?? "";
  return header
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "");
}

/** Finds the request's token. What was put there for this request goes before the browser's cookie. */
export function findCredential(request: Request, settings: Settings): Result<Credential> {
  const header = request.headers.get("authorization");
  if (header !== null) return fromHeader(header);
  const offered = offeredProtocols(request).find((text) => text.startsWith(bearerProtocol));
  if (offered !== undefined)
    return ok({ source: "subprotocol", token: offered.slice(bearerProtocol.length) });
  const query = new URL(request.url).searchParams.get("token");
  if (query !== null && settings.TOKEN_IN_QUERY) return ok({ source: "query", token: query });
  const cookie = readSessionCookie(request);
  if (cookie !== null) return ok({ source: "cookie", token: cookie });
  return refuse(
    "token_missing",
    query === null ? howToSend(settings) : `?token= is switched off here. ${howToSend(settings)}`,
  );
}

function fromHeader(header: string): Result<Credential> {
  const found = /^Bearer +(\S+)$/i.exec(header.trim());
  if (found?.[1] !== undefined) return ok({ source: "header", token: found[1] });
  return refuse("token_invalid", "The Authorization header holds no bearer token. Needed: Bearer <token>.");
}

function howToSend(settings: Settings): string {
  const query = settings.TOKEN_IN_QUERY ? ", ?token=" : "";
  return `The request has no token. Send one as Authorization: Bearer, as the session cookie${query}, or, on a socket, as the subprotocol bearer.<token>.`;
}
