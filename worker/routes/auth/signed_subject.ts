import { compactVerify } from "jose";
import { isObject } from "../../../protocol/mod.ts";
import { defaultTenant } from "../../core/token_claims.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Whose token it is, as `tenant/subject`, whatever else is wrong with it; null where its signature does not hold,
 * for then it says nothing of anybody.
 */
export async function signedSubject(token: string, secret: string): Promise<string | null> {
  try {
    const { payload } = await compactVerify(token, encoder.encode(secret), { algorithms: ["HS256"] });
    const claims: unknown = JSON.parse(decoder.decode(payload));
    if (!isObject(claims) || typeof claims["sub"] !== "string") return null;
    return `${typeof claims["tenant"] === "string" ? claims["tenant"] : defaultTenant}/${claims["sub"]}`;
  } catch {
    return null;
  }
}
