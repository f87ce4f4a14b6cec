import { isObject, maxTs, ok, quote, type Result, refuse } from "../../protocol/mod.ts";
import { type Grant, parseGrant } from "./grants.ts";

/** Who asks and what they may do, from a token whose signature holds. */
export interface Claims {
  readonly subject: string;
  /** Absent where the token names none: then it is {@link defaultTenant}'s. */
  readonly tenant?: string;
  readonly grants: readonly Grant[];
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** The tenant of tokens that name none. */
export const defaultTenant = "default";

export function tenantOf(claims: Claims): string {
  return claims.tenant ?? defaultTenant;
}

/** Longest subject, in characters: it is stored with commands and audit records. */
const maxSubjectChars = 256;
/** Most grants of a token; a socket's token has 16,384 characters at most. */
const maxGrants = 1_000;
const tenantPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Reads the claims of a verified payload (design 5). `exp` is in seconds, as RFC 7519 has it. */
export function parseClaims(payload: unknown): Result<Claims> {
  if (!isObject(payload)) return refuse("token_invalid", "The token holds no claims.");
  const { sub, exp, tenant, grants } = payload as Record<string, unknown>;
  if (typeof sub !== "string" || sub === "" || sub.length > maxSubjectChars) {
    return invalid("sub", sub, `a string of 1 to ${maxSubjectChars} characters`);
  }
  if (typeof exp !== "number" || !(exp >= 0 && exp * 1000 <= maxTs)) {
    return invalid("exp", exp, `a time in epoch seconds, at most ${maxTs / 1000}`);
  }
  if (tenant !== undefined && !(typeof tenant === "string" && tenantPattern.test(tenant))) {
    return invalid("tenant", tenant, "a name of 1 to 64 letters, digits, dots, dashes and underscores");
  }
  const parsed = parseGrants(grants);
  if (!parsed.ok) return parsed;
  return ok({
    subject: sub,
    ...(tenant !== undefined && { tenant }),
    grants: parsed.value,
    expiresAt: Math.floor(exp * 1000),
  });
}

function parseGrants(grants: unknown): Result<Grant[]> {
  if (grants === undefined) return ok([]);
  if (!Array.isArray(grants) || grants.length > maxGrants) {
    return invalid("grants", grants, `a list of at most ${maxGrants} grants`);
  }
  const parsed: Grant[] = [];
  for (const text of grants) {
    if (typeof text !== "string") return invalid("grants", grants, "a list of strings");
    const grant = parseGrant(text);
    if (!grant.ok) return grant;
    parsed.push(grant.value);
  }
  return ok(parsed);
}

function invalid(claim: string, found: unknown, allowed: string): Result<never> {
  return refuse("token_invalid", `The token has ${claim}: ${quote(found)}. Needed: ${allowed}.`);
}
