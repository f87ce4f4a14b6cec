import { decodeProtectedHeader, errors, jwtVerify } from "jose";
import { quote, type Result, refuse } from "../../../protocol/mod.ts";
import { type Claims, parseClaims } from "../../core/token_claims.ts";

const audience = "tailrace";
const encoder = new TextEncoder();

/** Checks a JWT (HS256 alone) and reads its claims; a refusal says which of its parts is wrong. */
export async function verifyToken(token: string, secret: string): Promise<Result<Claims>> {
  try {
    const { payload } = await jwtVerify(token, encoder.encode(secret), {
      algorithms: ["HS256"],
      audience,
      requiredClaims: ["exp", "sub", "aud"],
    });
    return parseClaims(payload);
  } catch (error) {
    return refusalOf(error, token);
  }
}

function refusalOf(error: unknown, token: string): Result<never> {
  if (error instanceof errors.JWTExpired) {
    const { exp } = error.payload;
    const when = typeof exp === "number" ? ` at ${isoOf(exp)}` : "";
    return refuse("token_expired", `The token expired${when}. Sign in again, or ask for a new token.`);
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return refuse("token_invalid", claimSentence(error));
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    const { alg } = decodeProtectedHeader(token);
    return refuse("token_invalid", `The token's alg is ${quote(alg)}. Allowed: HS256.`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refuse("token_invalid", "The token's signature does not fit this gateway's secret.");
  }
  if (error instanceof errors.JOSEError) {
    return refuse(
      "token_invalid",
      "The token is not a signed JWT: three parts of base64url, joined by dots.",
    );
  }
  throw error;
}

function claimSentence({ claim, reason, payload }: errors.JWTClaimValidationFailed): string {
  if (reason === "missing") return `The token has no ${claim}. Needed: exp, sub, and aud "${audience}".`;
  const found = payload[claim];
  if (claim === "nbf" && typeof found === "number") {
    return `The token is not valid yet: its nbf is ${isoOf(found)}.`;
  }
  const needed = claim === "aud" ? `"${audience}"` : "a time in epoch seconds";
  return `The token has ${claim}: ${quote(found)}. Needed: ${needed}.`;
}

function isoOf(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  return Number.isNaN(date.getTime()) ? String(epochSeconds) : date.toISOString();
}
