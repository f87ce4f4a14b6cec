import { isChannelId, isKind, ok, quote, type Result, refuse } from "../../protocol/mod.ts";

/** A grant's grammar as a sentence. */
const GRAMMAR =
  "A grant is verb:kind/id with verb read, write, command or serve, kind a name or *, id a name, * or a prefix ending in *; or admin:*.";

/** Checks a grant before it is signed: a token with a malformed one would only be refused later. */
export function parseGrant(text: string): Result<string> {
  if (text === "admin:*" || isChannelGrant(text)) return ok(text);
  return refuse("invalid_field", `${quote(text)} is not a grant. ${GRAMMAR}`);
}

function isChannelGrant(text: string): boolean {
  const [, kind = "", id = ""] = /^(?:read|write|command|serve):([^/]*)\/(.*)$/s.exec(text) ?? [];
  const prefix = id.endsWith("*") ? id.slice(0, -1) : id;
  return (kind === "*" || isKind(kind)) && (id === "*" || isChannelId(prefix));
}
