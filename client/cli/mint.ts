import { SignJWT } from "jose";

/** What a token says. */
export interface TokenClaims {
  readonly subject: string;
  readonly grants: readonly string[];
  readonly ttlMs: number;
  readonly tenant?: string;
}

/** Makes a token as design 5 has it: HS256, audience `tailrace`, and always an end. */
export function mintToken(secret: string, claims: TokenClaims, nowMs: number = Date.now()): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1000);
  return new SignJWT({ grants: claims.grants, ...(claims.tenant !== undefined && { tenant: claims.tenant }) })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(claims.subject)
    .setAudience("tailrace")
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + Math.ceil(claims.ttlMs / 1000))
    .sign(new TextEncoder().encode(secret));
}
